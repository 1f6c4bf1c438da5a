/**
 * What Flink tells of savepoints, checkpoints and the end of a job. Times are milliseconds since 1970 by the JobManager's
 * clock; texts are at most 1,024 characters.
 */

export type SavepointFormat = "CANONICAL" | "NATIVE";
export type CheckpointType = "CONFIGURED" | "FULL" | "INCREMENTAL";

export interface SavepointRequest {
  /** 32 hex digits. The same again takes no second savepoint, whatever else the request says, while Flink remembers it. */
  triggerId: string;
  /** Default: the cluster's own directory, where it has one. */
  directory?: string | undefined;
  /** Default CANONICAL. */
  formatType?: SavepointFormat | undefined;
}

export interface StopRequest extends SavepointRequest {
  /** Lets event time go to its end first, so that every window fires: the job is not meant to go on. */
  drain: boolean;
}

/** What became of a request for a savepoint or a stop. */
export type SavepointOperation =
  | { state: "inProgress" }
  | { state: "completed"; location: string }
  | OperationFailed
  /** Flink does not know the trigger ID: never asked, five minutes over, or another JobManager process by now. */
  | { state: "unknown" };

/** What became of a request to dispose of a savepoint. */
export type DisposalOperation =
  | { state: "inProgress" }
  | { state: "completed" }
  | OperationFailed
  | { state: "unknown" };

export interface OperationFailed {
  state: "failed";
  /** Class of the innermost cause, such as `java.io.IOException`. */
  className: string;
  message: string;
}

/** A completed checkpoint or savepoint whose files are there, so that a job can start from it. */
export interface Snapshot {
  /** Counts up over all checkpoints and savepoints of a JobID, also over a failover with HA. */
  id: number;
  path: string;
  triggeredAt: number;
  completedAt: number;
  isSavepoint: boolean;
}

export interface CheckpointEntry {
  id: number;
  status: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  isSavepoint: boolean;
  /** Taken by a stop: the job ended with it. */
  isStop: boolean;
  /** Absent until it is completed, and where nothing outside of the JobManager's memory was written. */
  path?: string | undefined;
  triggeredAt: number;
  completedAt?: number | undefined;
  /** Flink deleted it: later ones took its place, or the job ended and was not told to retain it. */
  discarded: boolean;
  failure?: string | undefined;
}

/** Of one JobID, since its JobManager started it: a failover begins anew, with `restored`. Up to 3 s old. */
export interface Checkpoints {
  counts: { completed: number; failed: number; inProgress: number; restored: number; total: number };
  /** The newest that is no savepoint and can be restored from. */
  newest?: Snapshot | undefined;
  newestSavepoint?: Snapshot | undefined;
  /** What the job last started or went on from. */
  restored?: { id: number; path?: string | undefined; isSavepoint: boolean; restoredAt: number } | undefined;
  /** The last ten or so (`web.checkpoints.history`), newest first. */
  history: CheckpointEntry[];
}

export interface Accumulator {
  name: string;
  /** Flink's or the user's class, such as `LongCounter`. */
  type: string;
  /** As Java prints it. */
  value: string;
}

/** How a job ended. */
export type ExecutionResult =
  | { state: "inProgress" }
  | {
      state: "completed";
      applicationStatus: "SUCCEEDED" | "FAILED" | "CANCELED" | "UNKNOWN";
      /** Milliseconds. */
      netRuntime: number;
      failure?: { className: string; message: string } | undefined;
      /** Of a job that SUCCEEDED; final. */
      accumulators?: Accumulator[] | undefined;
    };

/** An exception that failed or restarted a job. */
export interface JobException {
  at: number;
  className: string;
  /** The user's own words, without Flink's wrappers and without stack. */
  message: string;
  task?: string | undefined;
}

/** What Flink's own client asks for about a job's end, as it stands there. */
export type VerbatimResult =
  | { kind: "inProgress" }
  | { kind: "completed"; text: string }
  /** `bytes`: of UTF-8; undefined where not even that was counted. */
  | { kind: "tooLong"; bytes?: number | undefined };
