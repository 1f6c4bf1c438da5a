import type { Move } from "../world/moves.ts";
import type { World } from "../world/world.ts";
import { inEach } from "./in-each.ts";
import type { Operation } from "./records.ts";
import { checkpoint, failStop, stop, takeSavepoint } from "./snapshots.ts";

const eachOperation =
  (wanted: Operation["state"]): Move["offer"] =>
  ({ manager }, offer) => {
    for (let a = 0; a < manager.operations.length; a++) if (manager.operations[a]!.state === wanted) offer(a);
  };
const jobOf = (world: World, a: number) => world.short(world.manager.operations[a]?.jobId);

/** What becomes of the state of jobs. */
const inOneJobManager: readonly Move[] = [
  {
    name: "checkpoints",
    unneeded: true,
    offer: ({ manager, left }, offer) => {
      if (left.checkpoints === 0) return;
      for (let a = 0; a < manager.jobs.length; a++) if (manager.jobs[a]!.state === "RUNNING") offer(a);
    },
    make: (world, a) => {
      world.left.checkpoints--;
      checkpoint(world.manager, world.manager.jobs[a]!.id, world.setting, world.now);
    },
    tell: (world, a) => `job ${world.short(world.manager.jobs[a]?.id)} works on, and completes a checkpoint`,
  },
  {
    name: "savepointIsTaken",
    offer: eachOperation("inProgress"),
    make: (world, a) => takeSavepoint(world.manager, world.manager.operations[a]!.id, world.now),
    tell: (world, a) => `savepoint ${world.manager.operations[a]?.path} of ${jobOf(world, a)} is complete`,
  },
  {
    name: "stops",
    offer: eachOperation("taken"),
    make: (world, a) => stop(world.manager, world.manager.operations[a]!.id, world.setting, world),
    tell: (world, a) => `job ${jobOf(world, a)} ends with its savepoint`,
  },
  {
    name: "savepointFails",
    unneeded: true,
    offer: (world, offer) => {
      if (world.left.savepointFailures === 0) return;
      eachOperation("inProgress")(world, offer);
      eachOperation("taken")(world, offer);
    },
    make: (world, a) => {
      world.left.savepointFailures--;
      failStop(world.manager, world.manager.operations[a]!.id, world.now);
    },
    tell: (world, a) => `the stop with savepoint of ${jobOf(world, a)} fails, and the job goes on`,
  },
];

export const snapshotMoves = inOneJobManager.map(inEach);
