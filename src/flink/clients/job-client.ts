import { randomBytes } from "node:crypto";
import type { ShownConfiguration } from "../../core/configuration/shown-configuration.ts";
import type { ResourceRequirements } from "../../core/resource-requirements.ts";
import type {
  Accumulator,
  Checkpoints,
  CheckpointType,
  ExecutionResult,
  JobException,
  SavepointFormat,
  SavepointOperation,
  VerbatimResult,
} from "../../core/snapshots.ts";
import type { FlinkRest } from "../rest/flink-rest.ts";
import { jobException } from "../run-outcome.ts";
import { type CallOptions, signalOf, type WaitOptions, Watch } from "./calls.ts";
import { JobError } from "./job-error.ts";
import type { FlinkJobState, JobDetails, JobResult, StatusChange } from "./job-facts.ts";
import { awaitResult, readResult, readVerbatimResult } from "./job-result.ts";
import { known } from "./presence.ts";
import { operationFailed, takeSavepoint } from "./snapshot-taking.ts";
import { watchStatus } from "./status-watch.ts";

export interface SavepointOptions {
  /** A URI that the cluster can write to. Default: the cluster's own `execution.checkpointing.savepoint-dir`. */
  readonly directory?: string | undefined;
  /** Default CANONICAL. */
  readonly formatType?: SavepointFormat | undefined;
  /** 32 hex digits; makes the request idempotent. Default: a random one. */
  readonly triggerId?: string | undefined;
}

export interface StopOptions extends SavepointOptions {
  /** Lets every window and timer fire first: for a job that is not meant to go on. Flink's `drain`. Default false. */
  readonly advanceToEndOfEventTime?: boolean | undefined;
}

export interface CheckpointOptions {
  /** Default CONFIGURED: as the job's own periodic checkpoints. */
  readonly checkpointType?: CheckpointType | undefined;
  /** 32 hex digits. Default: a random one. */
  readonly triggerId?: string | undefined;
}

/**
 * One Flink job: FLIP-74's JobClient. Made by `ClusterClient.submit` or `ClusterClient.jobClient`; costs nothing and holds
 * nothing. Every method rejects with a FlinkError (the request) or a JobError (the job); those that ask something of a job
 * that Flink does not know with the JobError `JobNotFound`.
 */
export class JobClient {
  readonly #rest: FlinkRest;
  /** 32 hex digits. */
  readonly jobId: string;

  /**
   * Throws a TypeError for what is no JobID.
   * @internal
   */
  static of(rest: FlinkRest, jobId: string): JobClient {
    if (!/^[0-9a-f]{32}$/i.test(jobId)) throw new TypeError(`not a JobID (32 hex digits): ${jobId}`);
    return new JobClient(rest, jobId);
  }

  private constructor(rest: FlinkRest, jobId: string) {
    this.#rest = rest;
    this.jobId = jobId.toLowerCase();
  }

