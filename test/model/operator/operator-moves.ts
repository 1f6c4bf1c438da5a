import type { Move } from "../world/moves.ts";
import type { World } from "../world/world.ts";
import { decideStep, write } from "./deciding.ts";
import { lookHalf, lookWhole } from "./look-up.ts";
import type { Operator, Task } from "./operator.ts";
import { create } from "./own-clusters.ts";
import { act } from "./performing.ts";
import { poll, pollTells } from "./polling.ts";
import { transferJar } from "./submission.ts";

const each =
  (can: (operator: Operator, world: World) => boolean): Move["offer"] =>
  (world, offer) => {
    if (world.operators[0]!.alive && can(world.operators[0]!, world)) offer(0);
    if (world.operators[1]!.alive && can(world.operators[1]!, world)) offer(1);
  };
const name = (index: number) => `operator ${"AB"[index]}`;
const stage = (wanted: Task["stage"]) => each(({ task }) => task?.stage === wanted);

/** What src/controller does around `decide`, one atomic step at a time. */
export const operatorMoves: readonly Move[] = [
  {
    name: "sees",
    offer: each((operator, world) => operator.seen < world.api.versions.length - 1),
    make: (world, a) => {
      const operator = world.operators[a]!;
      operator.seen++;
      operator.queued = true;
    },
    tell: (world, a) => {
      const version = world.api.versions[world.operators[a]!.seen + 1];
      return `the watch of ${name(a)} shows version ${version?.resourceVersion}`;
    },
  },
  {
    name: "seesClusters",
    offer: each((operator, world) => operator.clustersSeen < world.api.clusterVersions.length - 1),
    make: (world, a) => {
      const operator = world.operators[a]!;
      operator.clustersSeen++;
      operator.queued = true;
    },
    tell: (world, a) => {
      const seen = world.api.clusterVersions[world.operators[a]!.clustersSeen + 1] ?? [];
      const told = seen.map(
        ({ jobId, state }) =>
          `of ${world.short(jobId)} ${state.deletedAt === undefined ? state.phase : "deleted"}`,
      );
      return `the watch of ${name(a)} shows FlinkClusters: ${told.join(", ") || "none"}`;
    },
  },
  {
    name: "polls",
    offer: each((operator, world) => operator.watching && pollTells(world, operator)),
    make: (world, a) => poll(world, world.operators[a]!),
    tell: (world, a) => {
      world.at(world.operators[a]!.url);
      return `${name(a)} lists the jobs: ${world.manager.up ? world.manager.jobs.map(({ id, state }) => `${world.short(id)} ${state}`).join(", ") || "none" : "nobody answers"}`;
    },
  },
  {
    name: "decides",
    offer: each((operator) => operator.queued && operator.task === undefined),
    make: (world, a) => decideStep(world, world.operators[a]!),
    tell: (_, a) => `${name(a)} decides`,
  },
  {
    name: "writes",
    offer: stage("write"),
    make: (world, a) => write(world, world.operators[a]!, false),
    tell: (_, a) => `${name(a)} writes the status`,
  },
  {
    name: "writeAnswerLost",
    unneeded: true,
    offer: (world, offer) => world.left.lostWrites > 0 && stage("write")(world, offer),
    make: (world, a) => {
      world.left.lostWrites--;
      write(world, world.operators[a]!, true);
    },
    tell: (_, a) => `${name(a)} writes the status, and the answer of the API server is lost`,
  },
  {
    name: "acts",
    offer: stage("effect"),
    make: (world, a) => act(world, world.operators[a]!),
    tell: (world, a) => `${name(a)} does what it decided: ${world.operators[a]!.task?.step.effect?.kind}`,
  },
  {
    name: "actAnswerLost",
    unneeded: true,
    offer: (world, offer) => {
      if (world.left.lostAnswers > 0)
        each(({ task }) => task?.stage === "effect" && task.step.effect?.kind === "stopWithSavepoint")(
          world,
          offer,
        );
    },
    make: (world, a) => {
      world.left.lostAnswers--;
      act(world, world.operators[a]!, true);
    },
    tell: (_, a) => `${name(a)} asks for the stop with savepoint, and the answer is lost`,
  },
  {
    name: "creates",
    offer: stage("create"),
    make: (world, a) => create(world, world.operators[a]!),
    tell: (_, a) => `${name(a)} creates the FlinkCluster`,
  },
  {
    name: "looksForMains",
    offer: stage("lookForMains"),
    make: (world, a) => lookHalf(world, world.operators[a]!),
    tell: (_, a) => `${name(a)} looks: which main()s run?`,
  },
  {
    name: "looksForJob",
    offer: stage("lookForJob"),
    make: (world, a) => lookWhole(world, world.operators[a]!),
    tell: (_, a) => `${name(a)} looks: is the job there?`,
  },
  {
    name: "sends",
    offer: each(({ flight }) => flight?.phase === "fetchingJar"),
    make: (world, a) => transferJar(world, world.operators[a]!, a),
    tell: (_, a) => `the run request of ${name(a)} leaves`,
  },
  {
    name: "crashes",
    unneeded: true,
    offer: (world, offer) => world.left.crashes > 0 && each(() => true)(world, offer),
    make: (world, a) => {
      world.left.crashes--;
      world.kill(a);
    },
    tell: (_, a) => `${name(a)} is killed`,
  },
  {
    name: "starts",
    offer: (world, offer) => {
      // The lease of the dead outlasts the way of what it sent (docs/guarantees.md, "Windows").
      if (world.operators.every(({ alive }) => !alive) && !world.network.hasLate) {
        offer(0, 0);
        if (world.left.staleLists > 0 && world.api.versions.length > 1) offer(0, 1);
      }
    },
    make: (world, a, b) => start(world, a, b),
    tell: (_, a, b) => `${name(a)} starts${b > 0 ? ", and its first list is old" : ""}`,
  },
  {
    name: "takesOver",
    unneeded: true,
    offer: (world, offer) => {
      const [first, second] = world.operators;
      if (world.left.takeovers > 0 && first!.alive && !second!.alive && !world.network.hasLate) offer(1);
    },
    make: (world, a, b) => {
      world.left.takeovers--;
      start(world, a, b);
    },
    tell: () => "operator B starts beside operator A, which does not know that it leads no more",
  },
];

function start(world: World, index: number, stale: number): void {
  if (stale > 0) world.left.staleLists--;
  world.operators[index]!.restart(
    world.api.versions.length - 1 - stale,
    world.api.clusterVersions.length - 1,
  );
}
