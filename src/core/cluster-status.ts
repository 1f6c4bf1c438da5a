import type { FlinkClusterStatus } from "../api/flinkcluster.ts";
import type { Condition, ConditionStatus } from "../api/meta.ts";
import type { FlinkCluster } from "../api/objects.ts";
import type { Reason } from "../api/reasons.ts";
import { urlOf } from "./cluster/names.ts";
import { shortened } from "./conditions.ts";
import { iso } from "./context.ts";
import type { ClusterObservation } from "./observed.ts";

/** The status of an external FlinkCluster; undefined while nothing is known. Pure. */
export function clusterStatus(
  cluster: FlinkCluster,
  observed: ClusterObservation,
  now: number,
): FlinkClusterStatus | undefined {
  if (observed.kind === "connecting" || observed.kind === "notFound") return undefined;
  const status = {
    observedGeneration: cluster.metadata.generation ?? 0,
    url: urlOf(cluster),
    ...lastKnown(cluster, observed),
  };
  if (observed.kind === "reachable") {
    const { flinkVersion, submitEnabled } = observed.jobManager;
    const reason = submitEnabled ? "Reachable" : "SubmissionDisabled";
    const message = submitEnabled
      ? `Flink ${flinkVersion} answers.`
      : `Flink ${flinkVersion} answers, but accepts no JARs (web.submit.enable: false).`;
    return {
      ...status,
      conditions: clusterConditions(cluster, now, reason, message, {
        ready: submitEnabled ? "True" : "False",
        reconciling: "False",
        stalled: submitEnabled ? "False" : "True",
      }),
    };
  }
  const refused = observed.kind === "notAllowed";
  const reason = refused ? "DestinationNotAllowed" : "ClusterUnreachable";
  return {
    ...status,
    conditions: clusterConditions(cluster, now, reason, observed.message, {
      ready: "False",
      reconciling: refused ? "False" : "True",
      stalled: refused ? "True" : "False",
    }),
  };
}

/** What was known of the cluster stays on show; that it does not answer now is told by the conditions. */
export function lastKnown(
  { status }: FlinkCluster,
  observed: ClusterObservation,
): Pick<FlinkClusterStatus, "flinkVersion" | "incarnation" | "protection"> {
  const known: Partial<FlinkClusterStatus> =
    observed.kind === "reachable" ? observed.jobManager : (status ?? {});
  const { flinkVersion, incarnation, protection } = known;
  return {
    ...(flinkVersion === undefined ? {} : { flinkVersion }),
    ...(incarnation === undefined ? {} : { incarnation }),
    ...(protection === undefined ? {} : { protection }),
  };
}

/** Ready, Reconciling and Stalled, with one reason. */
export function clusterConditions(
  cluster: FlinkCluster,
  now: number,
  reason: Reason,
  message: string,
  words: Record<"ready" | "reconciling" | "stalled", ConditionStatus>,
): Condition[] {
  const set = (type: string, status: ConditionStatus): Condition => {
    const before = cluster.status?.conditions?.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : iso(now);
    const observedGeneration = cluster.metadata.generation ?? 0;
    return { type, status, observedGeneration, lastTransitionTime, reason, message: shortened(message) };
  };
  return [set("Ready", words.ready), set("Reconciling", words.reconciling), set("Stalled", words.stalled)];
}
