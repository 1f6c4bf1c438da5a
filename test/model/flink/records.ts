import type { ApplicationState, FlinkJobState, RunOutcome } from "../../../src/core/observed.ts";

/** A job in the JobManager's memory, or as its HA storage keeps it. Values are replaced, never changed. */
export interface Job {
  readonly id: string;
  /** The spec that it was made from, as `numberOf` names it. */
  readonly content: number;
  readonly state: FlinkJobState;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Its place in the order of everything that happened. */
  readonly begunAt: number;
  /** It could not be restored, and never ran. */
  readonly burnt: boolean;
  /** How often Flink itself has restarted it, since this JobManager process has it. */
  readonly restarts: number;
  /** With how many tasks it runs, beside its sink. */
  readonly present: number;
  /** How much it has done, counted in snapshots. */
  readonly work: number;
  readonly left: Left;
  /** What the REST API shows of that, and since when: it is kept for a while. */
  readonly shown: { readonly at: number; readonly left: Left } | undefined;
}

/** A savepoint or checkpoint in storage, which outlives every JobManager. */
export interface Stored {
  readonly path: string;
  readonly kind: "savepoint" | "checkpoint";
  readonly work: number;
  /** The job that took it. */
  readonly jobId: string;
}

/** What a JobManager process knows of the snapshots of a job. */
export interface Left {
  readonly completed: number;
  readonly newest: (Stored & { readonly takenAt: number; readonly stops: boolean }) | undefined;
}

/** A stop with savepoint. `taken`: the savepoint is complete, the job has not ended yet. */
export interface Operation {
  readonly id: string;
  readonly jobId: string;
  readonly state: "inProgress" | "taken" | "completed" | "failed";
  readonly path: string;
  /** When it was completed, or failed; -1: not yet. */
  readonly endedAt: number;
}

export interface Application {
  readonly id: string;
  readonly content: number;
  readonly state: ApplicationState;
  readonly hasJob: boolean;
  readonly from: string | undefined;
  readonly endedAt: number;
}

/** A main() that has not returned. */
export interface Main {
  readonly jobId: string;
  readonly content: number;
  readonly application: boolean;
  /** Who waits for its answer; 0: nobody. */
  readonly request: number;
  readonly jar: string | undefined;
  /** What it starts from. */
  readonly from: string | undefined;
  /** Its place in the order of everything that happened. */
  readonly begunAt: number;
  readonly doubled: boolean;
  /** Its request was meant for the process before. */
  readonly redirected: boolean;
}

/** How a job comes to run. */
export type Origin = "submitted" | "redirected" | "doubled" | "recovered" | "reRun" | "burnt";

/** A run request as it arrives. */
export interface Arrival {
  readonly id: number;
  readonly jobId: string;
  readonly content: number;
  readonly application: boolean;
  readonly jar: string | undefined;
  readonly from: string | undefined;
  /** Something on the way sent it a second time. */
  readonly doubled: boolean;
  /** The process that its sender had looked at. */
  readonly incarnation: number;
}

/** Told of everything that really happens. */
export interface Witness {
  readonly now: number;
  readonly order: number;
  mainBegins(jobId: string, byFlink: boolean): void;
  jobBegins(job: Job, how: Origin): void;
  jobEnds(job: Job, state: FlinkJobState): void;
  jarMissing(jobId: string): void;
  answer(request: number, outcome: RunOutcome): void;
}
