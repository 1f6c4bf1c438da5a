import type { Jar } from "../api/flinkjob.ts";
import type { ShownConfiguration } from "../core/configuration/shown-configuration.ts";
import type { JobManagerView, JobRow, Look, RunOutcome, Snapshots } from "../core/observed.ts";
import type { ResourceRequirements } from "../core/resource-requirements.ts";
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
  VerbatimResult,
} from "../core/snapshots.ts";
import { JarProblem, type JobManagerPort } from "../ports.ts";
import { ClusterClient, type ClusterClientOptions } from "./clients/cluster-client.ts";
import { isJobError } from "./clients/job-error.ts";
import { JarError } from "./jars/jar-errors.ts";
import type { JarSource } from "./jars/jar-source.ts";
import { transferJar } from "./jars/jar-transfer.ts";
import { FlinkError, isFlinkError } from "./rest/errors.ts";
import type { classifyRun } from "./run-outcome.ts";

export interface RemoteJobManagerOptions extends ClusterClientOptions {
  jarSource: JarSource;
  longestJar: number;
  jarTimeoutMs: number;
}

/** A ClusterClient and its JobClients, in the core's words. */
export class RemoteJobManager implements JobManagerPort {
  readonly #cluster: ClusterClient;
  readonly #options: RemoteJobManagerOptions;

  /** Throws the FlinkError `BadUrl`. */
  constructor(options: RemoteJobManagerOptions) {
    this.#options = options;
    this.#cluster = new ClusterClient(options);
  }

  get connections(): number {
    return this.#cluster.connections;
  }

  async describe(signal: AbortSignal): Promise<JobManagerView> {
    const info = await this.#cluster.describe({ signal });
    return {
      incarnation: info.incarnation ?? "",
      flinkVersion: info.flinkVersion,
      submitEnabled: info.submitEnabled,
      protection: info.protection,
      highAvailability: info.highAvailability,
      jobStoreExpirationMs: info.jobStoreExpirationMs,
      parallelismDefault: info.parallelismDefault,
      supportsRunApplication: info.supportsRunApplication,
      supportsFlinkConfiguration: info.supportsFlinkConfiguration,
      supportsRescaling: info.supportsRescaling,
    };
  }

  async listJobs(signal: AbortSignal): Promise<JobRow[]> {
    const rows = await this.#cluster.listJobs({ signal });
    return rows.map(({ id, name, state, startTime = 0, endTime = -1, tasks }) => {
      const { total, running, finished } = tasks;
      return { id, name, state, startTime, endTime, tasks: { total, running, finished } };
    });
  }

