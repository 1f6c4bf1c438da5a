import type { FlinkJob } from "../../../src/api/objects.ts";
import { decide } from "../../../src/core/decide.ts";
import { jobIdOf } from "../../../src/core/identity.ts";
import type { Look, Observed } from "../../../src/core/observed.ts";
import type { Step } from "../../../src/core/step.ts";
import type { Habits, Setting } from "../world/setting.ts";

export type Decide = Setting["decide"];

/** A deliberate bug in the protocol. The sources stay as they are: what `decide` sees or says is changed around it. */
export interface Mutant {
  readonly name: string;
  /** What it breaks: one of these invariants is what finds it, and no other. */
  readonly breaks: readonly string[];
  /** Where it should be found, by the names of small worlds; the large ones are walked through otherwise. */
  readonly worlds: readonly string[];
  readonly decide?: Decide;
  readonly habits?: Habits;
}

/** decide, with another view of the world. */
export const seeing =
  (view: (observed: Observed, now: number) => Observed): Decide =>
  (observed, now) =>
    decide(view(observed, now), now);

/** decide, with another step where it says one of these. */
export const instead =
  (rules: readonly string[], other: (step: Step, observed: Observed, now: number) => Step): Decide =>
  (observed, now) => {
    const step = decide(observed, now);
    return rules.includes(step.rule) ? other(step, observed, now) : step;
  };

/** A look-up that never took place and found nothing. */
export function nothingThere({ job, cluster }: Observed, now: number): Look {
  const incarnation = cluster.kind === "reachable" ? cluster.jobManager.incarnation : "";
  const jobId = job.status?.trigger?.jobId ?? "";
  return { jobId, at: now, endedAt: now, incarnation, found: false, mains: 0 };
}
/** As if a look-up had just found nothing. */
export const blindly = (observed: Observed, now: number): Step =>
  decide({ ...observed, look: nothingThere(observed, now) }, now);

export function withTrigger(observed: Observed, patch: Record<string, unknown>): Observed {
  const { job } = observed;
  const { status } = job;
  if (!status?.trigger) return observed;
  return { ...observed, job: { ...job, status: { ...status, trigger: { ...status.trigger, ...patch } } } };
}

/** As if the request had been sent to that process. */
export function sentTo(observed: Observed, incarnation: string): Observed {
  const before = observed.job.status?.trigger?.sentTo;
  return before ? withTrigger(observed, { sentTo: { ...before, incarnation } }) : observed;
}

export function withSpec(observed: Observed, patch: Record<string, unknown>): Observed {
  return { ...observed, job: { ...observed.job, spec: { ...observed.job.spec, ...patch } } };
}

export function withMetadata(observed: Observed, patch: Partial<FlinkJob["metadata"]>): Observed {
  const { job } = observed;
  return { ...observed, job: { ...job, metadata: { ...job.metadata, ...patch } } };
}

export function writing(step: Step, patch: Record<string, unknown>): Step {
  const { status } = step;
  if (!status?.trigger) return step;
  return { ...step, status: { ...status, trigger: { ...status.trigger, ...patch } } };
}

export function underNewJobId(step: Step, { job }: Observed): Step {
  const { trigger } = step.status ?? {};
  if (!trigger || step.effect?.kind !== "submit") return step;
  const attempt = trigger.attempt + 1;
  const jobId = jobIdOf(job.metadata.uid ?? "", trigger.id, attempt);
  const { request } = step.effect;
  const effect = { ...step.effect, jobId, request: { ...request, jobId, applicationId: jobId } };
  return { ...writing(step, { jobId, attempt }), effect };
}

export const answeredBy = (observed: Observed, kind: string): boolean =>
  observed.flight?.phase === "answered" && observed.flight.outcome.kind === kind;

/** The spec that the trigger was made from, as far as its hash can tell: nothing has changed. */
export function withOldSpec(observed: Observed): Observed {
  const generation = observed.job.status?.trigger?.generation ?? 1;
  return withSpec(observed, { args: [`content-${generation - 1}`] });
}
