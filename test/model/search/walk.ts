import { beginning } from "../world/beginning.ts";
import { isUnneeded, make, offers } from "../world/moves.ts";
import type { Setting } from "../world/setting.ts";
import type { World } from "../world/world.ts";
import { Digest } from "./digest.ts";
import type { Finding } from "./finding.ts";
import { settle } from "./quiet.ts";
import { Random, seedOf } from "./random.ts";
import { threadTime } from "./thread-time.ts";

export interface Walks {
  /** Complete interleavings: each from the beginning, through chance, to where all is quiet and the verdict is given. */
  readonly schedules: number;
  readonly moves: number;
  /** Which interleavings they were: two that are alike have the same number. */
  readonly prints: Float64Array;
  readonly windows: ReadonlyMap<string, number>;
  /** What it took of this thread's own time. */
  readonly ms: number;
  readonly finding: (Finding & { readonly index: number }) | undefined;
}

export interface WalkBounds {
  readonly seed: number;
  /** The schedules to walk, by their index: the same seed and index always give the same schedule. */
  readonly from: number;
  readonly to: number;
  /** Moves before faults stop, at the most. */
  readonly depth: number;
}

/** One fault or wish of a user among so many moves, on average. */
const FAULT_ONE_IN = 4;

/** Seeded random schedules through worlds that are too large to be explored: chance, then calm, then the verdict. */
export function walk(settings: readonly Setting[], { seed, from, to, depth }: WalkBounds): Walks {
  const prints = new Float64Array(to - from);
  const windows = new Map<string, number>();
  const begin = threadTime();
  let moves = 0;
  for (let index = from; index < to; index++) {
    const setting = settings[index % settings.length]!;
    const schedule: number[] = [];
    const world = beginning(setting);
    stroll(world, new Random(seedOf(seed, index)), depth, schedule);
    if (!world.violation) settle(world);
    moves += world.order;
    prints[index - from] = printOf(setting, schedule);
    const { violation } = world;
    if (!violation) continue;
    if (violation.window === undefined) {
      const { name, mutant } = setting;
      const finding = { world: name, mutant, schedule, violation, index };
      return {
        schedules: index + 1 - from,
        moves,
        prints: prints.slice(0, index + 1 - from),
        windows,
        ms: threadTime() - begin,
        finding,
      };
    }
    windows.set(violation.window, (windows.get(violation.window) ?? 0) + 1);
  }
  const ms = threadTime() - begin;
  return { schedules: to - from, moves, prints, windows, ms, finding: undefined };
}

/** Makes chosen moves until nothing can happen, or enough has. */
function stroll(world: World, random: Random, depth: number, schedule: number[]): void {
  const possible: number[] = [];
  const length = 4 + random.below(depth);
  for (let step = 0; step < length; step++) {
    offers(world, possible);
    if (possible.length === 0) return;
    const fault = random.below(FAULT_ONE_IN) === 0;
    let fitting = 0;
    for (const code of possible) if (isUnneeded(code) === fault) fitting++;
    const any = fitting === 0;
    let left = random.below(any ? possible.length : fitting);
    let code = 0;
    for (code of possible) if ((any || isUnneeded(code) === fault) && left-- === 0) break;
    schedule.push(code);
    make(world, code);
    if (world.violation) return;
  }
}

function printOf({ name }: Setting, schedule: readonly number[]): number {
  const digest = new Digest();
  digest.text(name);
  for (const code of schedule) digest.number(code);
  return digest.value;
}
