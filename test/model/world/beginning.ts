import { Decisions } from "../operator/decisions.ts";
import { make, moveOf } from "./moves.ts";
import type { Setting } from "./setting.ts";
import { World } from "./world.ts";

/** The operator sees the object and the cluster, and holds the finalizer. */
const READY = ["decides", "polls", "decides", "acts", "sees"].map(moveOf);
const SENT = [...READY, ...["decides", "writes", "sees", "acts", "sends", "arrives 1"].map(moveOf)];
const RUNS = [
  ...SENT,
  ...["mainEnds", "polls", "answers 1", "decides", "writes", "sees", "decides"].map(moveOf),
];
const ASKED = [
  "edits",
  "sees",
  "decides",
  "acts",
  "looksForMains",
  "looksForJob",
  "decides",
  "writes",
  "sees",
  "acts",
];
const FAILED = [
  "savepointIsTaken",
  "savepointFails",
  "decides",
  "waits",
  "decides",
  "acts",
  "decides",
  "writes",
  "sees",
];
const STOP_FAILED = [...RUNS, ...[...ASKED, ...FAILED].map(moveOf)];
const MOVES = { created: [], ready: READY, sent: SENT, runs: RUNS, stopFailed: STOP_FAILED };

/** Where the schedules of a setting begin. */
export function beginning(setting: Setting): World {
  const world = new World(setting, Decisions.in(setting));
  for (const code of MOVES[setting.begins]) make(world, code);
  return world;
}
