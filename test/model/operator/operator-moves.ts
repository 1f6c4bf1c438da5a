import type { Flight } from "../../../src/core/observed.ts";
import type { Effect, Step } from "../../../src/core/step.ts";
import { outcomes } from "../flink/outcomes.ts";
import { EPOCH, type Version } from "../kube/api-server.ts";
import * as invariants from "../truth/invariants.ts";
import type { Move } from "../world/moves.ts";
import { contentOf } from "../world/wishes.ts";
import type { World } from "../world/world.ts";
import { lookHalf, lookWhole } from "./look-up.ts";
import type { Operator, Task } from "./operator.ts";
import { connecting, flightAnswered, flightOf, listed, unreachable } from "./seen.ts";
import { dropJar, sweep, transferJar } from "./submission.ts";

const RETRY_MS = 1_000;

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
    name: "polls",
    offer: each((operator, world) => operator.watching && pollTells(world, operator)),
    make: (world, a) => poll(world, world.operators[a]!),
    tell: (world, a) =>
      `${name(a)} lists the jobs: ${world.manager.up ? world.manager.jobs.map(({ id, state }) => `${world.short(id)} ${state}`).join(", ") || "none" : "nobody answers"}`,
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
      world.operators[a]!.die();
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
  world.operators[index]!.restart(world.api.versions.length - 1 - stale);
}

function pollTells({ manager, setting, now, time }: World, operator: Operator): boolean {
  const { cluster } = operator;
  if (cluster === undefined || cluster.kind === "connecting") return true;
  if (!manager.up) return cluster.kind === "reachable";
  if (cluster.kind !== "reachable" || cluster.jobs.size !== manager.jobs.length) return true;
  if (cluster.listedAt + 1_000 <= time) return true;
  if (cluster.listedAt === time) return listed(manager, setting, now) !== cluster;
  if (cluster.jobManager.incarnation !== `p${manager.incarnation}`) return true;
  for (const { id, state } of manager.jobs) if (cluster.jobs.get(id)?.state !== state) return true;
  return false;
}

function poll(world: World, operator: Operator): void {
  const { manager, setting, now } = world;
  const before = operator.cluster;
  if (!manager.up) {
    operator.failures++;
    if (operator.failures < 2 && before?.kind === "reachable") return;
    operator.cluster = unreachable;
    if (before !== unreachable) operator.queued = true;
    return;
  }
  operator.failures = 0;
  const after = listed(manager, setting, now);
  operator.cluster = after;
  if (before?.kind !== "reachable" || after.kind !== "reachable" || before.jobManager !== after.jobManager) {
    operator.queued = true;
    sweep(world, operator);
    return;
  }
  const changed =
    before.jobs.size !== after.jobs.size ||
    [...after.jobs].some(([id, row]) => before.jobs.get(id)?.state !== row.state);
  if (changed) operator.queued = true;
}

function decideStep(world: World, operator: Operator): void {
  operator.queued = false;
  operator.dueAt = Number.POSITIVE_INFINITY;
  const version = operator.newest(world.api.versions);
  if (!version?.job) {
    operator.follow(0);
    dropJar(world, operator);
    operator.written = undefined;
    operator.watching = false;
    operator.cluster = undefined;
    return;
  }
  operator.follow(version.uid);
  const { step, watching } = world.decisions.of(operator, version.job, world.now);
  if (watching !== operator.watching) operator.cluster = watching ? connecting : undefined;
  operator.watching = watching;
  world.note(() => `  rule ${step.rule}${step.status ? `; wants to write ${told(world, step)}` : ""}`);
  const lookBegunAt = operator.look?.jobId === step.status?.trigger?.jobId ? operator.lookBegunAt : -1;
  const first = step.status && !(world.setting.habits.sendsBeforeWriting && step.effect?.kind === "submit");
  if (first) operator.task = { stage: "write", version, step, lookBegunAt };
  else settle(world, operator, version, step, lookBegunAt);
}

function told(_world: World, { status }: Step): string {
  const { trigger } = status!;
  return trigger
    ? `trigger ${trigger.id}/${trigger.attempt} ${trigger.state} ${trigger.reason ?? ""} (${trigger.sends} sent)`
    : "a status without trigger";
}

