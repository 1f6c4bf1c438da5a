import { decide } from "../../../src/core/decide.ts";
import { jobIdOf } from "../../../src/core/identity.ts";
import type { Look, Observed } from "../../../src/core/observed.ts";
import type { Step } from "../../../src/core/step.ts";
import type { Habits, Setting } from "../world/setting.ts";

type Decide = Setting["decide"];

/** A deliberate bug in the protocol. The sources stay as they are: what `decide` sees or says is changed around it. */
export interface Mutant {
  readonly name: string;
  /** Where it should be found, by the names of small worlds; the large ones are walked through otherwise. */
  readonly worlds: readonly string[];
  readonly decide?: Decide;
  readonly habits?: Habits;
}

/** decide, with another view of the world. */
const seeing =
  (view: (observed: Observed, now: number) => Observed): Decide =>
  (observed, now) =>
    decide(view(observed, now), now);

/** decide, with another step where it says one of these. */
const instead =
  (rules: readonly string[], other: (step: Step, observed: Observed, now: number) => Step): Decide =>
  (observed, now) => {
    const step = decide(observed, now);
    return rules.includes(step.rule) ? other(step, observed, now) : step;
  };

/** A look-up that never took place and found nothing. */
function nothingThere({ job, cluster }: Observed, now: number): Look {
  const incarnation = cluster.kind === "reachable" ? cluster.jobManager.incarnation : "";
  const jobId = job.status?.trigger?.jobId ?? "";
  return { jobId, at: now, endedAt: now, incarnation, found: false, mains: 0 };
}
const blindly = (observed: Observed, now: number): Step =>
  decide({ ...observed, look: nothingThere(observed, now) }, now);

function withTrigger(observed: Observed, patch: Record<string, unknown>): Observed {
  const { job } = observed;
  const { status } = job;
  if (!status?.trigger) return observed;
  return { ...observed, job: { ...job, status: { ...status, trigger: { ...status.trigger, ...patch } } } };
}

/** As if the request had been sent to that process. */
function sentTo(observed: Observed, incarnation: string): Observed {
  const before = observed.job.status?.trigger?.sentTo;
  return before ? withTrigger(observed, { sentTo: { ...before, incarnation } }) : observed;
}

function withSpec(observed: Observed, patch: Record<string, unknown>): Observed {
  return { ...observed, job: { ...observed.job, spec: { ...observed.job.spec, ...patch } } };
}

function writing(step: Step, patch: Record<string, unknown>): Step {
  const { status } = step;
  if (!status?.trigger) return step;
  return { ...step, status: { ...status, trigger: { ...status.trigger, ...patch } } };
}

function underNewJobId(step: Step, { job }: Observed): Step {
  const { trigger } = step.status ?? {};
  if (!trigger || step.effect?.kind !== "submit") return step;
  const attempt = trigger.attempt + 1;
  const jobId = jobIdOf(job.metadata.uid ?? "", trigger.id, attempt);
  const { request } = step.effect;
  const effect = { ...step.effect, jobId, request: { ...request, jobId, applicationId: jobId } };
  return { ...writing(step, { jobId, attempt }), effect };
}

const answeredBy = (observed: Observed, kind: string): boolean =>
  observed.flight?.phase === "answered" && observed.flight.outcome.kind === kind;
const letGo: Step = { rule: "letGo", events: [], effect: { kind: "removeFinalizer" } };

