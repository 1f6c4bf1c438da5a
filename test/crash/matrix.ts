import { type Call, type Fault, type FaultMode, faultModes, isKill } from "../support/lifeline.ts";
import { isPoll, isRun } from "./calls.ts";
import type { Lane, RunResult } from "./crash-run.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import { type FlinkKind, kindName } from "./site.ts";

/** One scenario on one kind of Flink. */
export interface Case {
  readonly scenario: Scenario;
  readonly kind: FlinkKind;
}

export const caseName = ({ scenario, kind }: Case): string => `${scenario.name}/${kindName(kind)}`;

export function casesOf(kinds: readonly FlinkKind[], filter: string): Case[] {
  const all = scenarios.flatMap((scenario) => kinds.map((kind) => ({ scenario, kind })));
  // A whole name means itself: deletion/2.3.0 is part of deletion/2.3.0-ha.
  const exact = all.filter((one) => caseName(one) === filter);
  return exact.length > 0 ? exact : all.filter((one) => caseName(one).includes(filter));
}

/** Of calls that go on for ever, so many are tried. */
const POLLS = 3;

/** Every fault that one golden run's calls can have, in their order. */
export function faultsOf(golden: RunResult): Fault[] {
  const calls = golden.calls.slice(golden.from);
  const counts = new Map<string, number>();
  return calls.flatMap((call) => {
    const occurrence = (counts.get(call.name) ?? 0) + 1;
    counts.set(call.name, occurrence);
    if (isPoll(call.name) && occurrence > POLLS) return [];
    return faultModes
      .filter((mode) => makesSense(call, mode))
      .map((mode) => ({ name: call.name, occurrence, mode }));
  });
}

function makesSense({ name }: Call, mode: FaultMode): boolean {
  // Nobody answers a reading request with a conflict.
  if (mode === "409") return !name.startsWith("GET");
  // Only what takes a while can be interrupted.
  if (mode === "killed while it was carried out") return isRun(name) || name === "POST /jars/upload";
  return true;
}

/**
 * The faults of a run in CI: every call is killed before and after, and of the other faults each call gets `others`,
 * which ones the seed says.
 */
export function sampled(faults: readonly Fault[], others: number, random: () => number): Fault[] {
  const byCall = Map.groupBy(faults, ({ name, occurrence }) => `${name}#${occurrence}`);
  return [...byCall.values()].flatMap((ofCall) => {
    const kills = ofCall.filter(({ mode }) => isKill(mode));
    const rest = ofCall.filter(({ mode }) => !isKill(mode));
    const first = Math.floor(random() * rest.length);
    const chosen = Array.from(
      { length: Math.min(others, rest.length) },
      (_, i) => rest[(first + i) % rest.length]!,
    );
    return [...kills, ...chosen];
  });
}

/** `count` of them. */
export function some<T>(all: readonly T[], count: number, random: () => number): T[] {
  const left = [...all];
  const chosen: T[] = [];
  while (chosen.length < count && left.length > 0) {
    chosen.push(...left.splice(Math.floor(random() * left.length), 1));
  }
  return chosen;
}

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Does all tasks, as many at once as there are lanes; each lane has one at a time. */
export async function inLanes<T>(
  lanes: readonly Lane[],
  tasks: readonly T[],
  run: (task: T, lane: Lane) => Promise<void>,
): Promise<void> {
  const left = [...tasks];
  const work = async (lane: Lane) => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) await run(task, lane);
  };
  await Promise.all(lanes.map((lane) => work(lane)));
}
