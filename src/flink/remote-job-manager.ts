import type { FlinkJobSpec } from "../api/flinkjob.ts";
import type { JobManagerView, JobRow, Look, RunOutcome } from "../core/observed.ts";
import type { RunRequest } from "../core/run-request.ts";
import type {
  Accumulator,
  Checkpoints,
  DisposalOperation,
  ExecutionResult,
  JobException,
  SavepointOperation,
  SavepointRequest,
  StopRequest,
} from "../core/snapshots.ts";
import { JarProblem, type JobManagerPort } from "../ports.ts";
import { JarError } from "./jars/jar-errors.ts";
import type { JarSource } from "./jars/jar-source.ts";
import { transferJar } from "./jars/jar-transfer.ts";
import { describeJobManager } from "./job-manager.ts";
import { FlinkError, isFlinkError } from "./rest/errors.ts";
import { FlinkRest, type FlinkRestOptions } from "./rest/flink-rest.ts";
import { classifyRun, failureOf, jobException } from "./run-outcome.ts";
import { runningMains } from "./running-mains.ts";

export interface RemoteJobManagerOptions extends FlinkRestOptions {
  jarSource: JarSource;
  longestJar: number;
  jarTimeoutMs: number;
}

/** One JobManager, in the core's words. */
export class RemoteJobManager implements JobManagerPort {
  readonly #rest: FlinkRest;
  readonly #options: RemoteJobManagerOptions;

  /** Throws the FlinkError `BadUrl`. */
  constructor(options: RemoteJobManagerOptions) {
    this.#options = options;
    this.#rest = new FlinkRest(options);
  }

  get connections(): number {
    return this.#rest.connections;
  }

