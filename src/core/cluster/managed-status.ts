import type { ConfigurationStatus } from "../../api/configuration-status.ts";
import type { FlinkClusterStatus } from "../../api/flinkcluster.ts";
import type { ConditionStatus } from "../../api/meta.ts";
import type { FlinkCluster } from "../../api/objects.ts";
import type { Reason } from "../../api/reasons.ts";
import { clusterConditions, lastKnown } from "../cluster-status.ts";
import { minorOf } from "../configuration/flink-version.ts";
import type { ClusterObservation } from "../observed.ts";
import { type DeploymentStatus, isSettled } from "./changes.ts";
import { namesOf, urlOf } from "./names.ts";
import { livingTaskManagers, outdatedPods } from "./native-pods.ts";
import { type ClusterObject, deploymentOf, type Role } from "./objects.ts";
import { isReady, type Pod, type PodTrouble, troubleOf } from "./pods.ts";

/** How far a managed cluster has come. */
export type ManagedState =
  /** Nothing was changed: `stalled` until somebody does something, or else it goes on by itself. */
  | { kind: "blocked"; reason: Reason; message: string; stalled: boolean }
  | { kind: "deployed"; held: boolean };

export interface ManagedView {
  state: ManagedState;
  desired: readonly ClusterObject[];
  configuration: ConfigurationStatus | null;
  live: readonly ClusterObject[];
  pods: readonly Pod[];
  /** Where the JobManager makes the TaskManagers' pods: what they are to be made from. */
  madeFrom?: string | undefined;
  /** Why jobs that wait get none. */
  troubleOfJobs?: PodTrouble | undefined;
}

interface Verdict {
  reason: Reason;
  message: string;
  /** Ready, or stalled, or neither: on its way. */
  kind: "ready" | "stalled" | "onItsWay";
}

/** What was seen when the JobManager was asked. */
const ANSWERS: readonly string[] = [
  "Reachable",
  "ClusterUnreachable",
  "SubmissionDisabled",
  "VersionMismatch",
  "DestinationNotAllowed",
];

/** The status of a managed FlinkCluster; undefined while what it says can neither be confirmed nor mended. Pure. */
export function managedStatus(
  cluster: FlinkCluster,
  view: ManagedView,
  observed: ClusterObservation,
  now: number,
): FlinkClusterStatus | undefined {
  const verdict = verdictOf(cluster, view, observed);
  if (!verdict) return undefined;
  const { kind, reason, message } = verdict;
  const word = (is: boolean): ConditionStatus => (is ? "True" : "False");
  const jobManagers = podCount(view, "jobmanager");
  const taskManagers = podCount(view, "taskmanager");
  return {
    observedGeneration: cluster.metadata.generation ?? 0,
    url: urlOf(cluster),
    ...lastKnown(cluster, observed),
    clusterId: namesOf(cluster.metadata.name).clusterId,
    ...(jobManagers ? { jobManagers } : {}),
    ...(taskManagers ? { taskManagers } : {}),
    ...(view.configuration ? { configuration: view.configuration } : {}),
    conditions: clusterConditions(cluster, now, reason, message, {
      ready: word(kind === "ready"),
      reconciling: word(kind === "onItsWay"),
      stalled: word(kind === "stalled"),
    }),
  };
}

function verdictOf(
  cluster: FlinkCluster,
  view: ManagedView,
  observed: ClusterObservation,
): Verdict | undefined {
  const { state } = view;
  if (state.kind === "blocked") {
    const { reason, message, stalled } = state;
    return { kind: stalled ? "stalled" : "onItsWay", reason, message };
  }
  const workloads = view.live.filter(({ kind }) => kind === "Deployment");
  const trouble = troubleOf(view.pods, workloads) ?? view.troubleOfJobs;
  if (trouble) return { ...trouble, kind: trouble.stalled ? "stalled" : "onItsWay" };
  if (!hasSettled(view))
    return {
      kind: "onItsWay",
      reason: state.held ? "Rolling" : "Deploying",
      message: progress(view, state.held),
    };
  return reached(cluster, observed);
}

/** TaskManagers that a JobManager asked for come and go with its jobs: how many of them are ready yet does not count. */
function hasSettled({ desired, live, pods, madeFrom }: ManagedView): boolean {
  const settled = (role: Role) => {
    const wanted = deploymentOf(desired, role);
    return wanted !== undefined && isSettled(wanted, deploymentOf(live, role));
  };
  return (
    settled("jobmanager") &&
    (madeFrom === undefined ? settled("taskmanager") : outdatedPods(madeFrom, pods).length === 0)
  );
}

function reached(cluster: FlinkCluster, observed: ClusterObservation): Verdict | undefined {
  switch (observed.kind) {
    case "connecting":
    case "notFound":
      // An operator that has just started has not asked yet.
      if (wasAnswered(cluster)) return undefined;
      return {
        kind: "onItsWay",
        reason: "Deploying",
        message: "The pods are ready; the JobManager is being asked.",
      };
    case "notAllowed":
      return { kind: "stalled", reason: "DestinationNotAllowed", message: observed.message };
    case "unreachable":
      return { kind: "onItsWay", reason: "ClusterUnreachable", message: observed.message };
    case "reachable": {
      const { flinkVersion, submitEnabled } = observed.jobManager;
      const { flinkVersion: wanted, application } = cluster.spec.managed ?? {};
      if (minorOf(flinkVersion) !== wanted) {
        const message = `spec.managed.flinkVersion is ${wanted}, and the image holds Flink ${flinkVersion}.`;
        return { kind: "stalled", reason: "VersionMismatch", message };
      }
      if (application) {
        const message = `Flink ${flinkVersion} answers; it runs the job ${application.jobId} and takes no other.`;
        return { kind: "ready", reason: "Reachable", message };
      }
      if (submitEnabled)
        return { kind: "ready", reason: "Reachable", message: `Flink ${flinkVersion} answers.` };
      const message = `Flink ${flinkVersion} answers, but accepts no JARs (web.submit.enable: false).`;
      return { kind: "stalled", reason: "SubmissionDisabled", message };
    }
  }
}

function wasAnswered({ metadata, status }: FlinkCluster): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.observedGeneration === metadata.generation && ANSWERS.includes(ready?.reason ?? "");
}

function progress(view: ManagedView, held: boolean): string {
  const [leaders, workers] = [podCount(view, "jobmanager"), podCount(view, "taskmanager")];
  const of = (count: { ready: number; wanted: number } | undefined) =>
    `${count?.ready ?? 0} of ${count?.wanted ?? 0}`;
  const ready = `Ready are ${of(leaders)} JobManagers and ${of(workers)} TaskManagers.`;
  return held ? `${ready} The TaskManagers' pods are replaced after the JobManager's.` : ready;
}

function podCount(view: ManagedView, role: Role): { wanted: number; ready: number } | undefined {
  if (role === "taskmanager" && view.madeFrom !== undefined) {
    const living = livingTaskManagers(view.pods);
    return { wanted: living.length, ready: living.filter(isReady).length };
  }
  const wanted = deploymentOf(view.desired, role);
  if (!wanted) return undefined;
  const status = (deploymentOf(view.live, role)?.status ?? {}) as DeploymentStatus;
  return { wanted: (wanted.spec as { replicas: number }).replicas, ready: status.readyReplicas ?? 0 };
}
