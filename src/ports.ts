import type { Jar } from "./api/flinkjob.ts";
import type { ShownConfiguration } from "./core/configuration/shown-configuration.ts";
import type { JobManagerView, JobRow, Look, RunOutcome, Snapshots } from "./core/observed.ts";
import type { ResourceRequirements } from "./core/resource-requirements.ts";
import type { RunRequest } from "./core/run-request.ts";
import type {
  Accumulator,
  Checkpoints,
  DisposalOperation,
  ExecutionResult,
  JobException,
  SavepointOperation,
  SavepointRequest,
  StopRequest,
  VerbatimResult,
} from "./core/snapshots.ts";

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
  /** Where is this JobID? Asked directly, with the main()s that might still bring it. `alone`: no other job runs there. */
  lookUp(jobId: string, signal: AbortSignal, alone?: boolean): Promise<Omit<Look, "at" | "endedAt">>;
  /** What the job has left so far that another can start from. Undefined where Flink does not tell. */
  snapshots(jobId: string, signal: AbortSignal): Promise<Snapshots | undefined>;
  /** Asks for cancellation. A job that is gone or ended already is no error: looking decides. */
  cancelJob(jobId: string, signal: AbortSignal): Promise<void>;
  cancelApplication(jobId: string, signal: AbortSignal): Promise<void>;
}

/**
 * Savepoints, in two steps: ask for one under a trigger ID of ours, read what became of it. Asking again under the same ID
 * is harmless while Flink remembers it; once it says `unknown`, the checkpoints decide before anything is asked for again.
 */
export interface SavepointTaker {
  /** Throws the FlinkError `NoSavepointDirectory` where neither request nor cluster names one: nothing was begun. */
  triggerSavepoint(jobId: string, request: SavepointRequest, signal: AbortSignal): Promise<void>;
  /** Throws as `triggerSavepoint`. A job that is gone or has ended shows as a failed operation. */
  stopWithSavepoint(jobId: string, request: StopRequest, signal: AbortSignal): Promise<void>;
  savepointOperation(jobId: string, triggerId: string, signal: AbortSignal): Promise<SavepointOperation>;
  /** Up to 3 s old. Undefined: no such job. */
  checkpoints(jobId: string, signal: AbortSignal): Promise<Checkpoints | undefined>;
  /** Asks for the deletion of its files; resolves with the ID under which to read what became of it. */
  disposeSavepoint(path: string, signal: AbortSignal): Promise<string>;
  disposalOperation(requestId: string, signal: AbortSignal): Promise<DisposalOperation>;
}

/** What one job tells of itself. Undefined: no such job (any more). Up to 3 s old. */
export interface JobTeller {
  accumulators(jobId: string, signal: AbortSignal): Promise<Accumulator[] | undefined>;
  executionResult(jobId: string, signal: AbortSignal): Promise<ExecutionResult | undefined>;
  /** The same as text, of at most `longest` bytes. */
  verbatimResult(jobId: string, longest: number, signal: AbortSignal): Promise<VerbatimResult | undefined>;
  /** What Flink shows of the configuration that it runs with; of a job that is being initialized, nothing but defaults. */
  configuration(jobId: string, signal: AbortSignal): Promise<ShownConfiguration | undefined>;
  /** Newest first, at most five. */
  exceptions(jobId: string, signal: AbortSignal): Promise<JobException[] | undefined>;
  /**
   * How often it restarted since its JobManager started it. Undefined while the JobManager has not counted yet: it begins to
   * when asked, and then does so every 10 s at most. Also undefined some time after the end.
   */
  jobRestarts(jobId: string, signal: AbortSignal): Promise<number | undefined>;
}

/** Scales running jobs, where their scheduler can (`supportsRescaling`). Throws FlinkErrors. */
export interface Rescaler {
  /** What the job asks for. Fresh. `unsupported`: its scheduler cannot. Undefined: no such job, or it has ended. */
  resourceRequirements(
    jobId: string,
    signal: AbortSignal,
  ): Promise<ResourceRequirements | "unsupported" | undefined>;
  /**
   * Asks for something else, of all vertices of the job; asking again is harmless. `refused`: why the job cannot have it, in Flink's
   * own words. Throws `Unavailable` where these are not the vertices of the job (yet), `NotFound` without such a job.
   */
  requireResources(
    jobId: string,
    requirements: ResourceRequirements,
    signal: AbortSignal,
  ): Promise<"taken" | { refused: string }>;
}

/** Sends run requests. */
export interface RunSender {
  /** Resolves with what the answer says; never rejects. No deadline: main() may take hours. */
  run(jarId: string, request: RunRequest, application: boolean, signal: AbortSignal): Promise<RunOutcome>;
}

/** The JARs on one JobManager. */
export interface JarStore {
  /** Streams a JAR to the JobManager; throws a JarProblem. */
  transfer(source: Jar, fileName: string, signal: AbortSignal): Promise<string>;
  list(signal: AbortSignal): Promise<string[]>;
  delete(jarId: string, signal: AbortSignal): Promise<void>;
}

export interface JobManagerPort
  extends JobManagerReader,
    JobManagerOperator,
    SavepointTaker,
    JobTeller,
    Rescaler,
    RunSender,
    JarStore {
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