  /** Fresh. RUNNING says nothing about the tasks, which may still wait for slots: see `ClusterClient.listJobs`. */
  getJobStatus(options: CallOptions = {}): Promise<FlinkJobState> {
    return known(this.jobId, this.#rest.jobStatus(this.jobId, signalOf(options)));
  }

  /** Up to 3 s old. */
  getJobDetails(options: CallOptions = {}): Promise<JobDetails> {
    return known(this.jobId, this.#rest.job(this.jobId, signalOf(options)));
  }

  /**
   * Waits for the end. Resolves with the result of a job that FINISHED; rejects with the JobErrors `JobFailed` and
   * `JobCanceled` of one that did not, and with `JobNotFound` when Flink forgets the job meanwhile.
   */
  getJobResult(options: WaitOptions = {}): Promise<JobResult> {
    return awaitResult(this.#rest, this.jobId, new Watch(options));
  }

  /** The same without waiting; undefined: no such job. */
  readResult(options: CallOptions = {}): Promise<ExecutionResult | undefined> {
    return readResult(this.#rest, this.jobId, signalOf(options));
  }

  /**
   * The same as Flink's own client gets it: JSON of at most `longest` bytes.
   * @internal
   */
  readVerbatimResult(longest: number, options: CallOptions = {}): Promise<VerbatimResult | undefined> {
    return readVerbatimResult(this.#rest, this.jobId, longest, signalOf(options));
  }

  /**
   * Every state that the job is seen in, beginning with the present one; ends after FINISHED, FAILED or CANCELED. States
   * between two looks (`pollIntervalMs`) are not seen. Throws as `getJobStatus`; bears a JobManager that is away.
   */
  statusChanges(options: WaitOptions = {}): AsyncGenerator<StatusChange, void, void> {
    return watchStatus(this.#rest, this.jobId, options);
  }

  /** Asks for the end; `getJobResult` tells when it came. Cancelling again is no error; a job that ended otherwise is the FlinkError `Conflict`. */
  async cancel(options: CallOptions = {}): Promise<void> {
    await known(
      this.jobId,
      this.#rest.cancelJob(this.jobId, signalOf(options)).then(() => true),
    );
  }

  /** Takes a savepoint, ends the job with it (FINISHED), and resolves with the savepoint's location. */
  stop(options: StopOptions & WaitOptions = {}): Promise<string> {
    const triggerId = options.triggerId ?? newTriggerId();
    const request = (signal: AbortSignal | undefined) => this.#stop({ ...options, triggerId }, signal);
    return takeSavepoint(this.#rest, { jobId: this.jobId, triggerId, stop: true, request }, options);
  }

  /** Takes a savepoint and resolves with its location. */
  triggerSavepoint(options: SavepointOptions & WaitOptions = {}): Promise<string> {
    const triggerId = options.triggerId ?? newTriggerId();
    const request = (signal: AbortSignal | undefined) => this.#savepoint({ ...options, triggerId }, signal);
    return takeSavepoint(this.#rest, { jobId: this.jobId, triggerId, stop: false, request }, options);
  }

  /** Only asks for a stop. Resolves with the trigger ID under which `savepointOperation` tells what became of it. */
  async stopWithDetachedSavepoint(options: StopOptions & CallOptions = {}): Promise<string> {
    const triggerId = options.triggerId ?? newTriggerId();
    await this.#stop({ ...options, triggerId }, signalOf(options));
    return triggerId;
  }

  /** Only asks for a savepoint. Resolves with the trigger ID under which `savepointOperation` tells what became of it. */
  async triggerDetachedSavepoint(options: SavepointOptions & CallOptions = {}): Promise<string> {
    const triggerId = options.triggerId ?? newTriggerId();
    await this.#savepoint({ ...options, triggerId }, signalOf(options));
    return triggerId;
  }

  /**
   * What became of a savepoint or stop. `unknown`: Flink forgot the trigger ID, five minutes after the end or with its
   * process. Look at `getCheckpoints` then (`savepointAfter`) before you ask again.
   */
  savepointOperation(triggerId: string, options: CallOptions = {}): Promise<SavepointOperation> {
    return this.#rest.snapshots.savepointOperation(this.jobId, triggerId, signalOf(options));
  }

  /** Takes a checkpoint now and resolves with its ID. Flink >= 1.17. */
  async triggerCheckpoint(options: CheckpointOptions & WaitOptions = {}): Promise<number> {
    const { triggerId = newTriggerId(), checkpointType = "CONFIGURED" } = options;
    const { jobId } = this;
    const { snapshots } = this.#rest;
    const watch = new Watch(options);
    await snapshots.triggerCheckpoint(jobId, triggerId, checkpointType, watch.signal);
    const operation = await watch.until(async () => {
      const seen = await snapshots.checkpointOperation(jobId, triggerId, watch.signal);
      return seen.state === "inProgress" ? undefined : seen;
    });
    if (operation.state === "completed") return operation.checkpointId;
    if (operation.state === "failed") throw operationFailed(operation, { jobId, triggerId });
    const message = "Flink forgot the request for a checkpoint";
    throw new JobError("OperationUnknown", message, { jobId, triggerId, retry: "backoff" });
  }

  /** By name, as Java prints them; also of a running job. Up to 3 s old; those of `getJobResult` are final. */
  async getAccumulators(options: CallOptions = {}): Promise<ReadonlyMap<string, Accumulator>> {
    const list = await known(this.jobId, this.#rest.accumulators(this.jobId, signalOf(options)));
    return new Map(list.map((accumulator) => [accumulator.name, accumulator]));
  }

  /** Newest first, at most five; up to 3 s old. */
  async getExceptions(options: CallOptions = {}): Promise<JobException[]> {
    const entries = await known(this.jobId, this.#rest.jobExceptions(this.jobId, signalOf(options)));
    return entries.map(jobException);
  }

  /**
   * What Flink shows of the configuration that the job runs with: what its code made of what was sent, and of the cluster's.
   * Up to 3 s old; of a job that is being initialized, nothing but defaults.
   */
  async getConfiguration(options: CallOptions = {}): Promise<ShownConfiguration> {
    const signal = signalOf(options);
    const config = await known(this.jobId, this.#rest.jobConfig(this.jobId, signal));
    const checkpoints = await this.#rest.jobCheckpointsConfig(this.jobId, signal);
    return { ...config, ...(checkpoints ? { checkpoints } : {}) };
  }

  /** Up to 3 s old. */
  getCheckpoints(options: CallOptions = {}): Promise<Checkpoints> {
    return known(this.jobId, this.#rest.snapshots.checkpoints(this.jobId, signalOf(options)));
  }

  /**
   * How often the job restarted since its JobManager started it. Undefined while the JobManager has not counted yet: it
   * begins to when asked, and then does so every 10 s at most. Also undefined some time after the end.
   */
  async getRestarts(options: CallOptions = {}): Promise<number | undefined> {
    const metrics = await this.#rest.jobMetrics(this.jobId, ["numRestarts"], signalOf(options));
    const value = metrics.get("numRestarts");
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
  }

  /**
   * Between how many subtasks each vertex may have. Fresh. Flink >= 1.18 with the adaptive scheduler; of a job of another one the
   * FlinkError `Unsupported`, of one that is being initialized `ServerError`. A job that ended is `JobNotFound`.
   */
  getResourceRequirements(options: CallOptions = {}): Promise<ResourceRequirements> {
    return known(this.jobId, this.#rest.resources.requirements(this.jobId, signalOf(options)));
  }

  /**
   * Scales the job without a restart of it: asks for other bounds, of every vertex at once. Resolves when Flink has taken them; it
   * then restarts the job's tasks from the newest checkpoint when it holds the time for right, with as many as there are slots
   * for. Rejects as `getResourceRequirements`; with the FlinkError `BadRequest` for bounds that the job cannot have, and
   * `Unavailable` where the vertices are not the job's.
   */
  async updateResourceRequirements(
    requirements: ResourceRequirements,
    options: CallOptions = {},
  ): Promise<void> {
    const { resources } = this.#rest;
    await known(
      this.jobId,
      resources.require(this.jobId, requirements, signalOf(options)).then(() => true),
    );
  }

  /** Keeps a job that was submitted attached (`execution.attached` with shutdown-on-exit) alive until then. */
  async reportHeartbeat(expiresAt: Date, options: CallOptions = {}): Promise<void> {
    await this.#rest.reportHeartbeat(this.jobId, expiresAt.getTime(), signalOf(options));
  }

  #savepoint(
    options: SavepointOptions & { triggerId: string },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { triggerId, directory, formatType } = options;
    return this.#rest.snapshots.triggerSavepoint(this.jobId, { triggerId, directory, formatType }, signal);
  }

  #stop(options: StopOptions & { triggerId: string }, signal: AbortSignal | undefined): Promise<void> {
    const { triggerId, directory, formatType, advanceToEndOfEventTime: drain = false } = options;
    return this.#rest.snapshots.stop(this.jobId, { triggerId, directory, formatType, drain }, signal);
  }
}

/** For the caller to record before the request. */
export function newTriggerId(): string {
  return randomBytes(16).toString("hex");
}
