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
}

export interface Application {
  readonly id: string;
  readonly content: number;
  readonly state: ApplicationState;
  readonly hasJob: boolean;
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
  /** Its place in the order of everything that happened. */
  readonly begunAt: number;
  readonly doubled: boolean;
  /** Its request was meant for the process before. */
  readonly redirected: boolean;
}

/** How a job comes to run. */
export type Origin = "submitted" | "redirected" | "doubled" | "recovered" | "reRun";

/** A run request as it arrives. */
export interface Arrival {
  readonly id: number;
  readonly jobId: string;
  readonly content: number;
  readonly application: boolean;
  readonly jar: string | undefined;
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
  jobBegins(jobId: string, content: number, how: Origin): void;
  jobEnds(jobId: string, state: FlinkJobState): void;
  jarMissing(jobId: string): void;
  answer(request: number, outcome: RunOutcome): void;
}
