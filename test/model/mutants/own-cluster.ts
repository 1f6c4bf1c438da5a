import { decide } from "../../../src/core/decide.ts";
import type { Observed } from "../../../src/core/observed.ts";
import type { Step } from "../../../src/core/step.ts";
import { instead, type Mutant, seeing, withTrigger, writing } from "./mutant.ts";

const unreleased = instead(["releaseCluster"], (step, { job }) =>
  withCluster(step, job.status, { releasedAt: undefined }),
);

/** Clusters that are made for one job alone. */
export const ownCluster: readonly Mutant[] = [
  {
    name: "makes a cluster before it is on record",
    breaks: ["makesUnrecorded"],
    worlds: ["own cluster"],
    decide: instead(["makeCluster"], (step) => writing(step, { sends: 0 })),
  },
  {
    name: "makes a cluster without asking whether it is wanted",
    breaks: ["makesUnwanted"],
    worlds: ["own cluster, deleted", "own cluster, edit"],
    habits: { makesUnasked: true },
  },
  {
    name: "makes the next cluster before the job in the last has ended",
    breaks: ["mintsBesideLivingJob", "killsItsJob"],
    worlds: ["own cluster, edit while"],
    decide: instead(["cancelStopped", "stopJob", "cancelJob"], (_, observed, now) => {
      const { cluster } = observed;
      const empty = cluster.kind === "reachable" ? { ...cluster, jobs: new Map() } : cluster;
      const ended = { finishedAt: new Date(now).toISOString(), state: "canceled" };
      return decide(withTrigger({ ...observed, cluster: empty }, ended), now);
    }),
  },
  {
    name: "deletes a cluster without letting it go on record first",
    breaks: ["neverQuiet"],
    worlds: ["own cluster, batch"],
    decide: unreleased,
  },
  {
    name: "lets a cluster go before what its job counted is read",
    breaks: ["resultNotRecorded"],
    worlds: ["own cluster, batch"],
    decide: instead(["readResult", "resultOutOfSight"], (_, observed, now) => {
      const { status } = observed.job;
      const result = { ...status?.result, accumulators: {} };
      const read = { ...observed.job, status: { ...status!, result } } as Observed["job"];
      const step = decide({ ...observed, job: read }, now);
      return step.status ? { ...step, status: { ...step.status, result: status?.result } } : step;
    }),
  },
  {
    name: "lets a cluster go before the end of its job is on record",
    breaks: ["endNotRecorded"],
    worlds: ["own cluster, batch"],
    decide: instead(["readEnd", "ended"], (step, { job, perJob }, now) => {
      const [own] = perJob?.clusters ?? [];
      const { status } = job;
      if (!own || !status?.trigger?.cluster) return step;
      const cluster = { ...status.trigger.cluster, releasedAt: new Date(now).toISOString() };
      const { name, uid } = own;
      const released = { ...status, trigger: { ...status.trigger, cluster } };
      return { rule: step.rule, events: [], status: released, effect: { kind: "deleteCluster", name, uid } };
    }),
  },
  {
    name: "deletes a cluster before it is let go on record, and asks nobody whether it is needed",
    breaks: ["deletesUnreleased"],
    worlds: ["own cluster, batch"],
    decide: unreleased,
    habits: { deletesUnasked: true },
  },
  {
    name: "takes pods away while a job is on record there",
    breaks: ["killsItsJob"],
    worlds: ["own cluster, deleted by"],
    habits: { tearsDownWhatIsUsed: true },
  },
  {
    name: "believes an old cache that no job lives in a cluster that is deleted",
    breaks: ["killsItsJob"],
    worlds: ["own cluster, deleted by somebody"],
    habits: { believesOldJobs: true },
  },
  {
    name: "waits for a cluster that waits for it",
    breaks: ["neverQuiet", "stuck"],
    worlds: ["own session, deleted by"],
    decide: instead(["releaseDeletedEarly"], (step, { job }) =>
      withCluster(step, job.status, { releasedAt: undefined }),
    ),
  },
  {
    name: "leaves the ConfigMaps of high availability",
    breaks: ["leftBehind"],
    worlds: ["own cluster, batch"],
    habits: { leavesConfigMaps: true },
  },
  {
    name: "lets a FlinkJob go without clearing what a cache does not show",
    breaks: ["orphansItsJob"],
    worlds: ["own cluster, deleted", "own session, deleted"],
    decide: (observed, now) => {
      const step = decide(observed, now);
      const { effect } = step;
      return effect?.kind === "removeFinalizer" ? { ...step, effect: { kind: "removeFinalizer" } } : step;
    },
  },
  {
    name: "lets a FlinkJob go while the cluster goes that a cache did not show",
    breaks: ["orphansItsJob"],
    worlds: ["own cluster, deleted"],
    decide: (observed, now) => {
      const step = decide(observed, now);
      const { effect } = step;
      return effect?.kind === "removeFinalizer" ? { ...step, effect: { ...effect, awaits: false } } : step;
    },
  },
  {
    name: "believes a cache that shows no cluster",
    breaks: ["mintsBesideLivingJob", "twoLiveJobs", "killsItsJob"],
    worlds: ["own cluster, edit, old"],
    decide: seeing((observed, now) => {
      const { perJob, job } = observed;
      const name = job.status?.trigger?.cluster?.name;
      return perJob && name !== undefined
        ? { ...observed, perJob: { ...perJob, absent: { name, at: now } } }
        : observed;
    }),
  },
  {
    name: "takes what ran in a cluster that was taken away for finished",
    breaks: ["claimsWhatIsNot"],
    worlds: ["own cluster, taken"],
    decide: instead(["clusterLost"], (step) => writing(step, { state: "finished", reason: "Finished" })),
  },
];

function withCluster(step: Step, before: Observed["job"]["status"], patch: Record<string, unknown>): Step {
  const { trigger } = step.status ?? before ?? {};
  return trigger?.cluster ? writing(step, { cluster: { ...trigger.cluster, ...patch } }) : step;
}
