import { mutants } from "../mutants/mutants.ts";
import type { Setting } from "../world/setting.ts";
import type { Violation } from "../world/world.ts";
import { largeWorlds, smallWorlds } from "../world/worlds.ts";

/** A schedule that ends where an invariant does not hold. Plain data: it goes from one thread to another, and into files. */
export interface Finding {
  readonly world: string;
  /** The deliberate bug that was in it. */
  readonly mutant?: string | undefined;
  readonly schedule: readonly number[];
  readonly violation: Violation;
}

const byName = new Map([...smallWorlds, ...largeWorlds].map((setting) => [setting.name, setting]));

/** A world by its name, with a deliberate bug in it if one is named. Throws RangeError for a name that none has. */
export function settingOf({ world, mutant }: Pick<Finding, "world" | "mutant">): Setting {
  const setting = byName.get(world);
  if (!setting) throw new RangeError(`no world is called "${world}"`);
  if (mutant === undefined) return setting;
  const bug = mutants.find(({ name }) => name === mutant);
  if (!bug) throw new RangeError(`no mutant is called "${mutant}"`);
  return { ...setting, mutant, decide: bug.decide ?? setting.decide, habits: bug.habits ?? {} };
}
