import { aSetting, everyFault } from "./a-setting.ts";
import type { Budget, Setting } from "./setting.ts";

const stateful = { prompt: true, begins: "runs" } as const;
const upgrade = { checkpoints: 1, edits: 1 };

/** Jobs with state that are upgraded, suspended, resumed, restarted and rolled back. */
export const lifeCycleWorlds: readonly Setting[] = [
  aSetting("upgrade by savepoint", { ...stateful, upgradeMode: "savepoint" }, { ...upgrade, crashes: 1 }),
  aSetting(
    "upgrade by savepoint, lost answer",
    { ...stateful, upgradeMode: "savepoint" },
    { ...upgrade, lostAnswers: 1 },
  ),
  aSetting(
    "upgrade by savepoint, which fails",
    { ...stateful, upgradeMode: "savepoint" },
    { ...upgrade, savepointFailures: 1, crashes: 1 },
  ),
  aSetting(
    "upgrade by savepoint, which has failed",
    { prompt: true, begins: "stopFailed", upgradeMode: "savepoint" },
    { edits: 1, savepointFailures: 1, checkpoints: 1, crashes: 1 },
  ),
  aSetting(
    "upgrade by savepoint, two operators",
    { ...stateful, upgradeMode: "savepoint" },
    { edits: 1, takeovers: 1 },
  ),
  aSetting(
    "upgrade by savepoint, failover",
    { ...stateful, upgradeMode: "savepoint" },
    { ...upgrade, failovers: 1 },
  ),
  aSetting(
    "upgrade by savepoint, crash and failover",
    { ...stateful, upgradeMode: "savepoint" },
    { edits: 1, failovers: 1, crashes: 1 },
  ),
  aSetting(
    "upgrade by savepoint, no HA",
    { ...stateful, upgradeMode: "savepoint", protection: "JobManagerLifetime" },
    { ...upgrade, failovers: 1 },
  ),
  aSetting(
    "upgrade by savepoint, 2.3",
    { ...stateful, upgradeMode: "savepoint", applications: true },
    { ...upgrade, crashes: 1 },
  ),
  aSetting(
    "upgrade by savepoint, batch",
    { ...stateful, upgradeMode: "savepoint", batch: true },
    { edits: 1, crashes: 1 },
  ),
  aSetting(
    "upgrade by last state",
    { ...stateful, upgradeMode: "last-state" },
    { ...upgrade, checkpoints: 2, crashes: 1 },
  ),
  aSetting(
    "upgrade by last state, not retained",
    { ...stateful, upgradeMode: "last-state", retains: false },
    { ...upgrade, checkpoints: 2, crashes: 1 },
  ),
  aSetting(
    "upgrade by last state, failover",
    { ...stateful, upgradeMode: "last-state" },
    { ...upgrade, failovers: 1 },
  ),
  aSetting("upgrade taken back", { ...stateful, upgradeMode: "savepoint" }, { ...upgrade, reverts: 1 }),
  aSetting("upgrade taken back, stateless", stateful, { edits: 1, reverts: 1, crashes: 1 }),
  aSetting(
    "suspended and resumed",
    { ...stateful, upgradeMode: "savepoint" },
    { checkpoints: 1, suspensions: 1, crashes: 1 },
  ),
  aSetting(
    "suspended and resumed, last state",
    { ...stateful, upgradeMode: "last-state" },
    { checkpoints: 1, suspensions: 1, crashes: 1 },
  ),
  aSetting("suspended before it runs", { prompt: true }, { suspensions: 1, crashes: 1 }),
  aSetting(
    "suspended before it runs, 2.3",
    { prompt: true, applications: true },
    { suspensions: 1, crashes: 1 },
  ),
  aSetting(
    "suspended, upgraded and resumed",
    { ...stateful, upgradeMode: "savepoint" },
    { suspensions: 1, edits: 1 },
  ),
  aSetting(
    "restarts",
    { ...stateful, upgradeMode: "last-state", restarts: 2 },
    { checkpoints: 1, jobFailures: 3 },
  ),
  aSetting("restarts, stateless", { ...stateful, restarts: 1 }, { jobFailures: 2, crashes: 1 }),
  aSetting(
    "rollback of a main() that throws",
    { ...stateful, upgradeMode: "savepoint", rollback: true, bad: "throws" },
    { checkpoints: 1, edits: 1 },
  ),
  aSetting(
    "rollback of a job that fails",
    { ...stateful, upgradeMode: "savepoint", rollback: true, bad: "fails" },
    { edits: 1, crashes: 1 },
  ),
  aSetting("rollback, stateless", { ...stateful, rollback: true, bad: "fails" }, { edits: 1, crashes: 1 }),
  aSetting(
    "rollback and restarts",
    { ...stateful, upgradeMode: "last-state", rollback: true, bad: "fails", restarts: 1 },
    { edits: 1, checkpoints: 1 },
  ),
  aSetting(
    "deleted with a savepoint",
    { ...stateful, upgradeMode: "savepoint", deletionPolicy: "Savepoint" },
    { checkpoints: 1, deletions: 1, crashes: 1, failovers: 1 },
  ),
  aSetting("restarted by Flink", stateful, { restarts: 3, pauses: 2 }),
  aSetting(
    "restarted by Flink, upgraded by savepoint",
    { ...stateful, upgradeMode: "savepoint" },
    { ...upgrade, restarts: 1 },
  ),
  aSetting(
    "restarted by Flink, upgraded by last state, not retained",
    { ...stateful, upgradeMode: "last-state", retains: false },
    { ...upgrade, restarts: 1 },
  ),
  aSetting("adoption", { begins: "created", prompt: true, adopts: true }, { crashes: 1, deletions: 1 }),
  aSetting(
    "adoption of a batch job, 2.3",
    { begins: "created", prompt: true, adopts: true, applications: true, batch: true },
    { crashes: 1, edits: 1 },
  ),
  aSetting(
    "adoption, upgraded by savepoint",
    { begins: "created", prompt: true, adopts: true, upgradeMode: "savepoint" },
    { ...upgrade, failovers: 1 },
  ),
  aSetting("upgrade by savepoint, followed", { ...stateful, upgradeMode: "savepoint" }, upgrade),
  aSetting(
    "suspended in doubt",
    { begins: "sent", prompt: true, batch: true },
    { suspensions: 1, failovers: 1, lostAnswers: 1 },
  ),
  aSetting(
    "fails before it was seen to run, 2.3",
    { begins: "sent", prompt: true, applications: true, upgradeMode: "last-state" },
    { checkpoints: 1, jobFailures: 1, edits: 1 },
  ),
];

