import { Decisions } from "../operator/decisions.ts";
import { beginning } from "../world/beginning.ts";
import { isUnneeded, make, offers } from "../world/moves.ts";
import type { Setting } from "../world/setting.ts";
import type { World } from "../world/world.ts";
import type { Finding } from "./explore.ts";
import { settle } from "./quiet.ts";
import { Random, seedOf } from "./random.ts";

export interface Walks {
  readonly schedules: number;
  readonly moves: number;
  readonly windows: ReadonlyMap<string, number>;
  readonly finding: (Finding & { readonly seed: number; readonly index: number }) | undefined;
}

export interface WalkBounds {
  readonly schedules: number;
  readonly seed: number;
  /** Moves before faults stop, at the most. */
  readonly depth: number;
  readonly ms: number;
}

/** One fault or wish of a user among so many moves, on average. */
const FAULT_ONE_IN = 4;

/** Seeded random schedules through worlds that are too large to be explored: chance, then calm, then the verdict. */
export function walk(settings: readonly Setting[], bounds: WalkBounds): Walks {
  const decisions = new Map(settings.map((setting) => [setting, new Decisions(setting.decide)]));
  const windows = new Map<string, number>();
  const until = performance.now() + bounds.ms;
  let moves = 0;
  let index = 0;
  for (; index < bounds.schedules; index++) {
    if ((index & 255) === 0 && performance.now() > until) break;
    const setting = settings[index % settings.length]!;
    const schedule: number[] = [];
    const world = beginning(setting, decisions.get(setting)!);
    stroll(world, new Random(seedOf(bounds.seed, index)), bounds.depth, schedule);
    if (!world.violation) settle(world);
    moves += world.order;
    const { violation } = world;
    if (!violation) continue;
    if (violation.window === undefined) {
      const finding = { setting, schedule, violation, seed: bounds.seed, index };
      return { schedules: index + 1, moves, windows, finding };
    }
    windows.set(violation.window, (windows.get(violation.window) ?? 0) + 1);
  }
  return { schedules: index, moves, windows, finding: undefined };
}

/** Makes chosen moves until nothing can happen, or enough has. */
function stroll(world: World, random: Random, depth: number, schedule: number[]): void {
  const possible: number[] = [];
  const some: number[] = [];
  const length = 4 + random.below(depth);
  for (let step = 0; step < length; step++) {
    offers(world, possible);
    if (possible.length === 0) return;
    const fault = random.below(FAULT_ONE_IN) === 0;
    some.length = 0;
    for (const code of possible) if (isUnneeded(code) === fault) some.push(code);
    const from = some.length > 0 ? some : possible;
    const code = from[random.below(from.length)]!;
    schedule.push(code);
    make(world, code);
    if (world.violation) return;
  }
}
