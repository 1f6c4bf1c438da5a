import { explore, type Finding } from "./explore.ts";
import { type Mutant, mutants } from "./mutants.ts";
import type { Setting } from "./setting.ts";
import { shrink } from "./story.ts";
import { walk } from "./walk.ts";
import { largeWorlds, smallWorlds } from "./worlds.ts";

/** What became of one deliberate bug. */
export interface Catch {
  readonly mutant: Mutant;
  readonly finding: Finding | undefined;
  /** How it was found. */
  readonly by: "exploring" | "walking" | undefined;
  readonly ms: number;
}

const BOUNDS = { depth: 60, states: 150_000, ms: 15_000 };
const WALKS = { schedules: 100_000, seed: 1, depth: 70, ms: 20_000 };

/** Looks for one mutant: in its small worlds to their bounds, then at random in the large ones. */
export function hunt(mutant: Mutant): Catch {
  const begin = performance.now();
  const done = (finding: Finding | undefined, by: Catch["by"]): Catch => ({
    mutant,
    finding: finding && shrink(finding),
    by,
    ms: performance.now() - begin,
  });
  const bad = (setting: Setting): Setting => ({
    ...setting,
    decide: mutant.decide ?? setting.decide,
    habits: mutant.habits ?? {},
  });
  for (const setting of smallWorlds) {
    if (!mutant.worlds.some((name) => setting.name.startsWith(name))) continue;
    const { finding } = explore(bad(setting), BOUNDS);
    if (finding) return done(finding, "exploring");
  }
  const { finding } = walk(largeWorlds.map(bad), WALKS);
  return done(finding, finding && "walking");
}

export function* huntAll(): Generator<Catch> {
  for (const mutant of mutants) yield hunt(mutant);
}
