import type { Condition, ConditionStatus } from "../api/meta.ts";
import type { FlinkJob } from "../api/objects.ts";
import type { RolledBack, TriggerStatus } from "../api/status.ts";
import { type Context, iso } from "./context.ts";
import { wantsNextAttempt } from "./next-attempt.ts";
import { untilThereIsPlace } from "./policies/crowded.ts";
import type { Verdict } from "./step.ts";
import { wantedRun } from "./versions.ts";

const MESSAGE_LIMIT = 1_024;

/**
 * kstatus: while Reconciling is True the object is in progress, while Stalled is True it has failed, and Ready is True
 * only when neither is. A finished job is as ready as it will ever be.
 */
export function conditionsOf(
  ctx: Context,
  trigger: TriggerStatus | undefined,
  { refused, rolledBack }: Pick<Verdict, "refused" | "rolledBack">,
): Condition[] {
  const deleting = ctx.job.metadata.deletionTimestamp !== undefined;
  const state = trigger?.state;
  const suspended = !deleting && isSuspended(ctx.job, trigger);
  const atRest = suspended ? "Suspended" : "Pending";
  const outdated = !refused && !deleting && isOutdated(ctx, trigger, rolledBack);
  const waits = ctx.crowd && state === "running" && ctx.spec.state !== "suspended" ? ctx.crowd : undefined;
  const next = waits ? "WaitingForMains" : "Replacing";
  const reason = outdated ? next : (trigger?.reason ?? (deleting ? "Deleting" : atRest));
  const words =
    trigger?.message ?? (suspended ? "Nothing is submitted while spec.state says suspended." : "");
  const message = outdated
    ? `The spec asks for something else by now.${waits ? untilThereIsPlace(waits) : ""}`
    : words;
  const resting = suspended || state === "finished";
  const ready = !refused && !deleting && !outdated && (resting || trigger?.reason === "TasksRunning");
  const over = state === "failed" || (state === "canceled" && !suspended);
  const goesOn = outdated || (trigger !== undefined && over && wantsNextAttempt(ctx.spec, trigger));
  const stalled =
    !deleting &&
    (refused !== undefined || (over && !goesOn) || stopGivenUp(ctx, trigger) || clusterStalled(ctx, trigger));
  const unknown = state === "running" && trigger?.reason === "ClusterUnreachable";
  const accepted = trigger?.acceptedAt !== undefined;
  const ended = state === "finished" || state === "failed" || state === "canceled";
  // What the trigger achieved stands beside a spec that is refused.
  const of = (type: string, status: ConditionStatus) => condition(ctx, type, status, reason, message);
  const set = (type: string, status: ConditionStatus) =>
    refused ? condition(ctx, type, status, refused.reason, refused.message) : of(type, status);
  return [
    set("Ready", ready ? "True" : unknown ? "Unknown" : "False"),
    set("Reconciling", ready || stalled ? "False" : "True"),
    set("Stalled", stalled ? "True" : "False"),
    of("Submitted", accepted ? "True" : ended ? "False" : "Unknown"),
    of("Succeeded", state === "finished" ? "True" : ended ? "False" : "Unknown"),
  ];
}

/** What ran, or came to its end, is not what the spec asks for by now: the next step is to say so. */
function isOutdated(
  { job, spec }: Context,
  trigger: TriggerStatus | undefined,
  rolledBack: RolledBack | undefined,
): boolean {
  if (!trigger || trigger.state === "pending") return false;
  if (trigger.state === "running") {
    if (trigger.reason !== "TasksRunning") return false;
    if (spec.state === "suspended") return true;
  }
  const { status = { observedGeneration: -1 } } = job;
  const next = { ...status, trigger, ...(rolledBack ? { rolledBack } : {}) };
  return spec.state !== "suspended" && wantedRun({ ...job, status: next }) !== undefined;
}

/** The job could not be stopped with a savepoint so often that it is left running until the spec changes. */
function stopGivenUp({ spec, generation }: Context, trigger: TriggerStatus | undefined): boolean {
  if (trigger?.state !== "running" || trigger.reason !== "SavepointFailed") return false;
  return (
    trigger.stop?.generation === generation && (trigger.stop.failures ?? 0) >= spec.submission.maxAttempts
  );
}

/** What was made for it alone does not come before somebody does something, and says what. */
function clusterStalled({ perJob }: Context, trigger: TriggerStatus | undefined): boolean {
  if (trigger?.state !== "pending") return false;
  const own = perJob.clusters.find(({ name }) => name === trigger.cluster?.name);
  // The trigger says what the cluster says, or it has come further than that.
  return own?.isStalled === true && !own.isDeleting && own.reason === trigger.reason;
}

function condition(
  ctx: Context,
  type: string,
  status: ConditionStatus,
  reason: string,
  words: string,
): Condition {
  const before = ctx.job.status?.conditions?.find((candidate) => candidate.type === type);
  const message = shortened(words);
  const observedGeneration = ctx.generation;
  const stands = before?.status === status;
  const same = stands && before.reason === reason && before.message === message;
  if (same && before.observedGeneration === observedGeneration) return before;
  const lastTransitionTime = stands ? before.lastTransitionTime : iso(ctx.now);
  return { type, status, observedGeneration, lastTransitionTime, reason, message };
}

/** At rest because the spec says so. */
export function isSuspended({ spec }: FlinkJob, trigger: TriggerStatus | undefined): boolean {
  return spec.state === "suspended" && (trigger === undefined || trigger.state === "canceled");
}

/** As long as a message may be. */
export function shortened(words: string): string {
  return words.length > MESSAGE_LIMIT ? `${words.slice(0, MESSAGE_LIMIT - 1)}…` : words;
}
