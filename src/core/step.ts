import type { ConfigurationFrom } from "../api/configuration-from.ts";
import type { ConfigurationStatus } from "../api/configuration-status.ts";
import type { Jar } from "../api/flinkjob.ts";
import type { FlinkCluster, FlinkSavepoint } from "../api/objects.ts";
import type { ExecutionResult } from "../api/plan.ts";
import type { Reason } from "../api/reasons.ts";
import type {
  FlinkJobStatus,
  JobResult,
  PastTrigger,
  RestorePoint,
  RolledBack,
  StableVersion,
  Stranger,
  TriggerStatus,
} from "../api/status.ts";
import type { JobRow, TroublesSeen } from "./observed.ts";
import type { ResourceRequirements } from "./resource-requirements.ts";
import type { RunRequest } from "./run-request.ts";

/**
 * What to do next: the status is written first, with the resourceVersion that the decision was based on, then the events
 * go out, then the one effect happens. A step can be cut between any two of these, and the next `decide` copes.
 */
export interface Step {
  /** The rule that decided, for logs and tests. */
  rule: string;
  /** Absent: the status stands as it is. */
  status?: FlinkJobStatus | undefined;
  events: StepEvent[];
  effect?: Effect | undefined;
  /** Decide again after this many milliseconds, whatever happens. */
  requeueAfterMs?: number | undefined;
  /** The cluster should be listed more often than usual for a moment. */
  watchClosely?: boolean | undefined;
  /** Decide again as soon as a main() on the cluster of the spec has come to its end. */
  awaitsPlace?: boolean | undefined;
  /** With this status written, what the flight knew is kept, and the flight is forgotten. */
  settlesFlight?: boolean | undefined;
}

export interface StepEvent {
  type: "Normal" | "Warning";
  reason: Reason;
  message: string;
}

export type Effect =
  | { kind: "addFinalizer" }
  /**
   * `record`: a FlinkSavepoint that is made first, and outlives the FlinkJob; `insists`: a failure is tried again. `clears`:
   * clusters that were made for it, and that a cache may not show yet, are deleted first; `awaits`: it is not let go before they
   * are gone, for a job may run there. `orphans`: one that stays is marked
   * as such first, for nobody else would know.
   */
  | {
      kind: "removeFinalizer";
      record?: FlinkSavepoint | undefined;
      insists?: boolean | undefined;
      clears?: boolean | undefined;
      awaits?: boolean | undefined;
      orphans?: string | undefined;
    }
  | { kind: "deleteFlinkJob" }
  /** Makes the FlinkCluster of an attempt. One of this FlinkJob that is there already is it. */
  | { kind: "makeCluster"; cluster: FlinkCluster }
  /** Gives it another number of TaskManagers. */
  | { kind: "scaleCluster"; name: string; uid: string; taskManagers: number }
  /** Asks the API server whether it is there. One that was let go is deleted, should it be. */
  | { kind: "lookForCluster"; name: string }
  /** Takes away one that was made for this FlinkJob. */
  | { kind: "deleteCluster"; name: string; uid: string }
  /** One step of cleaning what its own clusters left in their storage. */
  | { kind: "cleanStorage" }
  /** Reads what the Secrets and ConfigMaps of spec.flinkConfigurationFrom hold. */
  | { kind: "readSources"; from: ConfigurationFrom }
  /** Fetch the JAR if need be and send the run request, outside the workers. */
  | {
      kind: "submit";
      jobId: string;
      url: string;
      incarnation: string;
      application: boolean;
      jar: Jar;
      request: RunRequest;
      /** As recorded in the trigger; of the request before, where there was one. */
      sentAt: string;
      earlierSentAt: string | undefined;
    }
  /** Stop a flight that still fetches its JAR. */
  | { kind: "abandonFlight" }
  | { kind: "lookUp"; jobId: string; url: string }
  | { kind: "cancelJob"; jobId: string; url: string }
  | { kind: "cancelApplication"; jobId: string; url: string }
  /** Reads what snapshots the job has so far. */
  | { kind: "readSnapshots"; jobId: string; url: string; incarnation?: string | undefined }
  /** Reads how often the job restarted, and the newest cause. */
  | { kind: "readTroubles"; jobId: string; url: string }
  /** Reads what Flink shows of the configuration that the job runs with. */
  | { kind: "readConfiguration"; jobId: string; url: string }
  /** Reads what Flink's own client asks for about its end. */
  | { kind: "readExecutionResult"; jobId: string; url: string }
  /** Asks Flink to stop the job with a savepoint. The same operationId again is the same savepoint. */
  | {
      kind: "stopWithSavepoint";
      jobId: string;
      url: string;
      operationId: string;
      directory: string | undefined;
      formatType: "CANONICAL" | "NATIVE" | undefined;
    }
  /** Reads how much parallelism its tasks ask for. `incarnation`: of the process that is believed to answer. */
  | { kind: "readRequirements"; jobId: string; url: string; incarnation: string }
  /** Asks for another parallelism: the same job goes on with it. The same again changes nothing. */
  | {
      kind: "requireResources";
      jobId: string;
      url: string;
      incarnation: string;
      requirements: ResourceRequirements;
    }
  /** Asks what became of it. */
  | { kind: "readOperation"; jobId: string; url: string; operationId: string };

/** The same, decided again after so many milliseconds at the latest. */
export function againWithin(verdict: Verdict, ms: number): Verdict {
  return { ...verdict, requeueAfterMs: Math.min(verdict.requeueAfterMs ?? ms, ms) };
}

/** What a policy finds: the new trigger and what goes with it. `decide` makes the step of it. */
export interface Verdict extends Omit<Step, "status" | "events"> {
  /** Absent: unchanged. */
  trigger?: TriggerStatus | undefined;
  /** Put before `status.history`. */
  past?: PastTrigger | undefined;
  /** The job as it was just seen; absent: unchanged; null: there is none. */
  job?: JobRow | null | undefined;
  /** What became of flinkConfiguration; absent: unchanged; null: nothing to tell. */
  configuration?: ConfigurationStatus | null | undefined;
  /** What the trigger's job left; absent: unchanged; null: nothing that is known. */
  restorePoint?: RestorePoint | null | undefined;
  result?: JobResult | undefined;
  executionResult?: ExecutionResult | undefined;
  /** Why the job restarted, as it was just read; absent: unchanged. */
  troubles?: TroublesSeen | undefined;
  /** Absent: unchanged. */
  stable?: StableVersion | undefined;
  rolledBack?: RolledBack | undefined;
  /** Absent: unchanged. */
  strangers?: Stranger[] | undefined;
  /** Something beside the trigger that is wrong with the spec; the trigger stands. */
  refused?: { reason: Reason; message: string } | undefined;
  /** Events beside those that the change of the trigger itself tells. */
  events?: StepEvent[] | undefined;
}
