import type {
  DisposalResult,
  OperationResult,
  SavepointEffect,
  SavepointNews,
} from "../../core/savepoints/observed.ts";
import type { SavepointRequest } from "../../core/snapshots.ts";
import type { Clock } from "../../kube/clock.ts";
import type { JobManagerPort } from "../../ports.ts";
import { readOperation, requestOperation } from "../savepoint-operations.ts";

export type FlinkEffect = Exclude<SavepointEffect, { kind: "addFinalizer" | "removeFinalizer" }>;
type Effect<Kind extends FlinkEffect["kind"]> = Extract<FlinkEffect, { kind: Kind }>;
type JobManager = Pick<
  JobManagerPort,
  "checkpoints" | "triggerSavepoint" | "savepointOperation" | "disposeSavepoint" | "disposalOperation"
>;
/** News without its times. */
type Told =
  | {
      kind: "checkpoints";
      jobId: string;
      checkpoints: Extract<SavepointNews, { kind: "checkpoints" }>["checkpoints"];
    }
  | { kind: "operation"; operationId: string; result: OperationResult }
  | { kind: "disposal"; url: string; result: DisposalResult };

/** What this process last heard of each FlinkSavepoint from Flink, by uid. */
export class SavepointsNews {
  readonly #clock: Clock;
  readonly #newest = new Map<string, SavepointNews>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(uid: string): SavepointNews | undefined {
    return this.#newest.get(uid);
  }

  forget(uid: string): void {
    this.#newest.delete(uid);
  }

  /** Carries out one effect and keeps what it told, messages as `told` lets them through. Throws FlinkError where no answer says anything. */
  async perform(
    uid: string,
    jobManager: JobManager,
    effect: FlinkEffect,
    told: (message: string) => string,
    signal: AbortSignal,
  ): Promise<void> {
    const at = this.#clock.now();
    const answer = asTold(await ask(jobManager, effect, signal), told);
    this.#newest.set(uid, { ...answer, at, endedAt: this.#clock.now() });
  }
}

function asTold(answer: Told, told: (message: string) => string): Told {
  if (answer.kind === "operation" && answer.result.state === "failed")
    return { ...answer, result: { ...answer.result, message: told(answer.result.message) } };
  if (answer.kind === "disposal" && answer.result.state === "failed")
    return { ...answer, result: { ...answer.result, message: told(answer.result.message) } };
  return answer;
}

async function ask(jobManager: JobManager, effect: FlinkEffect, signal: AbortSignal): Promise<Told> {
  switch (effect.kind) {
    case "readCheckpoints": {
      const { jobId } = effect;
      return { kind: "checkpoints", jobId, checkpoints: await jobManager.checkpoints(jobId, signal) };
    }
    case "triggerSavepoint":
      return {
        kind: "operation",
        operationId: effect.operationId,
        result: await requestOperation(jobManager.triggerSavepoint(effect.jobId, wishOf(effect), signal)),
      };
    case "readOperation":
      return {
        kind: "operation",
        operationId: effect.operationId,
        result: await readOperation(jobManager, effect, historyOf(jobManager, effect.jobId, signal), signal),
      };
    case "dispose": {
      const requestId = await jobManager.disposeSavepoint(effect.path, signal);
      return { kind: "disposal", url: effect.url, result: { state: "inProgress", requestId } };
    }
    case "readDisposal":
      return { kind: "disposal", url: effect.url, result: await readDisposal(jobManager, effect, signal) };
  }
}

function wishOf({ operationId, directory, formatType }: Effect<"triggerSavepoint">): SavepointRequest {
  return { triggerId: operationId, directory, formatType };
}

function historyOf(jobManager: JobManager, jobId: string, signal: AbortSignal) {
  return async () => ({ checkpoints: await jobManager.checkpoints(jobId, signal) });
}

async function readDisposal(
  jobManager: JobManager,
  { requestId }: Effect<"readDisposal">,
  signal: AbortSignal,
): Promise<DisposalResult> {
  const operation = await jobManager.disposalOperation(requestId, signal);
  switch (operation.state) {
    case "inProgress":
      return { state: "inProgress", requestId };
    case "completed":
      return { state: "disposed" };
    case "failed": {
      // Deleted before, by whomever: what was wanted is so.
      const gone = operation.className.endsWith(".FileNotFoundException");
      return gone ? { state: "disposed" } : { state: "failed", message: operation.message };
    }
    case "unknown":
      return { state: "unknown" };
  }
}
