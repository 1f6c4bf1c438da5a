import { asking } from "./asking.ts";
import { ending } from "./ending.ts";
import { lifeCycle } from "./life-cycle.ts";
import type { Mutant } from "./mutant.ts";
import { ownCluster } from "./own-cluster.ts";
import { scaling } from "./scaling.ts";
import { sending } from "./sending.ts";

/** Every deliberate bug, by what it breaks. */
export const mutants: readonly Mutant[] = [
  ...asking,
  ...sending,
  ...ending,
  ...lifeCycle,
  ...ownCluster,
  ...scaling,
];
