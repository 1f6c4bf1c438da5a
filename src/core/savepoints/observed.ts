import type { FlinkSavepointStatus } from "../../api/flinksavepoint.ts";
import type { FlinkJob, FlinkSavepoint } from "../../api/objects.ts";
import type { ClusterObservation } from "../observed.ts";
import type { Checkpoints, SavepointFormat } from "../snapshots.ts";
import type { StepEvent } from "../step.ts";

/** Everything that `decideSavepoint` may look at. Times are milliseconds since the epoch by this process's clock. */
export interface SavepointObserved {
  /** The newest version of the object that this process knows. */
  savepoint: FlinkSavepoint;
  /** The FlinkJob that it names. */
  job: FlinkJob | undefined;
  /** Where its job runs, ran when the savepoint was asked for, or would run: undefined where nobody knows. */
  cluster: ClusterObservation | undefined;
  /** What other FlinkSavepoints of the same FlinkJob name, those that are being deleted aside. */
  otherPaths: ReadonlySet<string>;
  /** The newest that this process heard of it. */
  news: SavepointNews | undefined;
  /** How long a finalizer may wait for Flink, in milliseconds. */
  deletionTimeoutMs: number;
}

/** What this process heard of one FlinkSavepoint from Flink. */
export type SavepointNews = {
  /** When it was asked; when the answer was there. */
  at: number;
  endedAt: number;
} & (
  | { kind: "checkpoints"; jobId: string; checkpoints: Checkpoints | undefined }
  | { kind: "operation"; operationId: string; result: OperationResult }
  | { kind: "disposal"; url: string; result: DisposalResult }
);

export type OperationResult =
  | /** Flink took the request. */ { state: "requested" }
  | { state: "inProgress" }
  | { state: "completed"; path: string }
  /** Flink refused the request, or the savepoint failed. `hopeless`: the same request will fail again. */
  | { state: "failed"; message: string; hopeless?: boolean | undefined }
  /** Flink does not know the trigger ID: the checkpoints decide. Undefined: it does not know the job either. */
  | { state: "unknown"; checkpoints: Checkpoints | undefined };

export type DisposalResult =
  | { state: "inProgress"; requestId: string }
  /** The files are gone, or were gone before. */
  | { state: "disposed" }
  | { state: "failed"; message: string }
  | { state: "unknown" };

/** What to do next: status first, then events, then the one effect, as with a FlinkJob (`Step`). */
export interface SavepointStep {
  rule: string;
  status?: FlinkSavepointStatus | undefined;
  events: StepEvent[];
  effect?: SavepointEffect | undefined;
  requeueAfterMs?: number | undefined;
}

export type SavepointEffect =
  | { kind: "addFinalizer" }
  | { kind: "removeFinalizer" }
  | { kind: "readCheckpoints"; url: string; jobId: string }
  /** The same operationId again is the same savepoint, while Flink remembers it. */
  | {
      kind: "triggerSavepoint";
      url: string;
      jobId: string;
      operationId: string;
      directory: string | undefined;
      formatType: SavepointFormat | undefined;
    }
  | { kind: "readOperation"; url: string; jobId: string; operationId: string }
  | { kind: "dispose"; url: string; path: string }
  | { kind: "readDisposal"; url: string; requestId: string };

/** What a policy finds; `decideSavepoint` makes the step of it. */
export interface SavepointVerdict extends Omit<SavepointStep, "status" | "events"> {
  /** The new status but for its conditions; absent: unchanged. */
  status?: SavepointFacts | undefined;
  events?: StepEvent[] | undefined;
}

/** A status without what is made of it. */
export type SavepointFacts = Omit<FlinkSavepointStatus, "observedGeneration" | "conditions">;