function write(world: World, operator: Operator, answerLost: boolean): void {
  const { version, step, lookBegunAt } = operator.task!;
  const { api, setting } = world;
  operator.task = undefined;
  const before = api.newest.job?.status;
  const fits = api.writeStatus(version, step.status!, setting.habits.overwrites);
  if (fits) invariants.statusWritten(world, before, step);
  else world.note(() => "  conflict: somebody else was faster");
  if (!fits || answerLost) {
    operator.written = undefined;
    operator.requeue(world.now + (fits ? RETRY_MS : 200), world.now);
    return;
  }
  operator.written = api.newest;
  settle(world, operator, api.newest, step, lookBegunAt);
}

/** The status stands; then what goes with it (src/controller/perform.ts). */
function settle(world: World, operator: Operator, version: Version, step: Step, lookBegunAt: number): void {
  if (step.settlesFlight) {
    operator.flight = undefined;
    operator.request = 0;
  }
  const state = version.job?.status?.trigger?.state;
  if (state !== undefined && state !== "pending") dropJar(world, operator);
  if (step.effect) operator.task = { stage: "effect", version, step, lookBegunAt };
  else finish(world, operator, step, false);
}

function finish(world: World, operator: Operator, step: Step, again: boolean): void {
  operator.task = undefined;
  if (again) operator.queued = true;
  else if (step.requeueAfterMs !== undefined) operator.requeue(world.now + step.requeueAfterMs, world.now);
}

function act(world: World, operator: Operator): void {
  const { version, step, lookBegunAt } = operator.task!;
  const effect = step.effect!;
  switch (effect.kind) {
    case "addFinalizer":
    case "removeFinalizer":
      writeFinalizer(world, operator, version, step, effect.kind === "addFinalizer");
      return;
    case "submit":
      submit(world, operator, effect, lookBegunAt);
      if (world.setting.habits.sendsBeforeWriting && step.status && version === operator.task?.version) {
        operator.task = { stage: "write", version, step: { ...step, effect: undefined }, lookBegunAt: -1 };
        return;
      }
      finish(world, operator, step, true);
      return;
    case "lookUp":
      operator.task = { stage: "lookForMains", version, step, lookBegunAt: -1 };
      return;
    case "cancelJob":
    case "cancelApplication":
      if (!world.manager.up) {
        operator.task = undefined;
        operator.requeue(world.now + RETRY_MS, world.now);
        return;
      }
      if (effect.kind === "cancelJob") world.manager.cancelJob(effect.jobId);
      else world.manager.cancelApplication(effect.jobId);
      break;
    case "abandonFlight":
      abandon(world, operator);
      break;
    case "deleteFlinkJob":
      if (world.api.newest === version) world.api.delete(world.time);
      break;
  }
  finish(world, operator, step, false);
}

function writeFinalizer(
  world: World,
  operator: Operator,
  version: Version,
  step: Step,
  finalizer: boolean,
): void {
  if (!finalizer) invariants.letsGo(world, version, step);
  const fits = world.api.writeFinalizer(version, finalizer);
  if (fits && !finalizer) dropJar(world, operator);
  operator.written = fits ? world.api.newest : undefined;
  finish(world, operator, step, fits && finalizer);
  if (!fits) operator.requeue(world.now + 200, world.now);
}

function submit(
  world: World,
  operator: Operator,
  effect: Extract<Effect, { kind: "submit" }>,
  lookBegunAt: number,
): void {
  invariants.submits(world, operator.task!.version, effect.jobId, lookBegunAt);
  operator.look = undefined;
  operator.lookBegunAt = -1;
  operator.content = contentOf(operator.task!.version.job!.spec);
  operator.incarnation = Number(effect.incarnation.slice(1));
  const { jobId, sentAt, earlierSentAt } = effect;
  operator.flight = flightOf({ jobId, phase: "fetchingJar", since: world.time, sentAt, earlierSentAt });
  operator.request = 0;
}

/** The run request is on its way. */
export function leave(
  world: World,
  operator: Operator,
  index: number,
  jobId: string,
  jar: string | undefined,
): void {
  const recordedAt = recordTime(operator);
  operator.request = world.network.leave({
    operator: index,
    epoch: operator.epoch,
    jobId,
    content: operator.content,
    application: world.setting.applications,
    jar,
    leftAt: world.isAlone ? world.now : recordedAt,
    recordedAt,
    incarnation: operator.incarnation,
  });
}

/** When the flight's request was recorded. */
export function recordTime({ flight }: Operator): number {
  return Date.parse(flight?.sentAt ?? "") - EPOCH;
}

function abandon(world: World, operator: Operator): void {
  const { flight } = operator;
  if (flight?.phase !== "fetchingJar") return;
  operator.flight = flightAnswered(flight as Flight, world.now, outcomes.refused);
  operator.queued = true;
}
