import type { Condition, ConditionStatus } from "../api/meta.ts";
import type { FlinkJob } from "../api/objects.ts";
import type { FlinkJobStatus, JobStatus, TriggerStatus } from "../api/status.ts";
import { type Context, iso } from "./context.ts";
import { wantsNextAttempt } from "./next-attempt.ts";
import type { JobRow } from "./observed.ts";
import type { Verdict } from "./step.ts";

const HISTORY_LIMIT = 10;
const MESSAGE_LIMIT = 1_024;

/** The whole status after a verdict: the one place where a trigger becomes conditions and words. */
export function summarize(ctx: Context, verdict: Verdict): FlinkJobStatus {
  const before = ctx.job.status;
  const trigger = verdict.trigger ?? before?.trigger;
  const job =
    verdict.job === undefined
      ? before?.job
      : verdict.job === null
        ? undefined
        : jobStatus(verdict.job, trigger);
  const history = verdict.past
    ? [verdict.past, ...(before?.history ?? [])].slice(0, HISTORY_LIMIT)
    : before?.history;
  return {
    observedGeneration: ctx.generation,
    state: stateWord(ctx.job, trigger),
    cluster: clusterName(ctx.job),
    ...(trigger ? { trigger: bounded(trigger) } : {}),
    ...(history && history.length > 0 ? { history } : {}),
    ...(job ? { job } : {}),
    ...kept(ctx, verdict, trigger),
    conditions: conditionsOf(ctx, trigger, verdict.refused),
  };
}

/** What stands in the status beside the trigger and its job. */
function kept(ctx: Context, verdict: Verdict, trigger: TriggerStatus | undefined): Partial<FlinkJobStatus> {
  const before = ctx.job.status;
  // A result belongs to the trigger that came to its end with it.
  const result = verdict.result ?? (trigger?.jobId === before?.trigger?.jobId ? before?.result : undefined);
  const restorePoint = verdict.restorePoint === undefined ? before?.restorePoint : verdict.restorePoint;
  const stable = ctx.spec.rollback || ctx.rolledBack ? (verdict.stable ?? before?.stable) : undefined;
  const rolledBack = verdict.rolledBack ?? ctx.rolledBack;
  const strangers = verdict.strangers ?? before?.strangers ?? [];
  return {
    ...(result ? { result } : {}),
    ...(restorePoint ? { restorePoint } : {}),
    ...(stable ? { stable } : {}),
    ...(rolledBack ? { rolledBack } : {}),
    ...(strangers.length > 0 ? { strangers } : {}),
  };
}

/** Equal as the API server would store them: an absent field and an undefined one are the same. */
export function sameStatus(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  for (const key in a) if (!sameStatus(a[key], b[key])) return false;
  for (const key in b) if (b[key] !== undefined && a[key] === undefined) return false;
  return true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function bounded(trigger: TriggerStatus): TriggerStatus {
  const { message } = trigger;
  return message && message.length > MESSAGE_LIMIT
    ? { ...trigger, message: `${message.slice(0, MESSAGE_LIMIT - 1)}…` }
    : trigger;
}

function jobStatus(row: JobRow, trigger: TriggerStatus | undefined): JobStatus {
  const url = trigger?.sentTo?.url;
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    startTime: iso(row.startTime),
    ...(row.endTime > 0 ? { endTime: iso(row.endTime) } : {}),
    ...(url ? { webUrl: `${url.replace(/\/$/u, "")}/#/job/${row.id}/overview` } : {}),
  };
}

function clusterName({ spec }: FlinkJob): string {
  return spec.cluster.name ?? URL.parse(spec.cluster.url ?? "")?.host ?? "";
}

function stateWord(job: FlinkJob, trigger: TriggerStatus | undefined): string {
  if (job.metadata.deletionTimestamp !== undefined) return "Deleting";
  switch (trigger?.state) {
    case "running":
      if (trigger.reason === "TasksRunning") return "Running";
      return trigger.reason === "ClusterUnreachable" ? "Unknown" : "Starting";
    case "finished":
      return "Finished";
    case "failed":
      return "Failed";
    case "canceled":
      return isSuspended(job, trigger) ? "Suspended" : "Canceled";
    default:
      return isSuspended(job, trigger) ? "Suspended" : "Pending";
  }
}

/** At rest because the spec says so. */
function isSuspended({ spec }: FlinkJob, trigger: TriggerStatus | undefined): boolean {
  return spec.state === "suspended" && (trigger === undefined || trigger.state === "canceled");
}

/**
 * kstatus: while Reconciling is True the object is in progress, while Stalled is True it has failed, and Ready is True
 * only when neither is. A finished job is as ready as it will ever be.
 */
function conditionsOf(
  ctx: Context,
  trigger: TriggerStatus | undefined,
  refused: Verdict["refused"],
): Condition[] {
  const deleting = ctx.job.metadata.deletionTimestamp !== undefined;
  const suspended = !deleting && isSuspended(ctx.job, trigger);
  const atRest = suspended ? "Suspended" : "Pending";
  const reason = trigger?.reason ?? (deleting ? "Deleting" : atRest);
  const message =
    trigger?.message ?? (suspended ? "Nothing is submitted while spec.state says suspended." : "");
  const state = trigger?.state;
  const resting = suspended || state === "finished";
  const ready = !refused && !deleting && (resting || trigger?.reason === "TasksRunning");
  const over = state === "failed" || (state === "canceled" && !suspended);
  const goesOn = trigger !== undefined && over && wantsNextAttempt(ctx.spec, trigger);
  const stalled = !deleting && (refused !== undefined || (over && !goesOn) || stopGivenUp(ctx, trigger));
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

/** The job could not be stopped with a savepoint so often that it is left running until the spec changes. */
function stopGivenUp({ spec, generation }: Context, trigger: TriggerStatus | undefined): boolean {
  if (trigger?.state !== "running" || trigger.reason !== "SavepointFailed") return false;
  return (
    trigger.stop?.generation === generation && (trigger.stop.failures ?? 0) >= spec.submission.maxAttempts
  );
}

function condition(
  ctx: Context,
  type: string,
  status: ConditionStatus,
  reason: string,
  words: string,
): Condition {
  const before = ctx.job.status?.conditions?.find((candidate) => candidate.type === type);
  const message = words.length > MESSAGE_LIMIT ? `${words.slice(0, MESSAGE_LIMIT - 1)}…` : words;
  const observedGeneration = ctx.generation;
  const stands = before?.status === status;
  const same = stands && before.reason === reason && before.message === message;
  if (same && before.observedGeneration === observedGeneration) return before;
  const lastTransitionTime = stands ? before.lastTransitionTime : iso(ctx.now);
  return { type, status, observedGeneration, lastTransitionTime, reason, message };
}
