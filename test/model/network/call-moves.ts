import type { RequirementsSeen } from "../../../src/core/observed.ts";
import { hears } from "../operator/scaling.ts";
import { requirementsOf } from "../operator/seen.ts";
import * as invariants from "../truth/invariants.ts";
import type { Move } from "../world/moves.ts";
import type { World } from "../world/world.ts";
import type { Call } from "./network.ts";

const each =
  (can: (call: Call, world: World) => boolean): Move["offer"] =>
  (world, offer) => {
    for (const call of world.network.calls) if (can(call, world)) offer(call.id % 1024);
  };
const text = (world: World, id: number) => {
  const { operator, jobId, asks } = world.network.call(id)!;
  const what = asks === undefined ? "question what is required" : `request for parallelism ${asks}`;
  return `the ${what} of ${world.short(jobId)} by operator ${"AB"[operator]}`;
};
/** Nobody waits for its answer any more. */
const orphaned = ({ operator, epoch }: Call, { operators }: World) => {
  const { alive, epoch: now } = operators[operator]!;
  return !alive || now !== epoch;
};

/** Flink is asked how much parallelism a job asks for, and to give it another: on the way there, and back. */
export const callMoves: readonly Move[] = [
  {
    name: "callArrives",
    offer: each(({ answer }) => answer === undefined),
    make: (world, id) => {
      const call = world.network.call(id)!;
      world.current = call.at;
      const answer = carryOut(world, call);
      if (orphaned(call, world)) world.network.endCall(id);
      else world.network.answerCall(id, answer);
    },
    tell: (world, id) => `${text(world, id)} arrives`,
  },
  {
    name: "callIsAnswered",
    offer: each(({ answer }) => answer !== undefined),
    make: (world, id) => hears(world, id, world.network.call(id)!.answer!),
    tell: (world, id) => `${text(world, id)} is answered: ${world.network.call(id)!.answer?.kind}`,
  },
  {
    name: "callIsLost",
    unneeded: true,
    offer: (world, offer) =>
      each((call) => orphaned(call, world) || world.left.lostAnswers > 0)(world, offer),
    make: (world, id) => {
      if (orphaned(world.network.call(id)!, world)) world.network.endCall(id);
      else {
        world.left.lostAnswers--;
        hears(world, id, { kind: "failed" });
      }
    },
    tell: (world, id) =>
      `${text(world, id)} is lost${world.network.call(id)!.answer ? " on its way back" : " on its way"}`,
  },
];

/** In these states its scheduler answers. */
const SCHEDULED = new Set(["CREATED", "RUNNING", "RESTARTING"]);

function carryOut(world: World, { jobId, asks }: Call): RequirementsSeen["result"] {
  const { manager, setting } = world;
  const job = manager.up ? manager.job(jobId) : undefined;
  if (!job || !SCHEDULED.has(job.state)) return { kind: "failed" };
  if (setting.batch) return { kind: "unsupported" };
  if (asks === undefined)
    return { kind: "read", requirements: requirementsOf(manager.requiredOf(jobId, job.content)) };
  if (asks > (setting.mostParallelism ?? asks))
    return {
      kind: "refused",
      message: `more than ${setting.mostParallelism}`,
      requirements: requirementsOf(asks),
    };
  world.note(() => `  it is to run with parallelism ${asks}`);
  manager.require(jobId, asks);
  invariants.isRequired(world, jobId, asks);
  return { kind: "asked" };
}
