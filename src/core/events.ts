import type { FlinkClusterStatus } from "../api/flinkcluster.ts";
import type { Reason } from "../api/reasons.ts";
import type { RestorePoint, TriggerStatus } from "../api/status.ts";
import type { StepEvent } from "./step.ts";

/** Reasons that pass by too often, or that the next event tells anyway. */
const QUIET = new Set<string>(["Submitting", "WaitingForTasks", "BackingOff"]);
const WARNINGS = new Set<string>([
  // Of a cluster of its own.
  "CrashLooping",
  "ImagePullFailed",
  "ObjectRefused",
  "PodsRefused",
  "RightMissing",
  "Unschedulable",
  "VersionMismatch",
  "ClusterNotFound",
  "ClusterUnreachable",
  "ConfigurationSourceForbidden",
  "ConfigurationSourceInvalid",
  "ConfigurationSourceNotFound",
  "ConfigurationSourceNotLabelled",
  "DestinationNotAllowed",
  "JarFetchFailed",
  "JarFetchTimeout",
  "OutcomeUnknown",
  "SavepointFailed",
  "Unschedulable",
]);

/** The story that the change of a trigger tells: one event when Flink accepted it, one for each new reason. */
export function eventsBetween(
  before: TriggerStatus | undefined,
  after: TriggerStatus | undefined,
): StepEvent[] {
  if (!after || after === before) return [];
  const events: StepEvent[] = [];
  const same = before?.jobId === after.jobId;
  if (after.acceptedAt !== undefined && !(same && before?.acceptedAt !== undefined)) {
    const message = `Flink ${after.sentTo?.flinkVersion ?? ""} accepted trigger ${after.id} as job ${after.jobId}.`;
    events.push({ type: "Normal", reason: "Submitted", message });
  }
  const newReason =
    after.reason !== undefined && !(same && before?.reason === after.reason && before?.state === after.state);
  if (newReason && !QUIET.has(after.reason as string)) {
    const type = after.state === "failed" || WARNINGS.has(after.reason as string) ? "Warning" : "Normal";
    events.push({ type, reason: after.reason as Reason, message: after.message ?? "" });
  }
  return events;
}

/** What a FlinkCluster says of itself: one event for each new reason. */
export function clusterEvents(
  before: FlinkClusterStatus | undefined,
  after: FlinkClusterStatus,
): StepEvent[] {
  const conditionOf = (status: FlinkClusterStatus | undefined, type: string) =>
    status?.conditions?.find((condition) => condition.type === type);
  const ready = conditionOf(after, "Ready");
  if (!ready || ready.reason === conditionOf(before, "Ready")?.reason) return [];
  const stalled = conditionOf(after, "Stalled")?.status === "True";
  const type = stalled || WARNINGS.has(ready.reason) ? "Warning" : "Normal";
  return [{ type, reason: ready.reason as Reason, message: ready.message }];
}

/** Where a savepoint is that a job was stopped with, told once: the event outlives the FlinkJob. */
export function savepointEvents(
  before: RestorePoint | undefined,
  after: RestorePoint | null | undefined,
): StepEvent[] {
  if (after?.kind !== "savepoint" || after.path === before?.path) return [];
  const message = `Savepoint ${after.path} holds the state of job ${after.jobId}.`;
  return [{ type: "Normal", reason: "SavepointCompleted", message }];
}
