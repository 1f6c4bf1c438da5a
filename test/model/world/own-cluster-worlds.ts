import { aSetting } from "./a-setting.ts";
import type { Budget, Setting } from "./setting.ts";

const own = { ownCluster: "application", begins: "created", prompt: true } as const;
const runs = { ...own, begins: "ownRuns" } as const;
const session = { ...own, ownCluster: "session", jar: "uri" } as const;

/** Jobs that bring their own clusters: made, followed, let go, taken away. */
export const ownClusterWorlds: readonly Setting[] = [
  aSetting("own cluster", { ...own, prompt: false }, {}),
  aSetting("own cluster, one crash", own, { crashes: 1 }),
  aSetting("own cluster, batch", { ...own, batch: true }, { crashes: 1 }),
  aSetting(
    "own cluster, batch, 2.3",
    { ...own, batch: true, applications: true },
    { crashes: 1, failovers: 1 },
  ),
  aSetting("own cluster, batch, old caches", { ...own, prompt: false, batch: true }, { crashes: 1 }),
  aSetting("own cluster, two operators", { ...own, prompt: false, batch: true }, { takeovers: 1 }),
  aSetting("own cluster, failover", { ...own, batch: true }, { failovers: 2, crashes: 1 }),
  aSetting("own cluster, bad main()s", { ...own, mains: ["submits", "throws", "exits"] }, { crashes: 1 }),
  aSetting(
    "own cluster, bad main()s, 2.3",
    { ...own, applications: true, mains: ["submits", "throws", "noJob"] },
    { crashes: 1 },
  ),
  aSetting("own cluster, edit", own, { edits: 1, crashes: 1 }),
  aSetting("own cluster, edit, old caches", { ...own, prompt: false }, { edits: 1, takeovers: 1 }),
  aSetting("own cluster, edit while it runs", { ...runs, prompt: false }, { edits: 1, crashes: 1 }),
  aSetting(
    "own cluster, upgrade by savepoint",
    { ...runs, upgradeMode: "savepoint" },
    { edits: 1, checkpoints: 1, crashes: 1 },
  ),
  aSetting(
    "own cluster, upgrade by last state",
    { ...runs, upgradeMode: "last-state" },
    { edits: 1, checkpoints: 1, failovers: 1 },
  ),
  aSetting("own cluster, suspended", own, { suspensions: 1, crashes: 1 }),
  aSetting("own cluster, deleted", { ...own, prompt: false }, { deletions: 1, crashes: 1 }),
  aSetting("own cluster, deleted while it runs", { ...runs, prompt: false }, { deletions: 1, takeovers: 1 }),
  aSetting("own cluster, impatient", { ...own, timeout: "30s" }, { crashes: 1 }),
  aSetting("own cluster, status wiped", { ...own, batch: true }, { wipes: 1, crashes: 1 }),
  aSetting("own cluster, taken away", { ...own, batch: true }, { forces: 1, crashes: 1 }),
  aSetting(
    "own cluster, taken away, Resubmit",
    { ...runs, lostPolicy: "Resubmit" },
    { forces: 1, clusterDeletions: 1 },
  ),
  aSetting(
    "own cluster, deleted by somebody",
    { ...own, prompt: false },
    { clusterDeletions: 1, crashes: 1 },
  ),
  aSetting(
    "own cluster, deleted by somebody, bad main()s",
    { ...own, applications: true, mains: ["submits", "throws", "noJob", "exits"] },
    { clusterDeletions: 1, failovers: 1, edits: 1 },
  ),
  aSetting("own session, deleted by somebody", session, { clusterDeletions: 1, crashes: 1 }),
  aSetting(
    "own cluster, made late",
    { ...own, open: ["madeLate"] },
    { deletions: 1, takeovers: 1, edits: 1 },
  ),
  aSetting("own session", session, { crashes: 1 }),
  aSetting("own session, batch", { ...session, batch: true }, { crashes: 1, lostAnswers: 1 }),
  aSetting("own session, edit", { ...session, batch: true }, { edits: 1, failovers: 1 }),
  aSetting("own session, deleted", session, { deletions: 1, takeovers: 1 }),
];

const everything: Partial<Budget> = {
  crashes: 2,
  takeovers: 1,
  staleLists: 1,
  lostWrites: 1,
  lostRequests: 1,
  lostAnswers: 1,
  failovers: 2,
  jobFailures: 1,
  pauses: 3,
  checkpoints: 2,
  edits: 2,
  reverts: 1,
  suspensions: 1,
  deletions: 1,
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
        aSetting(`${name}, by savepoint`, { ...base, upgradeMode: "savepoint" }, everything),
        aSetting(`${name}, restarts`, { ...base, restarts: 2 }, { ...everything, jobFailures: 3 }),
        aSetting(`${name}, bad main()s`, { ...base, mains: ["submits", "throws", "exits"] }, everything),
        aSetting(`${name}, taken away`, { ...base, batch: true }, { ...everything, forces: 1 }),
        aSetting(`${name}, Resubmit`, { ...base, lostPolicy: "Resubmit" }, { ...everything, forces: 2 }),
        aSetting(`${name}, status wiped`, { ...base, batch: true }, { ...everything, wipes: 1 }),
      ];
    }),
);