const everything: Partial<Budget> = {
  ...everyFault,
  lostAnswers: 2,
  failovers: 2,
  jobFailures: 2,
  restarts: 2,
  hours: 1,
  pauses: 3,
  checkpoints: 4,
  savepointFailures: 2,
  edits: 3,
  reverts: 1,
  suspensions: 2,
};

/** The same, too large to be explored. */
export const largeLifeCycleWorlds: readonly Setting[] = (["savepoint", "last-state"] as const).flatMap(
  (upgradeMode) =>
    (["Durable", "RunningJobs", "JobManagerLifetime"] as const).flatMap((protection) =>
      [false, true].flatMap((applications) => {
        const name = `${upgradeMode}, ${protection}, ${applications ? "2.3" : "2.2"}`;
        const base = { upgradeMode, protection, applications };
        return [
          aSetting(`${name}`, base, everything),
          aSetting(`${name}, adopted`, { ...base, adopts: true }, everything),
          aSetting(`${name}, batch, nothing retained`, { ...base, batch: true, retains: false }, everything),
          aSetting(
            `${name}, restarts and rollback`,
            { ...base, restarts: 2, rollback: true, bad: "fails" },
            everything,
          ),
          aSetting(
            `${name}, bad main()s, rollback, deleted with a savepoint`,
            { ...base, rollback: true, bad: "throws", deletionPolicy: "Savepoint" },
            everything,
          ),
        ];
      }),
    ),
);
