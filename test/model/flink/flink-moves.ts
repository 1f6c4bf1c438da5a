import { isTerminal } from "../../../src/core/observed.ts";
import type { Move } from "../world/moves.ts";
import type { MainEnd, Setting } from "../world/setting.ts";
import { versionOf } from "../world/wishes.ts";
import type { World } from "../world/world.ts";
import { inEach } from "./in-each.ts";
import { endMain } from "./main.ts";
import { die, start } from "./process.ts";
import type { Job } from "./records.ts";

const ENDS: readonly MainEnd[] = ["submits", "throws", "noJob", "submitsThenThrows", "burnsItsId", "exits"];
/** After a failover, or a restart by Flink itself. */
const BACK_SOON = new Set(["INITIALIZING", "RESTARTING"]);
const told: Record<MainEnd, string> = {
  submits: "submits its job",
  throws: "throws",
  noJob: "returns without a job",
  submitsThenThrows: "submits its job and then throws",
  burnsItsId: "names a savepoint that is not there",
  exits: "calls System.exit",
};

/** What happens inside the JobManager. */
const inOneJobManager: readonly Move[] = [
  {
    name: "mainEnds",
    offer: ({ manager, setting, calm }, offer) => {
      for (let a = 0; a < manager.mains.length; a++) {
        if (setting.bad === "throws" && isBad(manager.mains[a]!)) offer(a, ENDS.indexOf("throws"));
        else if (calm) offer(a, 0);
        else for (const end of setting.mains) offer(a, ENDS.indexOf(end));
      }
    },
    make: (world, a, b) => {
      const main = world.manager.mains[a]!;
      endMain(world.manager, a, ENDS[b]!, world.setting, world);
      if (!main.application || main.request !== 0) forgetUnanswered(world);
    },
    tell: (world, a, b) => `main() of ${world.short(world.manager.mains[a]?.jobId)} ${told[ENDS[b]!]}`,
  },
  {
    name: "jobFinishes",
    offer: ({ manager, setting }, offer) => {
      if (!setting.batch) return;
      for (let a = 0; a < manager.jobs.length; a++)
        if (["RUNNING", "CANCELLING"].includes(manager.jobs[a]!.state)) offer(a);
    },
    make: (world, a) => world.manager.endJob(world.manager.jobs[a]!.id, "FINISHED", world.setting, world),
    tell: (world, a) => `job ${world.short(world.manager.jobs[a]?.id)} finishes`,
  },
  {
    name: "jobFails",
    unneeded: true,
    offer: ({ manager, left }, offer) => {
      if (left.jobFailures === 0) return;
      for (let a = 0; a < manager.jobs.length; a++) if (manager.jobs[a]!.state === "RUNNING") offer(a);
    },
    make: (world, a) => {
      world.left.jobFailures--;
      world.manager.endJob(world.manager.jobs[a]!.id, "FAILED", world.setting, world);
    },
    tell: (world, a) => `job ${world.short(world.manager.jobs[a]?.id)} fails`,
  },
  {
    name: "jobRestarts",
    unneeded: true,
    offer: ({ manager, left }, offer) => {
      if (left.restarts === 0) return;
      for (let a = 0; a < manager.jobs.length; a++) if (manager.jobs[a]!.state === "RUNNING") offer(a);
    },
    make: (world, a) => {
      world.left.restarts--;
      world.manager.restart(world.manager.jobs[a]!.id, world.now);
    },
    tell: (world, a) =>
      `a task of job ${world.short(world.manager.jobs[a]?.id)} fails, and Flink restarts it`,
  },
  {
    name: "adapts",
    offer: ({ manager, setting }, offer) => {
      if (setting.scales === undefined) return;
      for (let a = 0; a < manager.jobs.length; a++)
        if (isToAdapt(manager, manager.jobs[a]!, setting)) offer(a);
    },
    make: (world, a) => {
      const { id, content } = world.manager.jobs[a]!;
      world.manager.restart(id, world.now);
      world.manager.setJob(id, { present: world.manager.requiredOf(id, content) });
    },
    tell: (world, a) => {
      const { id, content } = world.manager.jobs[a]!;
      return `Flink runs job ${world.short(id)} with parallelism ${world.manager.requiredOf(id, content)}`;
    },
  },
  {
    name: "badJobFails",
    offer: ({ manager, setting }, offer) => {
      if (setting.bad !== "fails") return;
      for (let a = 0; a < manager.jobs.length; a++)
        if (manager.jobs[a]!.state === "RUNNING" && isBad(manager.jobs[a]!)) offer(a);
    },
    make: (world, a) => world.manager.endJob(world.manager.jobs[a]!.id, "FAILED", world.setting, world),
    tell: (world, a) => `job ${world.short(world.manager.jobs[a]?.id)} is of a bad version and fails`,
  },
  {
    name: "jobIsCanceled",
    offer: ({ manager }, offer) => {
      for (let a = 0; a < manager.jobs.length; a++) if (manager.jobs[a]!.state === "CANCELLING") offer(a);
    },
    make: (world, a) => world.manager.endJob(world.manager.jobs[a]!.id, "CANCELED", world.setting, world),
    tell: (world, a) => `job ${world.short(world.manager.jobs[a]?.id)} is cancelled`,
  },
  {
    name: "jobGoesOn",
    offer: ({ manager }, offer) => {
      for (let a = 0; a < manager.jobs.length; a++) if (BACK_SOON.has(manager.jobs[a]!.state)) offer(a);
    },
    make: (world, a) => world.manager.goOn(world.manager.jobs[a]!.id),
    tell: (world, a) => `job ${world.short(world.manager.jobs[a]?.id)} runs again`,
  },
  {
    name: "applicationEnds",
    offer: ({ manager }, offer) => {
      for (let a = 0; a < manager.applications.length; a++) if (canEnd(manager, a)) offer(a);
    },
    make: endApplication,
    tell: (world, a) => `application ${world.short(world.manager.applications[a]?.id)} sees its end`,
  },
  {
    name: "dies",
    unneeded: true,
    offer: ({ manager, left }, offer) => {
      if (manager.up && left.failovers > 0) offer(0);
    },
    make: (world) => {
      world.left.failovers--;
      kill(world);
    },
    tell: () => "the JobManager is killed",
  },
  {
    name: "isBack",
    offer: ({ manager, setting }, offer) => {
      // Pods are started by Kubernetes.
      if (!manager.up && setting.ownCluster === undefined) offer(0);
    },
    make: (world) => {
      noteLosses(world);
      start(world.manager, world.setting, world);
    },
    tell: () => "another JobManager process takes its place",
  },
];

