import { mutants } from "../mutants/mutants.ts";
import { largeWorlds, smallWorlds } from "../world/worlds.ts";
import { explore } from "./explore.ts";
import { type Finding, settingOf } from "./finding.ts";
import { shrink } from "./story.ts";
import { walk } from "./walk.ts";

/** What became of one deliberate bug. */
export interface Catch {
  readonly mutant: string;
  readonly finding: Finding | undefined;
  /** How it was found. */
  readonly by: "exploring" | "walking" | undefined;
  readonly ms: number;
}

const QUICK = { from: 0, to: 3_000, seed: 1, depth: 40 };
const BOUNDS = { depth: 200, states: 150_000, ms: 30_000 };
const FAR = { from: 0, to: 200_000, seed: 1, depth: 70 };

/** Looks for one mutant: a while at random in its small worlds, then in them to their bounds, then in the large ones. */
export function hunt(name: string): Catch {
  const mutant = mutants.find((one) => one.name === name);
  if (!mutant) throw new RangeError(`no mutant is called "${name}"`);
  const begin = performance.now();
  const done = (finding: Finding | undefined, by: Catch["by"]): Catch => ({
    mutant: name,
    finding: finding && shrink(finding),
    by,
    ms: performance.now() - begin,
  });
  const bad = (world: { name: string }) => settingOf({ world: world.name, mutant: name });
  const near = smallWorlds
    .filter((world) => mutant.worlds.some((start) => world.name.startsWith(start)))
    .map(bad);
  const soon = near.length > 0 ? walk(near, QUICK).finding : undefined;
  if (soon) return done(soon, "walking");
  for (const setting of near) {
    const { finding } = explore(setting, BOUNDS);
    if (finding) return done(finding, "exploring");
  }
  const { finding } = walk(largeWorlds.map(bad), FAR);
  return done(finding, finding && "walking");
}
