import { Decisions } from "../operator/decisions.ts";
import { nextOf } from "../search/quiet.ts";
import { make, moveOf, offers } from "./moves.ts";
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
const SCHEDULES = { created: [], ready: READY, sent: SENT, runs: RUNS, ownRuns: [], stopFailed: STOP_FAILED };

/** Where the schedules of a setting begin. */
export function beginning(setting: Setting): World {
  const world = new World(setting, Decisions.in(setting));
  for (const code of SCHEDULES[setting.begins]) make(world, code);
  if (setting.begins === "ownRuns") untilItRuns(world);
  return world;
}

/** As if nothing went wrong until its job runs in its own cluster, and the status says so. */
function untilItRuns(world: World): void {
  world.calm = true;
  const possible: number[] = [];
  while (world.api.newest.job?.status?.trigger?.reason !== "TasksRunning") {
    const next = nextOf(offers(world, possible));
    if (next === undefined) throw new Error("its job never comes to run");
    make(world, next);
  }
  world.calm = false;
}
