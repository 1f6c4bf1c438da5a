import type { FlinkJob } from "../api/objects.ts";
import type { FlinkJobStatus, JobStatus, TriggerStatus } from "../api/status.ts";
import { conditionsOf, isSuspended, shortened } from "./conditions.ts";
import { type Context, iso } from "./context.ts";
import type { JobRow } from "./observed.ts";
import type { Verdict } from "./step.ts";
import { runsTasks } from "./triggers.ts";

const HISTORY_LIMIT = 10;

/** The whole status after a verdict: the one place where a trigger becomes conditions and words. */
export function summarize(ctx: Context, verdict: Verdict): FlinkJobStatus {
  const before = ctx.job.status;
  const trigger = verdict.trigger ?? before?.trigger;
  const job =
    verdict.job === undefined
      ? before?.job
      : verdict.job === null
        ? undefined
        : { ...jobStatus(verdict.job, trigger), ...troublesOf(before?.job, verdict) };
  const history = verdict.past
    ? [verdict.past, ...(before?.history ?? [])].slice(0, HISTORY_LIMIT)
    : before?.history;
  return {
    observedGeneration: ctx.generation,
    state: stateWord(ctx.job, trigger),
    cluster: clusterName(ctx.job, trigger),
    ...(trigger ? { trigger: bounded(trigger) } : {}),
    ...(history && history.length > 0 ? { history } : {}),
    ...(job ? { job } : {}),
    ...kept(ctx, verdict, trigger),
    conditions: conditionsOf(ctx, trigger, verdict),
  };
}

/** What stands in the status beside the trigger and its job. */
function kept(ctx: Context, verdict: Verdict, trigger: TriggerStatus | undefined): Partial<FlinkJobStatus> {
  const before = ctx.job.status;
  // A result belongs to the trigger that came to its end with it.
  const ofBefore = trigger?.jobId === before?.trigger?.jobId ? before : undefined;
  const result = verdict.result ?? ofBefore?.result;
  const executionResult = verdict.executionResult ?? ofBefore?.executionResult;
  const configuration = verdict.configuration === undefined ? before?.configuration : verdict.configuration;
  const restorePoint = verdict.restorePoint === undefined ? before?.restorePoint : verdict.restorePoint;
  const stable = ctx.spec.rollback || ctx.rolledBack ? (verdict.stable ?? before?.stable) : undefined;
  const rolledBack = verdict.rolledBack ?? ctx.rolledBack;
  const strangers = verdict.strangers ?? before?.strangers ?? [];
  return {
    ...(configuration ? { configuration } : {}),
    ...(result ? { result } : {}),
    ...(executionResult ? { executionResult } : {}),
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
  const short = message && shortened(message);
  return short === message ? trigger : { ...trigger, message: short };
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

/** They belong to one JobID, and stay on record until it is another. */
function troublesOf(before: JobStatus | undefined, { job, troubles }: Verdict): Partial<JobStatus> {
  const mine = before?.id === job?.id ? before : undefined;
  const restarts = troubles?.restarts ?? mine?.restarts;
  const newest = troubles?.newest;
  const lastException = newest
    ? { at: iso(newest.at), message: shortened(newest.message) }
    : mine?.lastException;
  return { ...(restarts === undefined ? {} : { restarts }), ...(lastException ? { lastException } : {}) };
}

function clusterName({ spec }: FlinkJob, trigger: TriggerStatus | undefined): string {
  if (spec.cluster.perJob) return trigger?.cluster?.name ?? "(per job)";
  return spec.cluster.name ?? URL.parse(spec.cluster.url ?? "")?.host ?? "";
}

function stateWord(job: FlinkJob, trigger: TriggerStatus | undefined): string {
  if (job.metadata.deletionTimestamp !== undefined) return "Deleting";
  switch (trigger?.state) {
    case "running":
      if (runsTasks(trigger)) return "Running";
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
