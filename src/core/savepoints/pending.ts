import type { FlinkJob } from "../../api/objects.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { waitAfterTries } from "../backoff.ts";
import { at, iso } from "../context.ts";
import type { ReachableCluster } from "../observed.ts";
import { newestId } from "../savepoint-evidence.ts";
import type { Checkpoints } from "../snapshots.ts";
import { abandoned, liveTrigger, pending, type SavepointContext, savepointOperationId } from "./context.ts";
import type { SavepointVerdict } from "./observed.ts";

/** Checkpoints that were read longer ago are read again before a request is recorded. Milliseconds. */
const READ_IS_FRESH_MS = 1_500;
const LOOK_AGAIN_MS = 2_000;

/** Nothing was asked of Flink yet, or what was asked for has failed. */
export function notAskedFor(ctx: SavepointContext): SavepointVerdict {
  const { job, savepoint, cluster } = ctx;
  if (!job) {
    const message = `There is no FlinkJob "${savepoint.spec.job.name}" in this namespace.`;
    return { rule: "flinkJobNotFound", status: pending(ctx, "FlinkJobNotFound", message) };
  }
  const trigger = liveTrigger(job);
  if (!trigger) {
    const rest = restOf(job);
    if (rest !== undefined) return { rule: "jobRests", status: abandoned(ctx, rest) };
    return { rule: "waitForJob", status: pending(ctx, "WaitingForJob", "The job does not run.") };
  }
  const wait = backoff(ctx);
  if (wait > 0) return { rule: "backingOff", requeueAfterMs: wait };
  switch (cluster?.kind) {
    case "reachable":
      return ask(ctx, trigger, cluster);
    case "unreachable":
    case "notAllowed":
      return { rule: "outOfSight", status: pending(ctx, "ClusterUnreachable", cluster.message) };
    default:
      return { rule: "connecting" };
  }
}

/** Why a job that does not run will not do so by itself; undefined while it may, or while that is not known yet. */
function restOf({ metadata, status }: FlinkJob): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return "The FlinkJob is being deleted.";
  if (status?.observedGeneration !== metadata.generation || status?.trigger?.state === "running")
    return undefined;
  const goesOn = status?.conditions?.find(({ type }) => type === "Reconciling")?.status !== "False";
  return goesOn ? undefined : `The FlinkJob is ${status?.state}: no job of it runs.`;
}

function ask(ctx: SavepointContext, trigger: TriggerStatus, cluster: ReachableCluster): SavepointVerdict {
  const { news, now } = ctx;
  const { jobId } = trigger;
  const row = cluster.jobs.get(jobId);
  if (row?.state !== "RUNNING" || row.tasks.running + row.tasks.finished < row.tasks.total) {
    const message = `Job ${jobId} is ${row?.state ?? "not listed"}: it can take a savepoint when all its tasks run.`;
    return {
      rule: "waitForTasks",
      status: pending(ctx, "WaitingForJob", message),
      requeueAfterMs: LOOK_AGAIN_MS,
    };
  }
  const age = now - (news?.endedAt ?? Number.NEGATIVE_INFINITY);
  const fresh = news?.kind === "checkpoints" && news.jobId === jobId && age >= 0 && age < READ_IS_FRESH_MS;
  if (!fresh)
    return { rule: "readCheckpoints", effect: { kind: "readCheckpoints", url: cluster.url, jobId } };
  // Listed a moment ago, and gone: the FlinkJob says soon what became of it.
  if (!news.checkpoints) return { rule: "jobUnknown", requeueAfterMs: LOOK_AGAIN_MS };
  return record(ctx, jobId, cluster, news.checkpoints);
}

/** On record before Flink hears of it: whoever comes after a crash asks for the same savepoint, not for another. */
function record(
  ctx: SavepointContext,
  jobId: string,
  { url, jobManager }: ReachableCluster,
  checkpoints: Checkpoints,
): SavepointVerdict {
  const { facts, savepoint, job, now } = ctx;
  const number = (facts.number ?? 0) + 1;
  const operationId = savepointOperationId(jobId, savepoint.metadata.uid ?? "", number);
  return {
    rule: "triggerSavepoint",
    status: {
      ...facts,
      state: "inProgress",
      reason: "TakingSavepoint",
      message: `Flink takes a savepoint of job ${jobId}.`,
      jobId,
      operationId,
      number,
      sentTo: { url, incarnation: jobManager.incarnation },
      newestBefore: newestId(checkpoints),
      requestedAt: iso(now),
    },
    effect: {
      kind: "triggerSavepoint",
      url,
      jobId,
      operationId,
      directory: savepoint.spec.directory ?? job?.spec.savepoints?.directory,
      formatType: savepoint.spec.formatType ?? job?.spec.savepoints?.formatType,
    },
  };
}

/** How long a failure is still waited after, in milliseconds. */
function backoff({ facts, now }: SavepointContext): number {
  const { failures = 0 } = facts;
  if (failures === 0) return 0;
  const wait = waitAfterTries(failures);
  // A clock that was set back must not hold it up for longer.
  return Math.min(wait, (at(facts.failedAt) ?? 0) + wait - now);
}
