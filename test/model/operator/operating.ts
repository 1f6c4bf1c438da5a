import type { OperationSeen } from "../../../src/core/observed.ts";
import type { Effect } from "../../../src/core/step.ts";
import { askToStop } from "../flink/snapshots.ts";
import type { World } from "../world/world.ts";
import { RETRY_MS } from "./deciding.ts";
import type { Operator } from "./operator.ts";
import { operationOf, snapshotsOf } from "./seen.ts";

type OperationEffect = Extract<Effect, { kind: "stopWithSavepoint" | "readOperation" }>;

/** Asks for a stop with savepoint, or what became of it (src/controller/operations.ts). */
export function operate(
  world: World,
  operator: Operator,
  effect: OperationEffect,
  answerLost: boolean,
): void {
  const { manager, time, now } = world;
  const { jobId, operationId } = effect;
  operator.task = undefined;
  let known = manager.up;
  if (known && effect.kind === "stopWithSavepoint") known = askToStop(manager, jobId, operationId, now);
  if (!known || answerLost) {
    operator.requeue(now + RETRY_MS, now);
    return;
  }
  const result: OperationSeen["result"] =
    effect.kind === "stopWithSavepoint" ? { state: "requested" } : read(world, effect);
  operator.operation = operationOf({ jobId, operationId, at: time, endedAt: time, result });
  operator.queued = true;
  world.note(() => `  it hears: ${result.state}`);
}

function read(world: World, { jobId, operationId }: OperationEffect): OperationSeen["result"] {
  const operation = world.manager.operations.find(({ id }) => id === operationId);
  switch (operation?.state) {
    case "inProgress":
    case "taken":
      return { state: "inProgress" };
    case "completed":
      return { state: "completed", path: operation.path };
    case "failed":
      return { state: "failed", message: "the savepoint could not be written" };
    case undefined:
      return { state: "unknown", snapshots: snapshotsOf(world, jobId) };
  }
}
