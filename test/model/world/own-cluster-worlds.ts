import { aSetting, everyFault } from "./a-setting.ts";
import type { Budget, Setting } from "./setting.ts";

const own = { ownCluster: "application", begins: "created", prompt: true } as const;
const batch = { batch: true } as const;
const late = { prompt: false } as const;
const running = { begins: "ownRuns" } as const;
const on2_3 = { applications: true } as const;
const bySavepoint = { upgradeMode: "savepoint" } as const;

const application = (name: string, budget: Partial<Budget>, patch: Partial<Setting> = {}): Setting =>
  aSetting(`own cluster${name}`, { ...own, ...patch }, budget);
const session = (name: string, budget: Partial<Budget>, patch: Partial<Setting> = {}): Setting =>
  aSetting(`own session${name}`, { ...own, ownCluster: "session", jar: "uri", ...patch }, budget);

/** Jobs that bring their own clusters: made, followed, let go, taken away. `late`: the watch caches may be behind. */
export const ownClusterWorlds: readonly Setting[] = [
  application("", {}, late),
  application(", one crash", { crashes: 1 }),
  application(", batch", { crashes: 1 }, batch),
  application(", batch, 2.3", { crashes: 1, failovers: 1 }, { ...batch, ...on2_3 }),
  application(", batch, old caches", { crashes: 1 }, { ...batch, ...late }),
  application(", two operators", { takeovers: 1 }, { ...batch, ...late }),
  application(", failover", { failovers: 2, crashes: 1 }, batch),
  application(", bad main()s", { crashes: 1 }, { mains: ["submits", "throws", "exits"] }),
  application(", bad main()s, 2.3", { crashes: 1 }, { ...on2_3, mains: ["submits", "throws", "noJob"] }),
  application(", edit", { edits: 1, crashes: 1 }),
  application(", edit, old caches", { edits: 1, takeovers: 1 }, late),
  application(", edit while it runs", { edits: 1, crashes: 1 }, { ...running, ...late }),
  application(
    ", upgrade by savepoint",
    { edits: 1, checkpoints: 1, crashes: 1 },
    { ...running, ...bySavepoint },
  ),
  application(
    ", upgrade by last state",
    { edits: 1, checkpoints: 1, failovers: 1 },
    { ...running, upgradeMode: "last-state" },
  ),
  application(", suspended", { suspensions: 1, crashes: 1 }),
  application(", deleted", { deletions: 1, crashes: 1 }, late),
  application(", deleted while it runs", { deletions: 1, takeovers: 1 }, { ...running, ...late }),
  application(", impatient", { crashes: 1 }, { timeout: "30s" }),
  application(", status wiped", { wipes: 1, crashes: 1 }, batch),
  application(", taken away", { forces: 1, crashes: 1 }, batch),
  application(
    ", taken away, Resubmit",
    { forces: 1, clusterDeletions: 1 },
    { ...running, lostPolicy: "Resubmit" },
  ),
  application(", deleted by somebody", { clusterDeletions: 1, crashes: 1 }, late),
  application(
    ", deleted by somebody, bad main()s",
    { clusterDeletions: 1, failovers: 1, edits: 1 },
    { ...on2_3, mains: ["submits", "throws", "noJob", "exits"] },
  ),
  application(", made late", { deletions: 1, takeovers: 1, edits: 1 }, { open: ["madeLate"] }),
  session("", { crashes: 1 }),
  session(", batch", { crashes: 1, lostAnswers: 1 }, batch),
  session(", edit", { edits: 1, failovers: 1 }, batch),
  session(", deleted", { deletions: 1, takeovers: 1 }),
  session(", deleted by somebody", { clusterDeletions: 1, crashes: 1, failovers: 1 }),
];

const everything: Partial<Budget> = {
  ...everyFault,
  failovers: 2,
  jobFailures: 1,
  pauses: 3,
  checkpoints: 2,
  reverts: 1,
  suspensions: 1,
  clusterDeletions: 1,
};

/** The same, too large to be explored. */
export const largeOwnClusterWorlds: readonly Setting[] = (["application", "session"] as const).flatMap(
  (ownCluster) =>
    [false, true].flatMap((applications) => {
      const name = `own ${ownCluster}s, ${applications ? "2.3" : "2.2"}`;
      const base = { ownCluster, applications, begins: "created", jar: "uri" } as const;
      return [
        aSetting(`${name}, streams`, base, everything),
        aSetting(`${name}, batch`, { ...base, batch: true }, everything),
        aSetting(`${name}, by savepoint`, { ...base, ...bySavepoint }, everything),
        aSetting(`${name}, restarts`, { ...base, restarts: 2 }, { ...everything, jobFailures: 3 }),
        aSetting(`${name}, bad main()s`, { ...base, mains: ["submits", "throws", "exits"] }, everything),
        aSetting(`${name}, taken away`, { ...base, batch: true }, { ...everything, forces: 1 }),
        aSetting(`${name}, Resubmit`, { ...base, lostPolicy: "Resubmit" }, { ...everything, forces: 2 }),
        aSetting(`${name}, status wiped`, { ...base, batch: true }, { ...everything, wipes: 1 }),
      ];
    }),
);
