import type { OperationSeen } from "../core/observed.ts";
import type { Effect } from "../core/step.ts";
import type { Clock } from "../kube/clock.ts";
import type { JobManagerPort } from "../ports.ts";

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
    const answer =
      effect.kind === "readOperation"
        ? await read(jobManager, effect, signal)
        : await request(jobManager, effect, signal);
    const result = answer.state === "failed" ? { ...answer, message: told(answer.message) } : answer;
    this.#seen.set(uid, { jobId, operationId, at, endedAt: this.#clock.now(), result });
  }
}

async function request(
  jobManager: Pick<JobManagerPort, "stopWithSavepoint">,
  { jobId, operationId, directory, formatType }: Extract<OperationEffect, { kind: "stopWithSavepoint" }>,
  signal: AbortSignal,
): Promise<OperationSeen["result"]> {
  const wish = { triggerId: operationId, directory, formatType, drain: false };
  try {
    await jobManager.stopWithSavepoint(jobId, wish, signal);
    return { state: "requested" };
  } catch (error) {
    // Refused before anything began; anything else is looked into.
    if (isRefusal(error)) return { state: "failed", message: error.message };
    throw error;
  }
}

async function read(
  jobManager: Pick<JobManagerPort, "savepointOperation" | "snapshots">,
  { jobId, operationId }: OperationEffect,
  signal: AbortSignal,
): Promise<OperationSeen["result"]> {
  const operation = await jobManager.savepointOperation(jobId, operationId, signal);
  switch (operation.state) {
    case "inProgress":
      return { state: "inProgress" };
    case "completed":
      return { state: "completed", path: operation.location };
    case "failed":
      return { state: "failed", message: operation.message };
    case "unknown":
      return { state: "unknown", snapshots: await jobManager.snapshots(jobId, signal) };
  }
}

function isRefusal(error: unknown): error is Error {
  const { code } = error as { code?: unknown };
  return error instanceof Error && (code === "NoSavepointDirectory" || code === "BadRequest");
}
