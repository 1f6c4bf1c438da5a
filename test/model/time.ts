import { endApplications } from "./flink-moves.ts";
import type { Move } from "./moves.ts";
import { LONGEST_WAY_MS } from "./network.ts";
import type { Operator } from "./operator.ts";
import { outcomes } from "./outcomes.ts";
import type { World } from "./world.ts";

const HOUR_MS = 3_600_000;
const PAUSE_MS = 2_000;

/** Time stands still until one of these lets it pass: to the next thing that somebody waits for, or beyond. */
export const timeMoves: readonly Move[] = [
  {
    name: "waits",
    offer: (world, offer) => {
      if (nextDue(world) !== undefined && world.operators.every((one) => pollsInTime(one, world))) offer(0);
    },
    make: (world) => pass(world, nextDue(world)! - world.now),
    tell: (world) =>
      `${Math.round((nextDue(world)! - world.now) / 100) / 10} s pass until the next appointment`,
  },
  {
    name: "pauses",
    unneeded: true,
    offer: ({ left }, offer) => {
      if (left.pauses > 0) offer(0);
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
    offer: ({ left }, offer) => {
      if (left.hours > 0) offer(0);
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
const POLLS_EVERY_MS = 5_000;

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

export function pass(world: World, ms: number): void {
  // An application looks at its jobs every two seconds.
  if (ms >= PAUSE_MS) endApplications(world);
  world.now += ms;
  world.manager.forget(world.now);
  for (const operator of world.operators) {
    if (operator.alive && operator.dueAt <= world.now) {
      operator.queued = true;
      operator.dueAt = Number.POSITIVE_INFINITY;
    }
  }
  if (world.setting.open.includes("lateRequest")) return;
  for (const { id, phase, leftAt } of world.network.requests)
    if (phase === "way" && world.now - leftAt >= LONGEST_WAY_MS) world.deliver(id, outcomes.reset);
}
