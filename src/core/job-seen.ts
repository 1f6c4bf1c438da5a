import type { Reason } from "../api/reasons.ts";
import type { SourcedOption } from "./configuration/layers.ts";
import type { ShownConfiguration } from "./configuration/shown-configuration.ts";
import type { ResourceRequirements } from "./resource-requirements.ts";
import type { VerbatimResult } from "./snapshots.ts";

/**
 * What an operator has read of one job. Times are milliseconds since the epoch by this process's clock, unless they say another.
 */

/** The completed savepoints and checkpoints of one job, as its JobManager tells them. */
export interface Snapshots {
  /** How many completed or were restored under this JobManager process, those without an address included. */
  completed: number;
  /** The newest that a job can be started from; one that it was restored from counts. */
  newest?: Snapshot | undefined;
  /** Whether the newest checkpoint outlives the job's cancellation, and its failure. */
  retained: { onCancel: boolean; onFailure: boolean };
  /** How often the job takes a checkpoint by itself, in milliseconds. Undefined: never, or Flink does not tell. */
  intervalMs?: number | undefined;
}

export interface SnapshotsSeen {
  jobId: string;
  /** When they were asked for. */
  at: number;
  /** The process that was believed to answer, where that counts. */
  incarnation?: string | undefined;
  snapshots: Snapshots | undefined;
}

/** What Flink shows of a job's configuration. */
export interface ConfigurationSeen {
  jobId: string;
  /** When the answer was there. */
  at: number;
  /** Undefined: it did not tell, and is not asked again. */
  shown: ShownConfiguration | undefined;
}

/** How much parallelism a job asks Flink for. */
export interface RequirementsSeen {
  jobId: string;
  /** When the answer was there. */
  at: number;
  /** The process that was believed to answer. */
  incarnation: string;
  /** When Flink last took what was required of it. */
  requiredAt?: number | undefined;
  result:
    | { kind: "read"; requirements: ResourceRequirements }
    /** Required and taken: what Flink has now is to be read. */
    | { kind: "asked" }
    /** Its scheduler cannot. */
    | { kind: "unsupported" }
    /** Flink takes not these, and says why. */
    | { kind: "refused"; message: string; requirements: ResourceRequirements }
    /** Nothing was learned; a request may have arrived. */
    | { kind: "failed" };
}

/** What Flink's own client asks for about a job's end. */
export interface ExecutionResultSeen {
  jobId: string;
  /** When the answer was there. */
  at: number;
  /** Undefined: no such job. */
  result: VerbatimResult | undefined;
}

export interface TroublesSeen {
  jobId: string;
  /** When they were asked for. */
  at: number;
  /** How often it restarted since its JobManager started it. */
  restarts?: number | undefined;
  /** The newest exception: when, by the JobManager's clock, and the user's own words. */
  newest?: { at: number; message: string } | undefined;
}

/** What the Secrets and ConfigMaps of spec.flinkConfigurationFrom held, or why they cannot be used. */
export interface SourcesSeen {
  /** The spec.flinkConfigurationFrom that was read, as JSON. */
  of: string;
  /** When the answers were there. */
  at: number;
  result:
    | { kind: "read"; options: readonly SourcedOption[] }
    /** `failures`: how often in a row for this very reason, this time included. */
    | { kind: "refused"; reason: Reason; message: string; failures: number };
}

export interface Snapshot {
  kind: "savepoint" | "checkpoint";
  /** A savepoint that was taken to stop the job: nothing was processed after it. */
  stops?: boolean | undefined;
  path: string;
  /** When it was triggered: milliseconds since the epoch by the JobManager's clock. */
  takenAt: number;
}

/** What this process knows of an asynchronous operation of Flink: a stop with savepoint. */
export interface OperationSeen {
  jobId: string;
  operationId: string;
  /** When it was asked for, or asked about; when the answer was there. */
  at: number;
  endedAt: number;
  result:
    | /** Flink took the request. */ { state: "requested" }
    | { state: "inProgress" }
    | { state: "completed"; path: string }
    /** Flink refused the request, or the operation failed. */
    | { state: "failed"; message: string }
    /** Nobody knows it: never asked for, another JobManager process, or five minutes have passed. The history decides. */
    | { state: "unknown"; snapshots: Snapshots | undefined };
}
