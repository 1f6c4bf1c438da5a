import type { FlinkClusterStatus } from "../api/flinkcluster.ts";
import type { Condition, ConditionStatus } from "../api/meta.ts";
import type { FlinkCluster } from "../api/objects.ts";
import { iso } from "./context.ts";
import type { ClusterObservation } from "./observed.ts";

/** The status of a FlinkCluster; undefined while nothing is known. Pure. */
export function clusterStatus(
  cluster: FlinkCluster,
  observed: ClusterObservation,
  now: number,
): FlinkClusterStatus | undefined {
  if (observed.kind === "connecting" || observed.kind === "notFound") return undefined;
  const observedGeneration = cluster.metadata.generation ?? 0;
  const set = (type: string, status: ConditionStatus, reason: string, message: string): Condition => {
    const before = cluster.status?.conditions?.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : iso(now);
    return { type, status, observedGeneration, lastTransitionTime, reason, message };
  };
  if (observed.kind === "reachable") {
    const { flinkVersion, incarnation, protection, submitEnabled } = observed.jobManager;
    const reason = submitEnabled ? "Reachable" : "SubmissionDisabled";
    const message = submitEnabled
      ? `Flink ${flinkVersion} answers.`
      : `Flink ${flinkVersion} answers, but accepts no JARs (web.submit.enable: false).`;
    return {
      observedGeneration,
      flinkVersion,
      incarnation,
      protection,
      conditions: [
        set("Ready", submitEnabled ? "True" : "False", reason, message),
        set("Reconciling", "False", reason, message),
        set("Stalled", submitEnabled ? "False" : "True", reason, message),
      ],
    };
  }
  // What was known of the cluster stays on show; that it does not answer now is told by the conditions.
  const { flinkVersion, incarnation, protection } = cluster.status ?? {};
  const refused = observed.kind === "notAllowed";
  const reason = refused ? "DestinationNotAllowed" : "ClusterUnreachable";
  return {
    observedGeneration,
    ...(flinkVersion === undefined ? {} : { flinkVersion }),
    ...(incarnation === undefined ? {} : { incarnation }),
    ...(protection === undefined ? {} : { protection }),
    conditions: [
      set("Ready", "False", reason, observed.message),
      set("Reconciling", refused ? "False" : "True", reason, observed.message),
      set("Stalled", refused ? "True" : "False", reason, observed.message),
    ],
  };
}
