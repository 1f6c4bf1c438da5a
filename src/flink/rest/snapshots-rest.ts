import type {
  Checkpoints,
  CheckpointType,
  DisposalOperation,
  SavepointOperation,
  SavepointRequest,
  StopRequest,
} from "../../core/snapshots.ts";
import { FlinkError, isFlinkError } from "./errors.ts";
import { type Requests, unlessUnknown } from "./requests.ts";
import * as replies from "./snapshot-replies.ts";

/**
 * Checkpoints and savepoints in the REST API of one JobManager. What takes one is asked for with a trigger ID of the
 * caller's and then read: asked again under the same ID, Flink does nothing, until it forgets the ID five minutes after
 * the end (`rest.async.store-duration`) or with its process.
 */
export class SnapshotsRest {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /**
   * Resolves when the request is registered: whether a savepoint is taken must be read. The FlinkError
   * `NoSavepointDirectory`: neither the request nor the cluster names one, nothing was begun.
   */
  async triggerSavepoint(jobId: string, request: SavepointRequest, signal?: AbortSignal): Promise<void> {
    const { triggerId, directory, formatType } = request;
    const body = {
      triggerId,
      "cancel-job": false,
      ...(directory !== undefined && { "target-directory": directory }),
      ...(formatType !== undefined && { formatType }),
    };
    await this.#trigger(`/jobs/${jobId}/savepoints`, triggerId, body, signal);
  }

  /** As `triggerSavepoint`; the job ends FINISHED with it. Flink registers it for a job that is not there as well. */
  async stop(jobId: string, request: StopRequest, signal?: AbortSignal): Promise<void> {
    const { triggerId, directory, formatType, drain } = request;
    const body = {
      triggerId,
      drain,
      ...(directory !== undefined && { targetDirectory: directory }),
      ...(formatType !== undefined && { formatType }),
    };
    await this.#trigger(`/jobs/${jobId}/stop`, triggerId, body, signal);
  }

  /** Of savepoints and stops alike. */
  async savepointOperation(
    jobId: string,
    triggerId: string,
    signal?: AbortSignal,
  ): Promise<SavepointOperation> {
    const path = `/jobs/${jobId}/savepoints/${triggerId}`;
    return unlessForgotten(this.#requests.get(path, replies.savepointOperation, { signal }));
  }

  /** Flink >= 1.17. */
  async triggerCheckpoint(
    jobId: string,
    triggerId: string,
    checkpointType: CheckpointType,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#trigger(`/jobs/${jobId}/checkpoints`, triggerId, { triggerId, checkpointType }, signal);
  }

  async checkpointOperation(
    jobId: string,
    triggerId: string,
    signal?: AbortSignal,
  ): Promise<replies.CheckpointOperation> {
    const path = `/jobs/${jobId}/checkpoints/${triggerId}`;
    return unlessForgotten(this.#requests.get(path, replies.checkpointOperation, { signal }));
  }

  /** Up to 3 s old. Undefined only if Flink itself says that it knows no such job. */
  checkpoints(jobId: string, signal?: AbortSignal): Promise<Checkpoints | undefined> {
    return unlessUnknown(this.#requests.get(`/jobs/${jobId}/checkpoints`, replies.checkpoints, { signal }));
  }

  /** Asks for the deletion of a savepoint's files and resolves with Flink's own request ID: it takes none of ours. */
  disposeSavepoint(path: string, signal?: AbortSignal): Promise<string> {
    return this.#requests.post("/savepoint-disposal", { "savepoint-path": path }, replies.triggered, signal);
  }

  /** `failed` with `java.io.FileNotFoundException`: there is no such savepoint (any more). */
  async disposalOperation(requestId: string, signal?: AbortSignal): Promise<DisposalOperation> {
    const path = `/savepoint-disposal/${requestId}`;
    return unlessForgotten(this.#requests.get(path, replies.disposalOperation, { signal }));
  }

  async #trigger(
    path: string,
    triggerId: string,
    body: object,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const requestId = await this.#requests.post(path, body, replies.triggered, signal).catch(refused);
    if (requestId.toLowerCase() === triggerId.toLowerCase()) return;
    // Flink before 1.15 drops the ID without a word: the next try would take another savepoint.
    throw new FlinkError("BadReply", `POST ${path}: this Flink takes no trigger ID of the caller's`);
  }
}

function refused(error: unknown): never {
  if (isFlinkError(error, "BadRequest") && noDirectory.test(error.flinkText ?? "")) {
    const message = "neither the request nor the cluster's configuration names a savepoint directory";
    throw new FlinkError("NoSavepointDirectory", message, { status: error.status ?? 400, cause: error });
  }
  throw error;
}

const noDirectory = /Property \[target-?directory\] must be provided/i;

export async function unlessForgotten<T>(found: Promise<T>): Promise<T | { state: "unknown" }> {
  try {
    return await found;
  } catch (error) {
    if (isFlinkError(error, "NotFound") && forgotten.test(error.flinkText ?? "")) return { state: "unknown" };
    throw error;
  }
}

/** In Flink's own words only: the 404 of a proxy says nothing of the operation. */
const forgotten = /There is no \w+ operation with triggerId=|Operation not found under key/;
