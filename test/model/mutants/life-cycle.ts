import { decide } from "../../../src/core/decide.ts";
import type { Observed } from "../../../src/core/observed.ts";
import type { Step } from "../../../src/core/step.ts";
import { instead, type Mutant, seeing, withSpec, withTrigger, writing } from "./mutant.ts";

/** State that is lost or forgotten, suspension, restarts, rollback. */
export const lifeCycle: readonly Mutant[] = [
  {
    name: "believes a history that may be older than the end of a stop",
    breaks: ["claimsWhatIsNot"],
    worlds: ["upgrade by savepoint, two operators"],
    decide: seeing(({ cluster, ...rest }) => {
      if (cluster.kind !== "reachable") return { ...rest, cluster };
      const jobs = [...cluster.jobs].map(
        ([id, row]) => [id, row.state === "FINISHED" ? { ...row, endTime: 1 } : row] as const,
      );
      return { ...rest, cluster: { ...cluster, jobs: new Map(jobs) } };
    }),
  },
  {
    name: "takes the savepoint of a stop that failed for that of the next",
    breaks: ["startsWithLess"],
    worlds: ["upgrade by savepoint, which"],
    decide: seeing((observed) => withStop(observed, { earlierPath: undefined })),
  },
  {
    name: "takes a followed checkpoint for the savepoint of the stop",
    breaks: ["failsWithoutCause"],
    worlds: ["upgrade by savepoint, followed"],
    decide: seeing((observed) => {
      const { trigger, restorePoint } = observed.job.status ?? {};
      const followed = restorePoint?.jobId === trigger?.jobId ? restorePoint?.path : undefined;
      return followed === undefined ? observed : withStop(observed, { path: followed });
    }),
  },
  {
    name: "starts anew where it should go on",
    breaks: ["startsWithLess"],
    worlds: ["upgrade by savepoint"],
    decide: instead(["replace", "resume", "restart"], startsAnew),
  },
  {
    name: "cancels although nothing is kept",
    breaks: ["cancelsWhatIsNotKept"],
    worlds: ["upgrade by last state, not retained"],
    decide: seeing((observed) => {
      const { look } = observed;
      if (!look?.snapshots) return observed;
      return { ...observed, look: { ...look, snapshots: { ...look.snapshots, completed: 0 } } };
    }),
  },
  {
    name: "does not wait for what the list of snapshots may be missing",
    breaks: ["startsWithLess"],
    worlds: ["upgrade by last state"],
    decide: seeing(({ cluster, ...rest }) => {
      if (cluster.kind !== "reachable") return { ...rest, cluster };
      const jobs = [...cluster.jobs].map(
        ([id, row]) => [id, row.endTime > 0 ? { ...row, endTime: 1 } : row] as const,
      );
      return { ...rest, cluster: { ...cluster, jobs: new Map(jobs) } };
    }),
  },
  {
    name: "submits what is suspended",
    breaks: ["runsSuspended"],
    worlds: ["suspended"],
    decide: seeing((observed) => withSpec(observed, { state: "running" })),
  },
  {
    name: "calls suspended what may have run",
    breaks: ["claimsWhatIsNot"],
    worlds: ["suspended in doubt"],
    decide: instead(["suspendedInDoubt"], (step, observed, now) => {
      const { status } = observed.job;
      const finishedAt = new Date(now).toISOString();
      return status
        ? writing({ ...step, status }, { state: "canceled", reason: "Suspended", finishedAt })
        : step;
    }),
  },
  {
    name: "restarts without bound",
    breaks: ["restartsWithoutBound"],
    worlds: ["restarts"],
    decide: seeing((observed) => withTrigger(observed, { restarts: 0 })),
  },
  {
    name: "forgets that it rolled back",
    breaks: ["neverQuiet"],
    worlds: ["rollback"],
    decide: (observed, now) => {
      const { status } = observed.job;
      if (!status?.rolledBack) return decide(observed, now);
      const { rolledBack: _, ...rest } = status;
      return decide({ ...observed, job: { ...observed.job, status: rest } }, now);
    },
  },
  {
    name: "submits what it is to adopt",
    breaks: ["neverQuiet"],
    worlds: ["adoption"],
    decide: seeing((observed) => withSpec(observed, { trigger: undefined })),
  },
  {
    name: "cancels what it was to adopt and never did",
    breaks: ["cancelsWhatIsNotIts"],
    worlds: ["adoption"],
    decide: (observed, now) => {
      const { job, cluster } = observed;
      const { deletionTimestamp } = job.metadata;
      const early = deletionTimestamp !== undefined && job.status?.trigger === undefined;
      if (!early || cluster.kind !== "reachable") return decide(observed, now);
      const row = cluster.jobs.get(job.spec.trigger?.jobId ?? "");
      if (row?.state !== "RUNNING") return decide(observed, now);
      return {
        rule: "cancelDeleted",
        events: [],
        effect: { kind: "cancelJob", jobId: row.id, url: cluster.url },
      };
    },
  },
  {
    name: "lets go of what it has adopted",
    breaks: ["orphansItsJob"],
    worlds: ["adoption"],
    decide: instead(["cancelDeleted"], (step) => ({
      ...step,
      status: undefined,
      effect: { kind: "removeFinalizer" },
    })),
  },
  {
    name: "does not count the last restart",
    breaks: ["missesARestart"],
    worlds: ["restarted by Flink"],
    decide: seeing((observed, now) => {
      const { troubles } = observed;
      return troubles ? { ...observed, troubles: { ...troubles, at: now + 60_000 } } : observed;
    }),
  },
  {
    name: "cancels a job that restarts, although nothing is kept",
    breaks: ["cancelsWhatIsNotKept"],
    worlds: ["restarted by Flink, upgraded by last state"],
    decide: seeing((observed) => {
      const { look, cluster } = observed;
      const rows = cluster.kind === "reachable" ? [...cluster.jobs.values()] : [];
      if (!look?.snapshots || !rows.some(({ state }) => state === "RESTARTING")) return observed;
      const retained = { onCancel: true, onFailure: true };
      return { ...observed, look: { ...look, snapshots: { ...look.snapshots, retained } } };
    }),
  },
  {
    name: "forgets that what failed at once had been accepted",
    breaks: ["startsWithLess"],
    worlds: ["fails before it was seen to run"],
    decide: instead(["mainFailedLate"], (step) => writing(step, { acceptedAt: undefined })),
  },
];

function withStop(observed: Observed, patch: Record<string, unknown>): Observed {
  const stop = observed.job.status?.trigger?.stop;
  return stop ? withTrigger(observed, { stop: { ...stop, ...patch } }) : observed;
}

function startsAnew(step: Step): Step {
  if (step.effect?.kind !== "submit") return step;
  const { savepointPath: _, ...request } = step.effect.request;
  return { ...writing(step, { savepointPath: undefined }), effect: { ...step.effect, request } };
}
