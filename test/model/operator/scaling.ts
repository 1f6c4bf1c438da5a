import type { RequirementsSeen } from "../../../src/core/observed.ts";
import type { Effect } from "../../../src/core/step.ts";
import * as invariants from "../truth/invariants.ts";
import type { World } from "../world/world.ts";
import type { Operator } from "./operator.ts";
import { parallelismIn, requirementsSeen } from "./seen.ts";

type ScalingEffect = Extract<Effect, { kind: "readRequirements" | "requireResources" }>;

/** Asks what is required of Flink, or for something else; anything may happen until the answer is there. */
export function call(world: World, operator: Operator, effect: ScalingEffect): void {
  const { jobId } = effect;
  const asks = effect.kind === "requireResources" ? parallelismIn(effect.requirements) : undefined;
  if (asks !== undefined) invariants.requires(world, operator.task!.version, asks);
  const index = world.operators.indexOf(operator);
  const { epoch } = operator;
  world.network.ask({ operator: index, epoch, jobId, asks, at: world.current, leftAt: world.now });
  operator.task = { ...operator.task!, stage: "call" };
}

/** What this process remembers of it (src/controller/requirements.ts). */
export function hears(world: World, id: number, result: RequirementsSeen["result"]): void {
  const { operator: index, jobId } = world.network.call(id)!;
  world.network.endCall(id);
  const operator = world.operators[index]!;
  const { incarnation } = operator.task!.step.effect as ScalingEffect;
  const before = operator.requirements;
  const at = world.time;
  const requiredAt = result.kind === "asked" ? at : before?.jobId === jobId ? before.requiredAt : undefined;
  operator.requirements = requirementsSeen({
    ...{ jobId, at, incarnation, result },
    ...(requiredAt === undefined ? {} : { requiredAt }),
  });
  operator.task = undefined;
  operator.queued = true;
}
