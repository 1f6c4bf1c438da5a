import { type Mutant, mutants } from "../mutants/mutants.ts";
import type { Setting } from "../world/setting.ts";
import { largeWorlds, smallWorlds } from "../world/worlds.ts";
import { explore, type Finding } from "./explore.ts";
import { shrink } from "./story.ts";
import { walk } from "./walk.ts";

/** What became of one deliberate bug. */
export interface Catch {
  readonly mutant: Mutant;
  readonly finding: Finding | undefined;
  /** How it was found. */
  readonly by: "exploring" | "walking" | undefined;
  readonly ms: number;
}

const BOUNDS = { depth: 200, states: 150_000, ms: 8_000 };
const NEAR = { schedules: 100_000, seed: 1, depth: 40, ms: 10_000 };
const FAR = { schedules: 100_000, seed: 1, depth: 70, ms: 20_000 };

/** The world with the bug in it. */
export function mutated(setting: Setting, { decide = setting.decide, habits = {} }: Mutant): Setting {
  return { ...setting, decide, habits };
}

/** Looks for one mutant: in its small worlds to their bounds, then at random in the large ones. */
export function hunt(mutant: Mutant): Catch {
  const begin = performance.now();
  const done = (finding: Finding | undefined, by: Catch["by"]): Catch => ({
    mutant,
    finding: finding && shrink(finding),
    by,
    ms: performance.now() - begin,
  });
  const bad = (setting: Setting) => mutated(setting, mutant);
  const near = smallWorlds
    .filter(({ name }) => mutant.worlds.some((start) => name.startsWith(start)))
    .map(bad);
  for (const setting of near) {
    const { finding } = explore(setting, BOUNDS);
    if (finding) return done(finding, "exploring");
  }
  const finding = walk(near, NEAR).finding ?? walk(largeWorlds.map(bad), FAR).finding;
  return done(finding, finding && "walking");
}

/** Those whose names contain the text. */
export function* huntAll(text = ""): Generator<Catch> {
  for (const mutant of mutants) if (mutant.name.includes(text)) yield hunt(mutant);
}
