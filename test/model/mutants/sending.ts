import { FINALIZER } from "../../../src/api/group.ts";
import { decide } from "../../../src/core/decide.ts";
import { instead, type Mutant, seeing, underNewJobId, withMetadata, withTrigger, writing } from "./mutant.ts";

/** What is sent, and what is on record of it. */
export const sending: readonly Mutant[] = [
  {
    name: "retries with a new JobID",
    breaks: ["sendsWithoutLooking"],
    worlds: ["crash, lost"],
    decide: instead(["sendAgain"], underNewJobId),
  },
  {
    name: "writes without a precondition",
    breaks: ["forgetsWhatWasSent"],
    worlds: ["two operators"],
    habits: { overwrites: true },
  },
  {
    name: "sends before it writes",
    breaks: ["claimsWhatIsNot"],
    worlds: ["crash, lost", "edits"],
    habits: { sendsBeforeWriting: true },
  },
  {
    name: "deletes the JAR as soon as the request has left",
    breaks: ["failsWithoutCause"],
    worlds: ["JAR"],
    habits: { dropsJarEarly: true },
  },
  {
    name: "sends again without bound",
    breaks: ["sendsWithoutBound"],
    worlds: ["one attempt"],
    decide: (observed, now) => {
      const tries = observed.job.status?.trigger?.tries ?? 0;
      const { maxAttempts } = observed.job.spec.submission;
      return decide(tries >= maxAttempts ? withTrigger(observed, { tries: maxAttempts - 1 }) : observed, now);
    },
  },
  {
    name: "sends beside a request that may still arrive",
    breaks: ["saysWhatIsNot"],
    worlds: ["short backoff"],
    decide: seeing((observed) => ({ ...observed, longestWayMs: 0 })),
  },
  {
    name: "takes back twice that nothing was sent",
    breaks: ["forgetsWhatWasSent"],
    worlds: ["nobody home"],
    decide: seeing((observed) =>
      observed.flight ? { ...observed, flight: { ...observed.flight, sentAt: undefined } } : observed,
    ),
  },
  {
    name: "forgets which content is in doubt",
    breaks: ["notAsWished"],
    worlds: ["edit and a late request"],
    decide: (observed, now) => writing(decide(observed, now), { unsettledHash: undefined }),
  },
  {
    name: "says running when /run-application was accepted",
    breaks: ["claimsWhatIsNot"],
    worlds: ["the same on 2.3"],
    decide: instead(["applicationAccepted"], (step) => writing(step, { state: "running" })),
  },
  {
    name: "sends before it holds the finalizer",
    breaks: ["outlivesItsFlinkJob"],
    worlds: ["deleted at once"],
    decide: seeing((observed) => withMetadata(observed, { finalizers: [FINALIZER] })),
  },
  {
    name: "forgets that a trigger ID was used",
    breaks: ["runsAgain"],
    worlds: ["an old trigger ID"],
    decide: seeing(({ job, ...rest }) => {
      if (!job.status) return { ...rest, job };
      const { history: _, ...status } = job.status;
      return { ...rest, job: { ...job, status } };
    }),
  },
  {
    name: "does not see that a job of its own runs",
    breaks: ["sendsBesideListedJob"],
    worlds: ["status wiped and"],
    decide: seeing((observed) => {
      const { cluster, job } = observed;
      if (job.status?.trigger || cluster.kind !== "reachable") return observed;
      return { ...observed, cluster: { ...cluster, jobs: new Map() } };
    }),
  },
];