export const flinkMoves = inOneJobManager.map(inEach);

/** There are slots for what is required of it. */
function isToAdapt(
  manager: World["manager"],
  { id, state, content, present }: Job,
  { slots = Number.POSITIVE_INFINITY }: Setting,
): boolean {
  const required = manager.requiredOf(id, content);
  return state === "RUNNING" && required !== present && required <= slots;
}

function isBad({ content }: { content: number }): boolean {
  return versionOf(content) % 2 === 1;
}

function canEnd(manager: World["manager"], index: number): boolean {
  const { id, state, hasJob } = manager.applications[index]!;
  const job = manager.job(id);
  const jobEnded = job === undefined || isTerminal(job.state);
  return state === "CANCELING" ? jobEnded : state === "RUNNING" && hasJob && jobEnded;
}

function endApplication(world: World, index: number): void {
  const { manager, setting } = world;
  const { id, state } = manager.applications[index]!;
  const job = manager.job(id)?.state;
  const end = state === "CANCELING" ? "CANCELED" : job === "FAILED" || job === "CANCELED" ? job : "FINISHED";
  manager.endApplication(id, end, setting, world);
}

/** Every application whose job has ended sees it. */
export function endApplications(world: World): void {
  for (world.current = 0; world.current < world.managers.length; world.current++) {
    const { manager } = world;
    for (let index = 0; index < manager.applications.length; index++)
      if (canEnd(manager, index)) endApplication(world, index);
  }
  world.current = 0;
}

function kill(world: World): void {
  die(world.manager, world.setting, world);
  forgetUnanswered(world);
}

/** Requests whose main() went with the process and whose sender is gone need no answer. */
function forgetUnanswered(world: World): void {
  for (const { id, operator, epoch, phase } of world.network.requests) {
    const sender = world.operators[operator];
    if (phase === "answer" && (!sender?.alive || sender.epoch !== epoch)) world.network.remove(id);
  }
}

/** A process died: what it alone knew is lost. */
export function noteLosses(world: World): void {
  world.ledger.failovers++;
  if (world.setting.protection !== "JobManagerLifetime") return;
  for (const { jobId, begun, end } of world.ledger.entries)
    if (begun > 0 && end === undefined) world.ledger.ended(jobId, "LOST");
}