export const mutants: readonly Mutant[] = [
  {
    name: "retries with a new JobID",
    worlds: ["crash, lost"],
    decide: instead(["sendAgain"], underNewJobId),
  },
  {
    name: "takes a 400 for a failure without looking",
    worlds: ["every kind"],
    decide: instead(["lookUp"], (step, observed, now) =>
      answeredBy(observed, "failed") ? blindly(observed, now) : step,
    ),
  },
  {
    name: "takes a duplicate for an end without looking",
    worlds: ["one doubled"],
    decide: instead(["lookUp"], (step, observed, now) => {
      const { flight } = observed;
      if (flight?.phase !== "answered" || flight.outcome.kind !== "duplicate") return step;
      const before = { ...flight, endedAt: now - 10_000 };
      return decide({ ...observed, flight: before, look: nothingThere(observed, now) }, now);
    }),
  },
  {
    name: "trusts the list's silence",
    worlds: ["crash, lost"],
    decide: instead(["lookUp"], (_, observed, now) => blindly(observed, now)),
  },
  { name: "writes without a precondition", worlds: ["two operators"], habits: { overwrites: true } },
  { name: "sends before it writes", worlds: ["crash, lost", "edits"], habits: { sendsBeforeWriting: true } },
  {
    name: "deletes the JAR as soon as the request has left",
    worlds: ["JAR"],
    habits: { dropsJarEarly: true },
  },
  {
    name: "looks for the job before the main()s",
    worlds: ["lost answer, RunningJobs"],
    habits: { looksForJobsFirst: true },
  },
  {
    name: "starts the next job before the end of the last",
    worlds: ["edits and a lost"],
    decide: instead(["cancelReplaced"], (_, observed, now) => {
      const { cluster } = observed;
      const empty = cluster.kind === "reachable" ? { ...cluster, jobs: new Map() } : cluster;
      const ended = { finishedAt: new Date(now).toISOString(), state: "canceled" };
      return decide(withTrigger({ ...observed, cluster: empty }, ended), now);
    }),
  },
  {
    name: "sends again while main() runs",
    worlds: ["one crash"],
    decide: instead(["mainMayRun", "mainRuns"], (step, observed, now) =>
      observed.flight ? step : blindly(observed, now),
    ),
  },
  {
    name: "sends again without bound",
    worlds: ["one attempt"],
    decide: (observed, now) => {
      const tries = observed.job.status?.trigger?.tries ?? 0;
      const { maxAttempts } = observed.job.spec.submission;
      return decide(tries >= maxAttempts ? withTrigger(observed, { tries: maxAttempts - 1 }) : observed, now);
    },
  },
  {
    name: "takes every JobManager process for the same",
    worlds: ["crash and failover, no HA"],
    decide: seeing((observed) => (observed.look ? sentTo(observed, observed.look.incarnation) : observed)),
  },
  {
    name: "runs again what Flink forgot",
    worlds: ["Flink forgets, RunningJobs"],
    decide: seeing((observed) => withSpec(observed, { lostPolicy: "Resubmit" })),
  },
  {
    name: "forgets which content is in doubt",
    worlds: ["edit and a late request"],
    decide: (observed, now) => writing(decide(observed, now), { unsettledHash: undefined }),
  },
  {
    name: "lets a late job run",
    worlds: ["impatient"],
    decide: instead(["cancelLateJob", "cancelLateMain"], (step) => ({ ...step, effect: undefined })),
  },
  {
    name: "lets go of what it does not know",
    worlds: ["deletion"],
    decide: instead(["lookUp", "endingJob"], (step, { job }) =>
      job.metadata.deletionTimestamp === undefined ? step : letGo,
    ),
  },
  {
    name: "says running when /run-application was accepted",
    worlds: ["the same on 2.3"],
    decide: instead(["applicationAccepted"], (step) => writing(step, { state: "running" })),
  },
  {
    name: "believes a look-up that began before the answer",
    worlds: ["very impatient"],
    decide: seeing((observed, now) =>
      observed.look ? { ...observed, look: { ...observed.look, at: now } } : observed,
    ),
  },
  {
    name: "takes a change of the spec for done",
    worlds: ["edits and"],
    decide: instead(["cancelReplaced"], (_, observed, now) => decide(withOldSpec(observed), now)),
  },
  // Bugs that the checker found in the real protocol, brought back.
  {
    name: "takes back twice that nothing was sent",
    worlds: ["nobody home"],
    decide: seeing((observed) =>
      observed.flight ? { ...observed, flight: { ...observed.flight, sentAt: undefined } } : observed,
    ),
  },
  {
    name: "believes of one process what another said",
    worlds: ["no HA, forgotten and replaced"],
    decide: instead(["replacedWhileLooking"], (step, observed, now) => {
      const { look, cluster } = observed;
      if (!look || cluster.kind !== "reachable") return step;
      const { incarnation } = cluster.jobManager;
      return decide(sentTo({ ...observed, look: { ...look, incarnation } }, incarnation), now);
    }),
  },
  {
    name: "lets go while the request may still arrive",
    worlds: ["deletion"],
    decide: seeing((observed) =>
      observed.job.metadata.deletionTimestamp === undefined
        ? observed
        : withTrigger(observed, { sentAt: undefined }),
    ),
  },
  {
    name: "sends beside a request that may still arrive",
    worlds: ["short backoff"],
    decide: seeing((observed) => ({ ...observed, longestWayMs: 0 })),
  },
  {
    name: "forgets to decide again after an answer",
    worlds: ["edits and"],
    decide: (observed, now) => {
      const step = decide(observed, now);
      return step.settlesFlight && !step.status ? { ...step, requeueAfterMs: undefined } : step;
    },
  },
];

/** The spec that the trigger was made from, as far as its hash can tell: nothing has changed. */
function withOldSpec(observed: Observed): Observed {
  const generation = observed.job.status?.trigger?.generation ?? 1;
  return withSpec(observed, { args: [`content-${generation - 1}`] });
}
