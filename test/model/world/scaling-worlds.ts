import { aSetting, everyFault } from "./a-setting.ts";
import type { Budget, Setting } from "./setting.ts";

const running = { begins: "runs", prompt: true, scales: "kept" } as const;
const lost = { ...running, scales: "lost" } as const;

const scaled = (name: string, budget: Partial<Budget>, patch: Partial<Setting> = {}): Setting =>
  aSetting(`scaled${name}`, { ...running, ...patch }, { scales: 1, ...budget });

/** Jobs whose parallelism changes as they run. */
export const scalingWorlds: readonly Setting[] = [
  scaled(", crash", { crashes: 1 }),
  scaled(", lost answer", { lostAnswers: 1 }),
  scaled(" and taken back, crash", { unscales: 1, crashes: 1 }),
  scaled(" twice, lost answer", { scales: 2, lostAnswers: 1 }),
  scaled(", failover", { failovers: 1 }),
  scaled(", failover that loses it", { failovers: 1 }, lost),
  scaled(", no HA", { failovers: 1 }, { ...running, protection: "JobManagerLifetime" }),
  scaled(", two operators", { takeovers: 1 }),
  scaled(" and edited, crash", { edits: 1, crashes: 1 }),
  scaled(" and suspended", { suspensions: 1, crashes: 1 }),
  scaled(" with a savepoint's state", { edits: 1, checkpoints: 1 }, { upgradeMode: "savepoint" }),
  scaled(" with state, 2.3", { failovers: 1 }, { upgradeMode: "savepoint", applications: true }),
  scaled(", own trigger IDs", { newTriggerIds: 1, crashes: 1 }, { ownTriggerIds: true }),
  scaled(" from what the cluster says", { unscales: 1 }, { unwritten: true }),
  scaled(" too far, crash", { scales: 2, unscales: 1, crashes: 1 }, { mostParallelism: 3 }),
  scaled(", batch", { crashes: 1 }, { batch: true }),
  scaled(", no slots, rolled back", { crashes: 1 }, { slots: 2, rollback: true }),
  scaled(", no slots", { unscales: 1 }, { slots: 2 }),
  scaled(", old caches", { crashes: 1 }, { prompt: false }),
];

const everything: Partial<Budget> = {
  ...everyFault,
  lostAnswers: 2,
  failovers: 2,
  jobFailures: 1,
  restarts: 1,
  pauses: 3,
  checkpoints: 2,
  edits: 1,
  scales: 3,
  unscales: 2,
  suspensions: 1,
};

/** The same, too large to be explored. */
export const largeScalingWorlds: readonly Setting[] = (
  ["stateless", "savepoint", "last-state"] as const
).flatMap((upgradeMode) =>
  (["kept", "lost"] as const).flatMap((scales) =>
    [false, true].flatMap((applications) => {
      const name = `scaled, ${upgradeMode}, ${scales}, ${applications ? "2.3" : "2.2"}`;
      const base = { upgradeMode, scales, applications };
      return [
        aSetting(name, base, everything),
        aSetting(
          `${name}, refused, own trigger IDs`,
          { ...base, mostParallelism: 3, ownTriggerIds: true },
          { ...everything, newTriggerIds: 1 },
        ),
        aSetting(`${name}, rollback, few slots`, { ...base, slots: 3, rollback: true }, everything),
        aSetting(`${name}, no HA`, { ...base, protection: "JobManagerLifetime", restarts: 2 }, everything),
      ];
    }),
  ),
);
