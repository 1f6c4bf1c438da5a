import { decide } from "../../../src/core/decide.ts";
import type { Step } from "../../../src/core/step.ts";
import { instead, type Mutant, seeing, withOldSpec, withSpec, withTrigger, writing } from "./mutant.ts";

const letGo: Step = { rule: "letGo", events: [], effect: { kind: "removeFinalizer" } };

/** What is taken for over, and what is let go. */
export const ending: readonly Mutant[] = [
  {
    name: "starts the next job before the end of the last",
    breaks: ["sendsBesideListedJob"],
    worlds: ["edits and a lost"],
    decide: instead(["cancelStopped"], (_, observed, now) => {
      const { cluster } = observed;
      const empty = cluster.kind === "reachable" ? { ...cluster, jobs: new Map() } : cluster;
      const ended = { finishedAt: new Date(now).toISOString(), state: "canceled" };
      return decide(withTrigger({ ...observed, cluster: empty }, ended), now);
    }),
  },
  {
    name: "runs again what Flink forgot",
    breaks: ["runsAgain"],
    worlds: ["Flink forgets, RunningJobs"],
    decide: seeing((observed) => withSpec(observed, { lostPolicy: "Resubmit" })),
  },
  {
    name: "lets a late job run",
    breaks: ["saysWhatIsNot"],
    worlds: ["impatient"],
    decide: instead(["cancelLateJob", "cancelLateMain"], (step) => ({ ...step, effect: undefined })),
  },
  {
    name: "lets go of what it does not know",
    breaks: ["orphansItsJob"],
    worlds: ["deletion"],
    decide: instead(["lookUp", "endingJob"], (step, { job }) =>
      job.metadata.deletionTimestamp === undefined ? step : letGo,
    ),
  },
  {
    name: "lets go while the request may still arrive",
    breaks: ["orphansItsJob"],
    worlds: ["deletion"],
    decide: seeing((observed) =>
      observed.job.metadata.deletionTimestamp === undefined
        ? observed
        : withTrigger(observed, { sentAt: undefined }),
    ),
  },
  {
    name: "takes a change of the spec for done",
    breaks: ["notAsWished"],
    worlds: ["edits and"],
    decide: instead(["cancelStopped"], (_, observed, now) => decide(withOldSpec(observed), now)),
  },
  {
    name: "forgets to decide again after an answer",
    breaks: ["notAsWished"],
    worlds: ["edits and"],
    decide: (observed, now) => {
      const step = decide(observed, now);
      return step.settlesFlight && !step.status ? { ...step, requeueAfterMs: undefined } : step;
    },
  },
  {
    name: "keeps no record of an end",
    breaks: ["stuck"],
    worlds: ["Flink forgets,"],
    decide: instead(["ended"], (step) => ({ ...step, status: undefined })),
  },
  {
    name: "takes what Flink forgot for finished",
    breaks: ["claimsWhatIsNot"],
    worlds: ["Flink forgets failures"],
    decide: instead(["outcomeLost"], (step) => writing(step, { state: "finished", reason: "Finished" })),
  },
  {
    name: "finds something new to write each time",
    breaks: ["neverQuiet"],
    worlds: ["first submission"],
    decide: (observed, now) => {
      const step = decide(observed, now);
      const status = step.status ?? observed.job.status;
      return status ? writing({ ...step, status }, { message: `${now}` }) : step;
    },
  },
];
