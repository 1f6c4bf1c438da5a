import type { Fault, FaultMode } from "../support/lifeline.ts";
import { faultModes } from "../support/lifeline.ts";
import type { RunResult } from "./crash-run.ts";
import { type Case, caseName, faultsOf, seeded, some } from "./matrix.ts";

/** What the command line asks for; it goes to the workers as it is. */
export interface Plan {
  readonly seed: number;
  /** every: all faults; otherwise so many of the case's faults. */
  readonly faults: "every" | number;
  /** The same where a FlinkJob brings its own cluster: three times the calls, most of them those of all others. */
  readonly ownFaults: Plan["faults"];
  /** This fault alone. */
  readonly only?: Fault;
  readonly listing: boolean;
  readonly real: boolean;
}

/** The faults of one case that are played. */
export function chosenFaults(plan: Plan, one: Case, golden: RunResult): Fault[] {
  if (plan.listing) return [];
  if (plan.only !== undefined) return [plan.only];
  const all = faultsOf(golden, one.scenario);
  // The order in which cases come is chance; the seed's choice must not be.
  const count =
    one.scenario.ownCluster === undefined || plan.faults !== "every" ? plan.faults : plan.ownFaults;
  return count === "every" ? all : some(all, count, seeded(plan.seed, caseName(one)));
}

/** Throws for anything but `NAME #N: MODE`. */
export function parsedFault(text: string): Fault {
  const [, name = "", occurrence = "1", mode = ""] = /^(.*?) ?#(\d+): (.*)$/.exec(text) ?? [];
  if (!faultModes.includes(mode as FaultMode)) throw new Error(`No such fault: ${text}`);
  return { name, occurrence: Number(occurrence), mode: mode as FaultMode };
}
