import { randomBytes } from "node:crypto";
import type { Snapshots } from "../../core/observed.ts";
import type { RunRequest } from "../../core/run-request.ts";
import type { DisposalOperation } from "../../core/snapshots.ts";
import { type JobManagerInfo, readJobManager } from "../job-manager.ts";
import type { RequestsOptions } from "../rest/connection-options.ts";
import { FlinkError } from "../rest/errors.ts";
import { FlinkRest } from "../rest/flink-rest.ts";
import type { UploadOptions } from "../rest/multipart.ts";
import { classifyRun, type RunOutcome } from "../run-outcome.ts";
import { type CallOptions, signalOf, type WaitOptions, Watch } from "./calls.ts";
import { JobClient } from "./job-client.ts";
import { JobError } from "./job-error.ts";
import type { JobSummary } from "./job-facts.ts";
import { type LeftBehind, readLeftBehind, readRunningSnapshots } from "./left-behind.ts";
import { lookUp, type Whereabouts } from "./look-up.ts";
import { operationFailed } from "./snapshot-taking.ts";
import { type SubmitRequest, submit } from "./submission.ts";

export type ClusterClientOptions = RequestsOptions;

/** A JAR that was uploaded. */
export interface JarSummary {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly uploaded: number;
}

/**
 * One Flink cluster: its Dispatcher, in FLIP-74's words. Every method rejects with a FlinkError (the request) or a JobError
 * (what became of it). Connections are kept and shared; `close` ends them.
 */
export class ClusterClient implements AsyncDisposable {
  /** The REST API as it is, for those who have their own protocol. */
  readonly #rest: FlinkRest;

  /** Makes no connection. Throws the FlinkError `BadUrl`. */
  constructor(options: ClusterClientOptions) {
    this.#rest = new FlinkRest(options);
  }

  /** TCP connections made so far: after a new one, another JobManager process may have answered. */
  get connections(): number {
    return this.#rest.connections;
  }

  /** Where a person looks. */
  getWebInterfaceUrl(): string {
    return this.#rest.url;
  }

