/** Flink's own job states. */
export type FlinkJobState =
  | "INITIALIZING"
  | "CREATED"
  | "RUNNING"
  | "FAILING"
  | "FAILED"
  | "CANCELLING"
  | "CANCELED"
  | "FINISHED"
  | "RESTARTING"
  | "SUSPENDED"
  | "RECONCILING";

/** Globally terminal: no JobManager will ever run this JobID on by itself. */
export function isTerminal(state: FlinkJobState): state is "FAILED" | "CANCELED" | "FINISHED" {
  return state === "FAILED" || state === "CANCELED" || state === "FINISHED";
}

/** Flink's states of an application (2.3 and later). */
export type ApplicationState =
  | "CREATED"
  | "RUNNING"
  | "FAILING"
  | "FAILED"
  | "CANCELING"
  | "CANCELED"
  | "FINISHED";
