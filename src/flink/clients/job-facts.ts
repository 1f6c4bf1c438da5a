import type { FlinkJobState } from "../../core/flink-states.ts";
import type { Accumulator } from "../../core/snapshots.ts";

export type { FlinkJobState };

/** A row of the list of jobs. Times are milliseconds since 1970 by the JobManager's clock; undefined: not yet. */
export interface JobSummary {
  readonly id: string;
  readonly name: string;
  readonly state: FlinkJobState;
  readonly startTime: number | undefined;
  readonly endTime: number | undefined;
  readonly lastModification: number | undefined;
  /** `running` of `total` says whether the job really runs. */
  readonly tasks: {
    readonly total: number;
    readonly running: number;
    readonly finished: number;
    readonly failed: number;
    readonly canceled: number;
    readonly scheduled: number;
    readonly deploying: number;
  };
}

export interface JobDetails {
  readonly id: string;
  readonly name: string;
  readonly state: FlinkJobState;
  readonly startTime: number | undefined;
  readonly endTime: number | undefined;
  /** The JobManager's clock. */
  readonly now: number | undefined;
  /** When the job entered each state that it was in. */
  readonly timestamps: Readonly<Partial<Record<FlinkJobState, number>>>;
  /** Flink >= 2.3. */
  readonly applicationId: string | undefined;
  readonly vertices: readonly {
    readonly id: string;
    readonly name: string;
    readonly parallelism: number;
    /** The state that most of its tasks are in, in Flink's words. */
    readonly status: string;
  }[];
}

/** Of a job that FINISHED. */
export interface JobResult {
  readonly jobId: string;
  /** Milliseconds. */
  readonly netRuntime: number;
  readonly accumulators: ReadonlyMap<string, Accumulator>;
}

export interface StatusChange {
  readonly jobId: string;
  readonly state: FlinkJobState;
  /** Undefined with the first. */
  readonly previous: FlinkJobState | undefined;
}