  /** Version, incarnation, protection and what else one JobManager process says of itself. */
  describe(options: CallOptions = {}): Promise<JobManagerInfo> {
    return readJobManager(this.#rest, signalOf(options));
  }

  /** The cluster's effective configuration, by Flink's option keys. */
  getFlinkConfiguration(options: CallOptions = {}): Promise<ReadonlyMap<string, string>> {
    return this.#rest.jobManagerConfig(signalOf(options));
  }

  /** Everything that runs, and what ended within `jobstore.expiration-time` (1 h) on this JobManager. Fresh. */
  listJobs(options: CallOptions = {}): Promise<JobSummary[]> {
    return this.#rest.jobsOverview(signalOf(options));
  }

  /** A job on this cluster, whoever submitted it. Makes no request. Throws a TypeError for what is no JobID. */
  jobClient(jobId: string): JobClient {
    return JobClient.of(this.#rest, jobId);
  }

  /**
   * Runs main() of a JAR and resolves with its job, once that is there: as long as main() takes. Submitting again under the
   * same JobID runs no second job. Rejects with a FlinkError where provably nothing was sent, otherwise with the JobErrors
   * `SubmissionFailed`, `SubmissionUnknown`, `DuplicateSubmission`, which tell the JobID.
   */
  async submit(request: SubmitRequest, options: WaitOptions = {}): Promise<JobClient> {
    const job = this.jobClient(request.jobId ?? newJobId());
    await submit(this.#rest, request, job.jobId, options);
    return job;
  }

  /** One run request and what its answer says; never rejects. `application`: /run-application, Flink >= 2.3. */
  async run(
    jarId: string,
    request: RunRequest,
    { application, signal }: { application: boolean; signal?: AbortSignal | undefined },
  ): Promise<RunOutcome> {
    const { applicationId, ...body } = request;
    try {
      const reply = application
        ? await this.#rest.runApplication(jarId, { ...body, ...(applicationId && { applicationId }) }, signal)
        : await this.#rest.run(jarId, body, signal);
      return classifyRun(reply);
    } catch (error) {
      if (error instanceof FlinkError) return classifyRun(error);
      const message = error instanceof Error ? error.message : String(error);
      return { kind: "unknown", reason: "Internal", message };
    }
  }

  /**
   * Where a JobID stands: its job, its application, and the main()s that may yet bring it. `alone`: the JobManager runs main()
   * of this job itself (application mode), so whichever application it has is this one.
   */
  lookUp(jobId: string, options: CallOptions & { alone?: boolean } = {}): Promise<Whereabouts> {
    return lookUp(this.#rest, jobId, { signal: signalOf(options), alone: options.alone ?? false });
  }

  /**
   * What a job has left so far: the snapshots that another can start from; once it has finished, its accumulators.
   * @internal
   */
  leftBehind(jobId: string, finished: boolean, options: CallOptions = {}): Promise<LeftBehind> {
    return readLeftBehind(this.#rest, jobId, finished, signalOf(options));
  }

  /**
   * The snapshots of a job that runs. Rejects where Flink may tell them later.
   * @internal
   */
  snapshots(jobId: string, options: CallOptions = {}): Promise<Snapshots | undefined> {
    return readRunningSnapshots(this.#rest, jobId, signalOf(options));
  }

  /** Flink >= 2.3: ends an application, also while its main() runs. The FlinkError `NotFound`: no such application, or it ended otherwise. */
  cancelApplication(applicationId: string, options: CallOptions = {}): Promise<void> {
    return this.#rest.cancelApplication(applicationId, signalOf(options));
  }

  listJars(options: CallOptions = {}): Promise<JarSummary[]> {
    return this.#rest.jars(signalOf(options));
  }

  /** Resolves with the JarId. Has no deadline of its own. */
  uploadJar(upload: UploadOptions): Promise<string> {
    return this.#rest.uploadJar(upload);
  }

  /** A JAR that is not there is no error. A main() that still runs from it will fail. */
  deleteJar(jarId: string, options: CallOptions = {}): Promise<void> {
    return this.#rest.deleteJar(jarId, signalOf(options));
  }

  /** Deletes a savepoint's files. Rejects with the JobError `OperationFailed`; `java.io.FileNotFoundException`: there are none. */
  async disposeSavepoint(path: string, options: WaitOptions = {}): Promise<void> {
    const watch = new Watch(options);
    const triggerId = await this.#rest.snapshots.disposeSavepoint(path, watch.signal);
    await over(watch, triggerId, () => this.#rest.snapshots.disposalOperation(triggerId, watch.signal));
  }

  /** Only asks for it. Resolves with Flink's own request ID, under which `disposalOperation` tells what became of it. */
  disposeDetachedSavepoint(path: string, options: CallOptions = {}): Promise<string> {
    return this.#rest.snapshots.disposeSavepoint(path, signalOf(options));
  }

  disposalOperation(requestId: string, options: CallOptions = {}): Promise<DisposalOperation> {
    return this.#rest.snapshots.disposalOperation(requestId, signalOf(options));
  }

  /** Results that jobs left on the cluster for later jobs. */
  async listCompletedClusterDatasetIds(options: CallOptions = {}): Promise<string[]> {
    const sets = await this.#rest.datasets.list(signalOf(options));
    return sets.filter(({ isComplete }) => isComplete).map(({ id }) => id);
  }

  async invalidateClusterDataset(id: string, options: WaitOptions = {}): Promise<void> {
    const watch = new Watch(options);
    const triggerId = await this.#rest.datasets.delete(id, watch.signal);
    await over(watch, triggerId, () => this.#rest.datasets.deletion(triggerId, watch.signal));
  }

  /** Ends the cluster and every job on it. Resolves when the JobManager has taken the order. */
  shutDownCluster(options: CallOptions = {}): Promise<void> {
    return this.#rest.shutDown(signalOf(options));
  }

  /** Ends every request and connection. Flink goes on with what it was told. */
  close(): Promise<void> {
    return this.#rest.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** For the caller to record before the submission. */
export function newJobId(): string {
  return randomBytes(16).toString("hex");
}

async function over(watch: Watch, triggerId: string, read: () => Promise<DisposalOperation>): Promise<void> {
  const operation = await watch.until(async () => {
    const seen = await read();
    return seen.state === "inProgress" ? undefined : seen;
  });
  if (operation.state === "failed") throw operationFailed(operation, { triggerId });
  if (operation.state === "unknown")
    throw new JobError("OperationUnknown", "Flink forgot the request", { triggerId, retry: "backoff" });
}
