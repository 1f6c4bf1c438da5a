import { decide } from "../../src/core/decide.ts";
import { type Budget, noBudget, type Setting } from "./setting.ts";

/** A world in which nothing goes wrong, unless said otherwise. */
export function aSetting(name: string, patch: Partial<Setting>, budget: Partial<Budget>): Setting {
  return {
    name,
    applications: false,
    protection: "Durable",
    batch: false,
    mains: ["submits"],
    jar: "id",
    keepsJars: true,
    lostPolicy: "Fail",
    deletionPolicy: "Cancel",
    maxAttempts: 3,
    ownTriggerIds: false,
    habits: {},
    decide,
    open: [],
    ...patch,
    budget: { ...noBudget, ...budget },
  };
}

const faults = { crashes: 1, lostAnswers: 1, lostRequests: 1, pauses: 1 };

/** Each is small enough to be explored to its end, or deep; together they have every fault and every class. */
export const smallWorlds: readonly Setting[] = [
  aSetting("first submission", {}, {}),
  aSetting("crash, lost request, lost answer", {}, faults),
  aSetting("the same on 2.3", { applications: true }, faults),
  aSetting("failover, Durable", { batch: true }, { crashes: 1, failovers: 1, lostAnswers: 1 }),
  aSetting("failover, Durable, 2.3", { batch: true, applications: true }, { crashes: 1, failovers: 1 }),
  aSetting(
    "failover, RunningJobs",
    { batch: true, protection: "RunningJobs" },
    { crashes: 1, failovers: 1, lostAnswers: 1 },
  ),
  aSetting(
    "failover, no HA",
    { batch: true, protection: "JobManagerLifetime" },
    { crashes: 1, failovers: 1, lostAnswers: 1 },
  ),
  aSetting(
    "failover, no HA, Resubmit",
    { protection: "JobManagerLifetime", lostPolicy: "Resubmit" },
    { crashes: 1, failovers: 1, lostAnswers: 1 },
  ),
  aSetting("Flink forgets", { batch: true }, { crashes: 1, hours: 1, lostAnswers: 1 }),
  aSetting(
    "Flink forgets, RunningJobs",
    { batch: true, protection: "RunningJobs" },
    { crashes: 1, hours: 1, lostAnswers: 1 },
  ),
  aSetting("two operators", {}, { takeovers: 1, lostWrites: 1 }),
  aSetting("two operators and an edit", {}, { takeovers: 1, edits: 1 }),
  aSetting("edits", { batch: true }, { edits: 2, crashes: 1 }),
  aSetting("edits on 2.3", { applications: true }, { edits: 1, crashes: 1, lostAnswers: 1 }),
  aSetting(
    "own trigger IDs",
    { ownTriggerIds: true, batch: true },
    { newTriggerIds: 1, edits: 1, crashes: 1 },
  ),
  aSetting("deletion", {}, { deletions: 1, crashes: 1 }),
  aSetting("deletion on 2.3", { applications: true }, { deletions: 1, crashes: 1 }),
  aSetting("deleted and created again", {}, { deletions: 1, recreations: 1, crashes: 1 }),
  aSetting(
    "every kind of main()",
    { mains: ["submits", "throws", "noJob", "submitsThenThrows", "burnsItsId"] },
    { lostAnswers: 1, crashes: 1 },
  ),
  aSetting("main() exits", { mains: ["submits", "exits"] }, { crashes: 1 }),
  aSetting("impatient", { timeout: "30s", mains: ["submits", "throws"] }, { crashes: 1, lostAnswers: 1 }),
  aSetting("JAR by URI", { jar: "uri" }, { crashes: 1, edits: 1, lostAnswers: 1 }),
  aSetting("JAR by URI, two operators", { jar: "uri" }, { takeovers: 1, edits: 1 }),
  aSetting("doubled requests", { batch: true }, { duplicatedRequests: 1, crashes: 1, lostAnswers: 1 }),
  aSetting("status wiped", {}, { wipes: 1, crashes: 1 }),
];