  async describe(signal: AbortSignal): Promise<JobManagerView> {
    const { flinkVersion, submitEnabled } = await this.#rest.config(signal);
    const info = describeJobManager(flinkVersion, submitEnabled, await this.#rest.jobManagerConfig(signal));
    const { incarnation = "", protection, highAvailability, jobStoreExpirationMs, parallelismDefault } = info;
    const { supportsRunApplication, supportsFlinkConfiguration } = info;
    return {
      incarnation,
      flinkVersion,
      submitEnabled,
      protection,
      highAvailability,
      jobStoreExpirationMs,
      parallelismDefault,
      supportsRunApplication,
      supportsFlinkConfiguration,
    };
  }

  async listJobs(signal: AbortSignal): Promise<JobRow[]> {
    const rows = await this.#rest.jobsOverview(signal);
    return rows.map(({ id, name, state, startTime = 0, endTime = -1, tasks }) => {
      const { total, running, finished } = tasks;
      return { id, name, state, startTime, endTime, tasks: { total, running, finished } };
    });
  }

  /**
   * The order matters: a main() that ends while we look has submitted its job by then, so main()s are read before jobs. And
   * all must come from one process: where it changed meanwhile, the look-up fails and is taken again.
   */
  async lookUp(jobId: string, signal: AbortSignal): Promise<Omit<Look, "at" | "endedAt">> {
    const rest = this.#rest;
    const before = await this.describe(signal);
    const applications = before.supportsRunApplication;
    const threads = async () => runningMains(await rest.threadDump(signal)).length;
    let mains = applications ? 0 : await threads();
    const application = applications ? await rest.application(jobId, signal) : undefined;
    // From 2.3 on the application tells whether its main() runs, but for one that sticks in CANCELING.
    if (application?.state === "CANCELING") mains = await threads();
    const job = await rest.job(jobId, signal);
    const failure = await this.#failure(jobId, job?.state, application?.state, signal).catch(unknownCause);
    const after = await this.describe(signal);
    if (before.incarnation !== after.incarnation) {
      throw new FlinkError("Reset", "the JobManager was replaced during a look-up");
    }
    return {
      jobId,
      incarnation: after.incarnation,
      found: job !== undefined,
      mains,
      ...(application ? { application: { state: application.state, jobs: application.jobs.length } } : {}),
      ...(failure ? { failure } : {}),
    };
  }

  async cancelJob(jobId: string, signal: AbortSignal): Promise<void> {
    await unlessOver(this.#rest.cancelJob(jobId, signal));
  }

  async cancelApplication(jobId: string, signal: AbortSignal): Promise<void> {
    await unlessOver(this.#rest.cancelApplication(jobId, signal));
  }

  triggerSavepoint(jobId: string, request: SavepointRequest, signal: AbortSignal): Promise<void> {
    return this.#rest.snapshots.triggerSavepoint(jobId, request, signal);
  }

  stopWithSavepoint(jobId: string, request: StopRequest, signal: AbortSignal): Promise<void> {
    return this.#rest.snapshots.stop(jobId, request, signal);
  }

  savepointOperation(jobId: string, triggerId: string, signal: AbortSignal): Promise<SavepointOperation> {
    return this.#rest.snapshots.savepointOperation(jobId, triggerId, signal);
  }

  checkpoints(jobId: string, signal: AbortSignal): Promise<Checkpoints | undefined> {
    return this.#rest.snapshots.checkpoints(jobId, signal);
  }

  disposeSavepoint(path: string, signal: AbortSignal): Promise<string> {
    return this.#rest.snapshots.disposeSavepoint(path, signal);
  }

  disposalOperation(requestId: string, signal: AbortSignal): Promise<DisposalOperation> {
    return this.#rest.snapshots.disposalOperation(requestId, signal);
  }

  accumulators(jobId: string, signal: AbortSignal): Promise<Accumulator[] | undefined> {
    return this.#rest.accumulators(jobId, signal);
  }

  executionResult(jobId: string, signal: AbortSignal): Promise<ExecutionResult | undefined> {
    return this.#rest.executionResult(jobId, signal);
  }

  async exceptions(jobId: string, signal: AbortSignal): Promise<JobException[] | undefined> {
    return (await this.#rest.jobExceptions(jobId, signal))?.map(jobException);
  }

  async jobRestarts(jobId: string, signal: AbortSignal): Promise<number | undefined> {
    const value = (await this.#rest.jobMetrics(jobId, ["numRestarts"], signal)).get("numRestarts");
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
  }

  async run(
    jarId: string,
    request: RunRequest,
    application: boolean,
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    const { applicationId, ...body } = request;
    try {
      const reply = application
        ? await this.#rest.runApplication(jarId, { ...body, ...(applicationId && { applicationId }) }, signal)
        : await this.#rest.run(jarId, body, signal);
      return outcomeOf(classifyRun(reply));
    } catch (error) {
      if (error instanceof FlinkError) return outcomeOf(classifyRun(error));
      return {
        kind: "unknown",
        reason: "Internal",
        message: error instanceof Error ? error.message : String(error),
      };
    }
  }

  async transfer(source: FlinkJobSpec["jar"], fileName: string, signal: AbortSignal): Promise<string> {
    const { jarSource, longestJar, jarTimeoutMs } = this.#options;
    const { uri = "", sha256 } = source;
    const limits = { longest: longestJar, deadlineMs: jarTimeoutMs };
    try {
      const jar = await transferJar(jarSource, this.#rest, {
        uri,
        fileName,
        signal,
        ...limits,
        ...(sha256 === undefined ? {} : { sha256 }),
      });
      return jar.jarId;
    } catch (error) {
      throw jarProblem(error);
    }
  }

  async list(signal: AbortSignal): Promise<string[]> {
    return (await this.#rest.jars(signal)).map(({ id }) => id);
  }

  delete(jarId: string, signal: AbortSignal): Promise<void> {
    return this.#rest.deleteJar(jarId, signal);
  }

  close(): Promise<void> {
    return this.#rest.close();
  }

  async #failure(
    jobId: string,
    job: JobRow["state"] | undefined,
    application: string | undefined,
    signal: AbortSignal,
  ): Promise<Look["failure"]> {
    if (job === "FAILED") return failureOf((await this.#rest.jobExceptions(jobId, signal)) ?? []);
    if (application === "FAILED")
      return mainFailure(failureOf(await this.#rest.applicationExceptions(jobId, signal)));
    return undefined;
  }
}

/** That the job ended counts more than why: a cause that cannot be read must not hide the end. */
function unknownCause(error: unknown): undefined {
  if (!(error instanceof FlinkError)) throw error;
}

/** An application without a job that fails is a main() that fails. */
function mainFailure(failure: ReturnType<typeof failureOf>): Look["failure"] {
  return failure?.reason === "JobFailed" ? { ...failure, reason: "MainFailed" } : failure;
}

/** Gone or ended already: what was asked for is so, and the next look tells how. */
async function unlessOver(request: Promise<void>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!isFlinkError(error, "NotFound", "Conflict") && !(isFlinkError(error) && unknownApplication(error)))
      throw error;
  }
}

function unknownApplication(error: FlinkError): boolean {
  return error.hasCause("FlinkApplicationNotFoundException");
}

function outcomeOf(outcome: ReturnType<typeof classifyRun>): RunOutcome {
  if (outcome.kind !== "notSent") return outcome;
  const reason = outcome.reason === "DestinationNotAllowed" ? "DestinationNotAllowed" : "ClusterUnreachable";
  return { kind: "notSent", reason, message: outcome.message, retryable: true };
}

/** Before the run request: whatever went wrong with the JAR, nothing was submitted. */
function jarProblem(error: unknown): JarProblem {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof JarError) {
    return new JarProblem({ reason: error.code, message, retryable: error.retry === "backoff" }, error);
  }
  const unsent = isFlinkError(error) && error.sent === "no";
  return new JarProblem(
    { reason: unsent ? "ClusterUnreachable" : "JarFetchFailed", message, retryable: true },
    error,
  );
}
