import { aSetting, everyFault } from "./a-setting.ts";
import { largeLifeCycleWorlds, lifeCycleWorlds } from "./life-cycle-worlds.ts";
import { largeOwnClusterWorlds, ownClusterWorlds } from "./own-cluster-worlds.ts";
import { largeScalingWorlds, scalingWorlds } from "./scaling-worlds.ts";
import type { Budget, Setting } from "./setting.ts";

const faults = { crashes: 1, lostAnswers: 1, lostRequests: 1, pauses: 1 };

/** Each is small enough to be explored to its end, or deep; together they have every fault and every class. */
export const smallWorlds: readonly Setting[] = [
  ...lifeCycleWorlds,
  ...ownClusterWorlds,
  ...scalingWorlds,
  aSetting("first submission", { begins: "created" }, {}),
  aSetting("one crash", { prompt: true }, { crashes: 1 }),
  aSetting("lost answer", {}, { lostAnswers: 1, pauses: 1 }),
  aSetting(
    "lost answer, RunningJobs",
    { prompt: true, batch: true, protection: "RunningJobs" },
    { lostAnswers: 1 },
  ),
  aSetting("very impatient", { prompt: true, timeout: "2s" }, { crashes: 1 }),
  aSetting("crash and failover, no HA", { protection: "JobManagerLifetime" }, { crashes: 1, failovers: 1 }),
  aSetting("one attempt", { maxAttempts: 1, mains: ["submits", "exits"] }, {}),
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
  aSetting(
    "Flink forgets failures, RunningJobs",
    { batch: true, prompt: true, protection: "RunningJobs" },
    { crashes: 1, hours: 1, jobFailures: 1 },
  ),
  aSetting("two operators", {}, { takeovers: 1, lostWrites: 1 }),
  aSetting("two operators and an edit", {}, { takeovers: 1, edits: 1 }),
  aSetting("edits", { batch: true }, { edits: 2, crashes: 1 }),
  aSetting("edits and a lost answer", { prompt: true }, { edits: 1, lostAnswers: 1, pauses: 1 }),
  aSetting("edit and a late request", { prompt: true, open: ["lateRequest"] }, { edits: 1, crashes: 1 }),
  aSetting("nobody home", {}, { failovers: 1, lostWrites: 1, crashes: 1 }),
  aSetting(
    "no HA, forgotten and replaced",
    {
      begins: "sent",
      prompt: true,
      protection: "JobManagerLifetime",
      applications: true,
      batch: true,
    },
    { lostAnswers: 1, hours: 1, failovers: 1 },
  ),
  aSetting("edits on 2.3", { applications: true }, { edits: 1, crashes: 1, lostAnswers: 1 }),
  aSetting(
    "own trigger IDs",
    { ownTriggerIds: true, batch: true },
    { newTriggerIds: 1, edits: 1, crashes: 1 },
  ),
  aSetting(
    "an old trigger ID",
    { begins: "sent", prompt: true, ownTriggerIds: true, batch: true, protection: "RunningJobs" },
    { newTriggerIds: 1, oldTriggerIds: 1, hours: 1 },
  ),
  aSetting("deleted at once", { begins: "created", prompt: true }, { deletions: 1, crashes: 1 }),
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
  aSetting("one doubled request", { prompt: true }, { duplicatedRequests: 1 }),
  aSetting("doubled requests", { batch: true }, { duplicatedRequests: 1, crashes: 1, lostAnswers: 1 }),
  aSetting(
    "short backoff",
    { prompt: true, mains: ["submits", "throws"], backoffMs: 1_000 },
    { crashes: 1, lostRequests: 1 },
  ),
  aSetting(
    "short backoff, batch, RunningJobs",
    { prompt: true, batch: true, protection: "RunningJobs", backoffMs: 1_000 },
    { crashes: 1 },
  ),
  aSetting("status wiped", {}, { wipes: 1, crashes: 1 }),
  aSetting("status wiped and an edit", { prompt: true }, { wipes: 1, edits: 1, crashes: 1 }),
];

const everything: Partial<Budget> = {
  ...everyFault,
  lostAnswers: 2,
  duplicatedRequests: 1,
  jobFailures: 1,
  hours: 1,
  pauses: 4,
  otherEdits: 1,
  newTriggerIds: 1,
  oldTriggerIds: 1,
  recreations: 1,
};
const allMains = ["submits", "throws", "noJob", "submitsThenThrows", "burnsItsId"] as const;

/** Too large to be explored: walked through at random, with every fault at once. */
export const largeSubmissionWorlds: readonly Setting[] = (
  ["Durable", "RunningJobs", "JobManagerLifetime"] as const
).flatMap((protection) =>
  [false, true].flatMap((applications) => {
    const name = `${protection}, ${applications ? "2.3" : "2.2"}`;
    const base = { protection, applications };
    return [
      aSetting(`${name}, streams`, base, everything),
      aSetting(
        `${name}, batch jobs of users with IDs`,
        { ...base, batch: true, ownTriggerIds: true },
        everything,
      ),
      aSetting(
        `${name}, bad main()s and JARs`,
        { ...base, mains: allMains, jar: "uri", batch: true },
        everything,
      ),
      aSetting(`${name}, impatient`, { ...base, timeout: "30s", maxAttempts: 2 }, everything),
      aSetting(`${name}, Resubmit`, { ...base, lostPolicy: "Resubmit", batch: true }, everything),
      aSetting(
        `${name}, Orphan`,
        { ...base, deletionPolicy: "Orphan", jar: "uri" },
        { ...everything, wipes: 1 },
      ),
      aSetting(
        `${name}, calm users`,
        { ...base, batch: true },
        { ...everything, edits: 0, deletions: 0, newTriggerIds: 0 },
      ),
    ];
  }),
);

export const largeWorlds: readonly Setting[] = [
  ...largeSubmissionWorlds,
  ...largeLifeCycleWorlds,
  ...largeOwnClusterWorlds,
  ...largeScalingWorlds,
];
