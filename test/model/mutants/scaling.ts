import { decide } from "../../../src/core/decide.ts";
import { runHash } from "../../../src/core/identity.ts";
import type { Observed, RequirementsSeen } from "../../../src/core/observed.ts";
import { requiredBy } from "../../../src/core/scaling.ts";
import { type Decide, instead, type Mutant, seeing, withTrigger, writing } from "./mutant.ts";

/** Jobs that are scaled as they run. */
export const scaling: readonly Mutant[] = [
  {
    name: "asks Flink first, and records it when Flink has it",
    breaks: ["requiresUnrecorded"],
    worlds: ["scaled and taken back"],
    decide: instead(["rescale"], (step, { requirements }) => {
      const { effect } = step;
      if (effect?.kind !== "requireResources" || requirements?.result.kind !== "read") return step;
      const { upper } = requirements.result.requirements.get("tasks")!;
      return upper === effect.requirements.get("tasks")?.upper ? step : { ...step, status: undefined };
    }),
  },
  {
    name: "believes that Flink has what it said that it took",
    breaks: ["notScaled"],
    worlds: ["scaled, failover that loses it"],
    decide: unlooked((observed) => {
      const { requirements: seen } = observed;
      const { scaling } = observed.job.status?.trigger ?? {};
      if (seen?.result.kind !== "asked" || !scaling) return observed;
      return bySomeProcess(observed, {
        ...seen,
        result: { kind: "read", requirements: requiredBy(scaling, TASKS) },
      });
    }),
  },
  {
    name: "believes what the process before had",
    breaks: ["notScaled"],
    worlds: ["scaled, failover that loses it"],
    decide: unlooked((observed) => {
      const { requirements: seen } = observed;
      return seen ? bySomeProcess(observed, seen) : observed;
    }),
  },
  {
    name: "takes what is asked for for what is",
    breaks: ["saysWhatIsNot"],
    worlds: ["scaled too far"],
    decide: instead(["rescale"], (step) => {
      const { parallelism, runHash: asked, generation } = step.status?.trigger?.scaling ?? {};
      return writing(step, { parallelism, runHash: asked, generation });
    }),
  },
  {
    name: "does not look again after a failover",
    breaks: ["notScaled"],
    worlds: ["scaled, failover that loses it"],
    decide: unlooked((observed) => {
      const { cluster } = observed;
      const { scaling } = observed.job.status?.trigger ?? {};
      if (scaling?.takenBy === undefined || cluster.kind !== "reachable") return observed;
      return withTrigger(observed, { scaling: { ...scaling, takenBy: cluster.jobManager.incarnation } });
    }),
  },
  {
    name: "starts a new run where it cannot be told what Flink has",
    breaks: ["restartsToScale"],
    worlds: ["scaled, lost answer"],
    decide: seeing((observed) => {
      const { requirements: seen } = observed;
      if (seen?.result.kind !== "failed") return observed;
      return { ...observed, requirements: { ...seen, result: { kind: "unsupported" } } };
    }),
  },
  {
    name: "takes a process that does not know the job yet for one without checkpoints",
    breaks: ["restartsToScale"],
    worlds: ["scaled with state, 2.3"],
    decide: seeing((observed) => {
      const { snapshots, cluster } = observed;
      if (!snapshots || cluster.kind !== "reachable") return observed;
      const { incarnation } = cluster.jobManager;
      return { ...observed, snapshots: { ...snapshots, incarnation } };
    }),
  },
  {
    name: "forgets what it has begun when it is not wanted any more",
    breaks: ["notScaled"],
    worlds: ["scaled and taken back"],
    decide: (observed, now) => {
      const { status, spec } = observed.job;
      const isBack = status?.trigger?.runHash === runHash(spec);
      return decide(isBack ? withTrigger(observed, { scaling: undefined }) : observed, now);
    },
  },
  {
    name: "asks again for what Flink refuses",
    breaks: ["neverQuiet"],
    worlds: ["scaled too far"],
    decide: seeing((observed) => {
      const { scaling } = observed.job.status?.trigger ?? {};
      if (scaling?.refusal === undefined) return observed;
      return withTrigger(observed, { scaling: { ...scaling, refusal: undefined } });
    }),
  },
  {
    name: "does not come back to what could not be asked",
    breaks: ["notScaled", "saysWhatIsNot"],
    worlds: ["scaled, lost answer"],
    decide: (observed, now) => {
      const step = decide(observed, now);
      return observed.requirements?.result.kind === "failed" ? { ...step, requeueAfterMs: undefined } : step;
    },
  },
];

/**
 * With a second bug: nobody compares the number of tasks once it was reached. That look, half a minute later, would mend what
 * the first one does.
 */
function unlooked(see: (observed: Observed) => Observed): Decide {
  return seeing((observed) => {
    const { cluster, job } = observed;
    const { jobId, scaling } = job.status?.trigger ?? {};
    const row = cluster.kind === "reachable" ? cluster.jobs.get(jobId ?? "") : undefined;
    if (scaling?.reachedAt === undefined || !row) return see(observed);
    return see(withTrigger(observed, { scaling: { ...scaling, tasks: row.tasks.total } }));
  });
}

const TASKS = new Map([
  ["tasks", { lower: 1, upper: 1 }],
  ["sink", { lower: 1, upper: 1 }],
]);

/** As if the process that leads now had said it. */
function bySomeProcess(observed: Observed, seen: RequirementsSeen): Observed {
  const { cluster } = observed;
  if (cluster.kind !== "reachable") return observed;
  return { ...observed, requirements: { ...seen, incarnation: cluster.jobManager.incarnation } };
}
