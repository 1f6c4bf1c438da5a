import type { Move } from "../world/moves.ts";
import type { Budget } from "../world/setting.ts";
import type { World } from "../world/world.ts";
import { EPOCH } from "./api-server.ts";

const alive = ({ api }: World) => api.newest.job !== undefined;
const kept = (world: World) => alive(world) && world.api.newest.job?.metadata.deletionTimestamp === undefined;

function action(
  name: string,
  cost: keyof Budget,
  can: (world: World) => boolean,
  make: (world: World) => void,
  tell: string,
): Move {
  return {
    name,
    unneeded: true,
    offer: (world, offer) => {
      if (world.left[cost] > 0 && can(world)) offer(0);
    },
    make: (world) => {
      world.left[cost]--;
      make(world);
    },
    tell: () => `the user ${tell}`,
  };
}

/** What people do, at any moment. */
export const userMoves: readonly Move[] = [
  action("edits", "edits", kept, (world) => edit(world, "content"), "changes what the job is"),
  action("editsOther", "otherEdits", kept, (world) => edit(world, "other"), "changes something else"),
  action("asksAgain", "newTriggerIds", kept, (world) => edit(world, "trigger"), "chooses a new trigger ID"),
  action(
    "goesBack",
    "oldTriggerIds",
    (world) => kept(world) && world.wish.trigger > 0,
    (world) => edit(world, "trigger", -1),
    "goes back to the trigger ID before",
  ),
  action(
    "reverts",
    "reverts",
    (world) => kept(world) && world.wish.content > 0,
    (world) => edit(world, "content", -1),
    "takes the last change of what the job is back",
  ),
  action("rescales", "scales", kept, (world) => edit(world, "parallelism"), "asks for another parallelism"),
  action(
    "scalesBack",
    "unscales",
    (world) => kept(world) && world.wish.parallelism > 0,
    (world) => edit(world, "parallelism", -1),
    "takes the last change of the parallelism back",
  ),
  action(
    "suspends",
    "suspensions",
    (world) => kept(world) && world.wish.suspended === 0,
    (world) => edit(world, "suspended"),
    "suspends the job",
  ),
  {
    name: "resumes",
    unneeded: true,
    offer: (world, offer) => {
      if (kept(world) && world.wish.suspended > 0) offer(0);
    },
    make: (world) => edit(world, "suspended", -1),
    tell: () => "the user resumes the job",
  },
  action("deletes", "deletions", kept, ({ api, now }) => api.delete(EPOCH + now), "deletes the FlinkJob"),
  action(
    "recreates",
    "recreations",
    (world) => !alive(world),
    (world) => world.api.create(world.spec),
    "creates a FlinkJob of the same name",
  ),
  action(
    "wipes",
    "wipes",
    (world) => kept(world) && world.api.newest.job?.status !== undefined,
    (world) => {
      world.ledger.wiped++;
      world.api.wipeStatus();
    },
    "takes the status away",
  ),
];

function edit(world: World, part: keyof World["wish"], by = 1): void {
  world.wish[part] += by;
  world.api.editSpec(world.spec);
}
