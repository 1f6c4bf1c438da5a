import { arrive } from "../flink/main.ts";
import { outcomes } from "../flink/outcomes.ts";
import * as invariants from "../truth/invariants.ts";
import type { Move } from "../world/moves.ts";
import type { World } from "../world/world.ts";
import type { Request } from "./network.ts";

const each =
  (can: (request: Request, world: World) => boolean): Move["offer"] =>
  (world, offer) => {
    for (const request of world.network.requests) if (can(request, world)) offer(request.id % 1024);
  };
const from = (world: World, id: number) => {
  const request = world.network.get(id);
  const sender = request?.operator === -1 ? "the network" : `operator ${"AB"[request?.operator ?? 0]}`;
  return `the run request of ${sender} for ${world.short(request?.jobId)}`;
};
/** Its sender died, or somebody else sent it again. */
const orphaned = ({ operator, epoch }: Request, world: World) => {
  const sender = world.operators[operator];
  return !sender?.alive || sender.epoch !== epoch;
};

/** Run requests and their answers: late, lost, doubled. */
export const networkMoves: readonly Move[] = [
  {
    name: "arrives",
    offer: each(({ phase }) => phase === "way"),
    make: (world, id) => {
      const request = world.network.get(id)!;
      world.current = request.at;
      if (!world.manager.up) {
        // Whatever sent it twice has taken it from us: the 502 or 503 is its own, and says nothing of the copy.
        world.deliver(id, request.doubled ? outcomes.reset : outcomes.refused);
        return;
      }
      world.network.set(id, { phase: "there" });
      if (!request.doubled) world.ledger.arrived(request.jobId);
      invariants.arrives(world, request.jobId);
      arrive(world.manager, request, world.setting, world);
    },
    tell: (world, id) => `${from(world, id)} arrives${world.manager.up ? "" : " where nobody listens"}`,
  },
  {
    name: "answers",
    offer: each(({ phase }) => phase === "answer"),
    make: (world, id) => world.deliver(id, world.network.get(id)!.outcome!),
    tell: (world, id) => {
      const { outcome } = world.network.get(id)!;
      return `${from(world, id)} is answered: ${outcome?.kind} ${outcome && "reason" in outcome ? outcome.reason : ""}`;
    },
  },
  {
    name: "loses",
    unneeded: true,
    offer: (world, offer) =>
      each((request) => request.phase === "way" && (world.left.lostRequests > 0 || orphaned(request, world)))(
        world,
        offer,
      ),
    make: (world, id) => {
      if (!orphaned(world.network.get(id)!, world)) world.left.lostRequests--;
      world.deliver(id, outcomes.reset);
    },
    tell: (world, id) => `${from(world, id)} is lost on its way`,
  },
  {
    name: "losesAnswer",
    unneeded: true,
    offer: (world, offer) => {
      if (world.left.lostAnswers > 0)
        each((request) => request.phase !== "way" && !orphaned(request, world))(world, offer);
    },
    make: (world, id) => {
      world.left.lostAnswers--;
      world.deliver(id, outcomes.reset);
    },
    tell: (world, id) => `the connection of ${from(world, id)} breaks; what becomes of it nobody is told`,
  },
  {
    name: "duplicates",
    unneeded: true,
    offer: (world, offer) => {
      if (world.left.duplicatedRequests > 0)
        each(({ phase, operator }) => phase === "way" && operator !== -1)(world, offer);
    },
    make: (world, id) => {
      world.left.duplicatedRequests--;
      world.network.duplicate(id);
    },
    tell: (world, id) => `something on the way sends ${from(world, id)} twice`,
  },
];
