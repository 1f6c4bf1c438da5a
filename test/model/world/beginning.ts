import { Decisions } from "../operator/decisions.ts";
import { codeOf, kindNamed, make } from "./moves.ts";
import type { Setting } from "./setting.ts";
import { World } from "./world.ts";

/** The operator has seen the object and the cluster, and holds the finalizer. */
const HEAD_START = ["decides", "polls", "decides", "acts", "sees"].map((name) =>
  codeOf(kindNamed(name), 0, 0),
);

/** Where the schedules of a setting begin. */
export function beginning(setting: Setting): World {
  const world = new World(setting, Decisions.in(setting));
  if (setting.headStart) for (const code of HEAD_START) make(world, code);
  return world;
}
