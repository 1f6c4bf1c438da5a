import type { FlinkJobSpec } from "./api/flinkjob.ts";
import type { JobManagerView, JobRow, Look, RunOutcome } from "./core/observed.ts";
import type { RunRequest } from "./core/run-request.ts";

/** What a monitor asks of one JobManager. */
export interface JobManagerReader {
  /** Version, incarnation and guarantees of the process that answers. */
  describe(signal: AbortSignal): Promise<JobManagerView>;
  /** Every job it knows, in one request. */
  listJobs(signal: AbortSignal): Promise<JobRow[]>;
  /** Grows with each new TCP connection, behind which another process may answer. */
  readonly connections: number;
}

/** What the effects of a step ask of one JobManager. */
export interface JobManagerOperator {
  /** Where is this JobID? Asked directly, with the main()s that might still bring it. */
  lookUp(jobId: string, signal: AbortSignal): Promise<Omit<Look, "at" | "endedAt">>;
  /** Asks for cancellation. A job that is gone or ended already is no error: looking decides. */
  cancelJob(jobId: string, signal: AbortSignal): Promise<void>;
  cancelApplication(jobId: string, signal: AbortSignal): Promise<void>;
}

/** Sends run requests. */
export interface RunSender {
  /** Resolves with what the answer says; never rejects. No deadline: main() may take hours. */
  run(jarId: string, request: RunRequest, application: boolean, signal: AbortSignal): Promise<RunOutcome>;
}

/** The JARs on one JobManager. */
export interface JarStore {
  /** Streams a JAR to the JobManager; throws a JarProblem. */
  transfer(source: FlinkJobSpec["jar"], fileName: string, signal: AbortSignal): Promise<string>;
  list(signal: AbortSignal): Promise<string[]>;
  delete(jarId: string, signal: AbortSignal): Promise<void>;
}

export interface JobManagerPort extends JobManagerReader, JobManagerOperator, RunSender, JarStore {
  close(): Promise<void>;
}

/** Why a JAR did not get to its JobManager. Nothing was submitted. */
export class JarProblem extends Error {
  override readonly name = "JarProblem";
  readonly outcome: Extract<RunOutcome, { kind: "notSent" }>;

  constructor(outcome: Omit<Extract<RunOutcome, { kind: "notSent" }>, "kind">, cause?: unknown) {
    super(outcome.message, cause === undefined ? undefined : { cause });
    this.outcome = { kind: "notSent", ...outcome };
  }
}