  async lookUp(jobId: string, signal: AbortSignal, alone = false): Promise<Omit<Look, "at" | "endedAt">> {
    const {
      incarnation = "",
      state,
      mains,
      application,
      failure,
    } = await this.#cluster.lookUp(jobId, {
      signal,
      alone,
    });
    const left = state && (await this.#cluster.leftBehind(jobId, state === "FINISHED", { signal }));
    return {
      jobId,
      incarnation,
      found: state !== undefined,
      mains,
      ...(application ? { application } : {}),
      ...(failure ? { failure } : {}),
      ...left,
    };
  }

  snapshots(jobId: string, signal: AbortSignal): Promise<Snapshots | undefined> {
    return this.#cluster.snapshots(jobId, { signal });
  }

  cancelJob(jobId: string, signal: AbortSignal): Promise<void> {
    return unlessOver(this.#job(jobId).cancel({ signal }));
  }

  cancelApplication(jobId: string, signal: AbortSignal): Promise<void> {
    return unlessOver(this.#cluster.cancelApplication(jobId, { signal }));
  }

  async triggerSavepoint(jobId: string, request: SavepointRequest, signal: AbortSignal): Promise<void> {
    await this.#job(jobId).triggerDetachedSavepoint({ ...request, signal });
  }

  async stopWithSavepoint(
    jobId: string,
    { drain, ...request }: StopRequest,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#job(jobId).stopWithDetachedSavepoint({ ...request, advanceToEndOfEventTime: drain, signal });
  }

  savepointOperation(jobId: string, triggerId: string, signal: AbortSignal): Promise<SavepointOperation> {
    return this.#job(jobId).savepointOperation(triggerId, { signal });
  }

  checkpoints(jobId: string, signal: AbortSignal): Promise<Checkpoints | undefined> {
    return unlessNotFound(this.#job(jobId).getCheckpoints({ signal }));
  }

  disposeSavepoint(path: string, signal: AbortSignal): Promise<string> {
    return this.#cluster.disposeDetachedSavepoint(path, { signal });
  }

  disposalOperation(requestId: string, signal: AbortSignal): Promise<DisposalOperation> {
    return this.#cluster.disposalOperation(requestId, { signal });
  }

  async accumulators(jobId: string, signal: AbortSignal): Promise<Accumulator[] | undefined> {
    const accumulators = await unlessNotFound(this.#job(jobId).getAccumulators({ signal }));
    return accumulators && [...accumulators.values()];
  }

  executionResult(jobId: string, signal: AbortSignal): Promise<ExecutionResult | undefined> {
    return this.#job(jobId).readResult({ signal });
  }

  verbatimResult(jobId: string, longest: number, signal: AbortSignal): Promise<VerbatimResult | undefined> {
    return this.#job(jobId).readVerbatimResult(longest, { signal });
  }

  configuration(jobId: string, signal: AbortSignal): Promise<ShownConfiguration | undefined> {
    return unlessNotFound(this.#job(jobId).getConfiguration({ signal }));
  }

  exceptions(jobId: string, signal: AbortSignal): Promise<JobException[] | undefined> {
    return unlessNotFound(this.#job(jobId).getExceptions({ signal }));
  }

  jobRestarts(jobId: string, signal: AbortSignal): Promise<number | undefined> {
    return this.#job(jobId).getRestarts({ signal });
  }

  async resourceRequirements(
    jobId: string,
    signal: AbortSignal,
  ): Promise<ResourceRequirements | "unsupported" | undefined> {
    try {
      return await unlessNotFound(this.#job(jobId).getResourceRequirements({ signal }));
    } catch (error) {
      if (isFlinkError(error, "Unsupported")) return "unsupported";
      throw error;
    }
  }

  async requireResources(
    jobId: string,
    requirements: ResourceRequirements,
    signal: AbortSignal,
  ): Promise<"taken" | { refused: string }> {
    try {
      await this.#job(jobId).updateResourceRequirements(requirements, { signal });
      return "taken";
    } catch (error) {
      if (isJobError(error, "JobNotFound")) throw new FlinkError("NotFound", error.message, { cause: error });
      const refusal = isFlinkError(error, "BadRequest") ? error.causes.at(-1)?.message : undefined;
      if (refusal === undefined) throw error;
      return { refused: refusal.replaceAll(/\s*\n\s*/g, " ") };
    }
  }

  async run(
    jarId: string,
    request: RunRequest,
    application: boolean,
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    return outcomeOf(await this.#cluster.run(jarId, request, { application, signal }));
  }

  async transfer(source: Jar, fileName: string, signal: AbortSignal): Promise<string> {
    const { jarSource, longestJar, jarTimeoutMs } = this.#options;
    const { uri = "", sha256 } = source;
    const limits = { longest: longestJar, deadlineMs: jarTimeoutMs };
    try {
      const jar = await transferJar(jarSource, this.#cluster, {
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
    return (await this.#cluster.listJars({ signal })).map(({ id }) => id);
  }

  delete(jarId: string, signal: AbortSignal): Promise<void> {
    return this.#cluster.deleteJar(jarId, { signal });
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  #job(jobId: string) {
    return this.#cluster.jobClient(jobId);
  }
}

async function unlessNotFound<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isJobError(error, "JobNotFound")) return undefined;
    throw error;
  }
}

/** Gone or ended already: what was asked for is so, and the next look tells how. */
async function unlessOver(request: Promise<void>): Promise<void> {
  try {
    await request;
  } catch (error) {
    const over =
      isJobError(error, "JobNotFound") ||
      isFlinkError(error, "NotFound", "Conflict") ||
      (isFlinkError(error) && error.hasCause("FlinkApplicationNotFoundException"));
    if (!over) throw error;
  }
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
