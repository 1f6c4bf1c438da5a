import { endApplications } from "../flink/flink-moves.ts";
import { outcomes } from "../flink/outcomes.ts";
import { LONGEST_WAY_MS } from "../network/network.ts";
import type { Operator } from "../operator/operator.ts";
import type { Move } from "./moves.ts";
import type { World } from "./world.ts";

const HOUR_MS = 3_600_000;
const PAUSE_MS = 2_000;

/** Time stands still until one of these lets it pass: to the next thing that somebody waits for, or beyond. */
export const timeMoves: readonly Move[] = [
  {
    name: "waits",
    offer: (world, offer) => {
      const next = nextDue(world);
      if (next === undefined || !mayPass(world, next - world.now)) return;
      if (world.operators.every((one) => pollsInTime(one, world))) offer(0);
    },
    make: (world) => pass(world, nextDue(world)! - world.now),
    tell: (world) =>
      `${Math.round((nextDue(world)! - world.now) / 100) / 10} s pass until the next appointment`,
  },
  {
    name: "pauses",
    unneeded: true,
    offer: (world, offer) => {
      if (world.left.pauses > 0 && mayPass(world, PAUSE_MS)) offer(0);
    },
    make: (world) => {
      world.left.pauses--;
      pass(world, PAUSE_MS);
    },
    tell: () => "a moment passes",
  },
  {
    name: "anHourPasses",
    unneeded: true,
    offer: (world, offer) => {
      // Two lead at once for no longer than a lease lasts.
      const leaders = world.operators.filter(({ alive }) => alive).length;
      if (world.left.hours > 0 && leaders < 2 && mayPass(world, HOUR_MS)) offer(0);
    },
    make: (world) => {
      world.left.hours--;
      world.ledger.hours++;
      pass(world, HOUR_MS);
    },
    tell: () => "an hour passes, and Flink forgets what ended before",
  },
];

/** Monitors poll now and then: an operator's list is not older than this when more time passes. */
export const POLLS_EVERY_MS = 5_000;

function pollsInTime({ alive, watching, cluster }: Operator, { time }: World): boolean {
  if (!alive || !watching) return true;
  if (cluster?.kind === "reachable") return time - cluster.listedAt < POLLS_EVERY_MS;
  return cluster?.kind === "unreachable";
}

/** The earliest appointment of an operator that has nothing else to do. */
export function nextDue({ operators, now }: World): number | undefined {
  let next = Number.POSITIVE_INFINITY;
  for (const { alive, dueAt } of operators) if (alive && dueAt > now && dueAt < next) next = dueAt;
  return next === Number.POSITIVE_INFINITY ? undefined : next;
}

/** No look-up takes longer, from its first request to its last answer: each has a deadline. Milliseconds. */
const LONGEST_LOOK_MS = 5_000;

/** What a living process sent arrives in time, unless a fault takes it; only what the dead sent may be lost just so. */
function mayPass(world: World, ms: number): boolean {
  const { network, now, setting, operators } = world;
  for (const { task } of operators)
    if (task?.half && world.time + ms - task.half.at >= LONGEST_LOOK_MS) return false;
  for (const { operator, epoch, leftAt } of network.calls)
    if (operators[operator]!.epoch === epoch && now + ms - leftAt >= LONGEST_WAY_MS) return false;
  if (setting.open.includes("lateRequest")) return true;
  return network.requests.every(({ phase, leftAt, operator, epoch }) => {
    const sender = operators[operator];
    const waitedFor = sender?.alive && sender.epoch === epoch;
    return phase !== "way" || !waitedFor || now + ms - leftAt < LONGEST_WAY_MS;
  });
}

export function pass(world: World, ms: number): void {
  // An application looks at its jobs every two seconds.
  if (ms >= PAUSE_MS) endApplications(world);
  world.now += ms;
  // Clusters of its own remember for a month.
  world.managers[0]!.forget(world.now);
  for (const operator of world.operators) {
    if (operator.alive && operator.dueAt <= world.now) {
      operator.queued = true;
      operator.dueAt = Number.POSITIVE_INFINITY;
    }
  }
  for (const { id, leftAt } of world.network.calls)
    if (world.now - leftAt >= LONGEST_WAY_MS) world.network.endCall(id);
  if (world.setting.open.includes("lateRequest")) return;
  for (const { id, phase, leftAt } of world.network.requests)
    if (phase === "way" && world.now - leftAt >= LONGEST_WAY_MS) world.deliver(id, outcomes.reset);
}
