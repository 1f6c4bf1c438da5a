import type { OperationSeen } from "../core/observed.ts";
import type { Effect } from "../core/step.ts";
import type { Clock } from "../kube/clock.ts";
import type { JobManagerPort } from "../ports.ts";
import { readOperation, requestOperation } from "./savepoint-operations.ts";

type AskingPort = Pick<JobManagerPort, "stopWithSavepoint" | "savepointOperation" | "snapshots">;
type OperationEffect = Extract<Effect, { kind: "stopWithSavepoint" | "readOperation" }>;

/** What this process last heard of the savepoints that jobs are stopped with, by FlinkJob. */
export class Operations {
  readonly #clock: Clock;
  readonly #seen = new Map<string, OperationSeen>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(uid: string): OperationSeen | undefined {
    return this.#seen.get(uid);
  }

  forget(uid: string): void {
    this.#seen.delete(uid);
  }

  /** Asks for a savepoint, or what became of it. `told`: what may be told of a message. Throws FlinkError where no answer says anything. */
  async perform(
    uid: string,
    jobManager: AskingPort,
    effect: OperationEffect,
    told: (message: string) => string,
    signal: AbortSignal,
  ): Promise<void> {
    const { jobId, operationId } = effect;
    const at = this.#clock.now();
    const answer = await ask(jobManager, effect, signal);
    const result = answer.state === "failed" ? { ...answer, message: told(answer.message) } : answer;
    this.#seen.set(uid, { jobId, operationId, at, endedAt: this.#clock.now(), result });
  }
}

async function ask(
  jobManager: AskingPort,
  effect: OperationEffect,
  signal: AbortSignal,
): Promise<OperationSeen["result"]> {
  const { jobId, operationId } = effect;
  if (effect.kind === "readOperation") {
    const history = async () => ({ snapshots: await jobManager.snapshots(jobId, signal) });
    return readOperation(jobManager, effect, history, signal);
  }
  const { directory, formatType } = effect;
  const wish = { triggerId: operationId, directory, formatType, drain: false };
  const answer = await requestOperation(jobManager.stopWithSavepoint(jobId, wish, signal));
  return answer.state === "failed" ? { state: "failed", message: answer.message } : answer;
}
