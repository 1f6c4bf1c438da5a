import { parseDuration } from "../../api/duration.ts";
import type { Reason } from "../../api/reasons.ts";
import type { StopStatus, TriggerStatus } from "../../api/status.ts";
import { leftAfterTries } from "../backoff.ts";
import { at, type Context, iso } from "../context.ts";
import { operationIdOf } from "../identity.ts";
import { isTerminal, type JobRow, type ReachableCluster, type Snapshots } from "../observed.ts";
import { restorePointOf } from "../restore-point.ts";
import type { StepEvent, Verdict } from "../step.ts";
import { listedSoon, lookUp } from "./answered.ts";
import { savepointStop } from "./savepoint-stop.ts";

const CANCEL_AGAIN_AFTER_MS = 5_000;
const LOOK_AGAIN_MS = 2_000;

/** A JobManager that tells nothing of snapshots may have some: only a savepoint of our own will do. */
const NO_HISTORY: Snapshots = { completed: 1, retained: { onCancel: false, onFailure: false } };

type Why = StopStatus["why"];
type Mode = StopStatus["mode"];

/** What stops a job in which way, when what it is for changes. */
export function stopModeOf(ctx: Context): Mode {
  // What was rolled back leaves nothing that is wanted.
  if (ctx.rolledBack && ctx.rolledBack.triggerId === ctx.trigger?.id) return "cancel";
  const { upgradeMode } = ctx.spec;
  return upgradeMode === "stateless" ? "cancel" : upgradeMode;
}

/**
 * Stops the trigger's living job on purpose. How is recorded before Flink is asked; the end itself is seen and told by
 * `reportJob`. A savepoint under way is waited for, a failed one is asked for again, and meanwhile the job goes on.
 */
export function stopJob(
  ctx: Context,
  trigger: TriggerStatus,
  row: JobRow,
  cluster: ReachableCluster,
  wish: { why: Why; mode: Mode },
): Verdict {
  const { stop } = trigger;
  if (!stop || stop.failedAt !== undefined) return begin(ctx, trigger, row, cluster, wish);
  // Whoever wants no savepoint any more need not wait for one.
  if (stop.mode === "savepoint" && wish.mode === "cancel") return cancel(ctx, trigger, row, cluster, wish);
  if (stop.mode === "savepoint") return savepointStop(ctx, trigger, stop, row, cluster);
  return cancelling(trigger, row, cluster, stop.why);
}

/** A stop that was begun goes on, whatever the spec says by now: Flink cannot be asked to take it back. */
export function stopUnderWay(ctx: Context): Verdict | undefined {
  const { trigger, row, cluster } = ctx;
  const stop = trigger?.stop;
  if (!trigger || !stop || trigger.state !== "running" || !row || isTerminal(row.state)) return undefined;
  if (cluster.kind !== "reachable" || stop.failedAt !== undefined) return undefined;
  const mode = stop.mode === "savepoint" && stopModeOf(ctx) === "cancel" ? "cancel" : stop.mode;
  return stopJob(ctx, trigger, row, cluster, { why: stop.why, mode });
}

function begin(
  ctx: Context,
  trigger: TriggerStatus,
  row: JobRow,
  cluster: ReachableCluster,
  wish: { why: Why; mode: Mode },
): Verdict {
  if (wish.mode === "cancel") return cancel(ctx, trigger, row, cluster, wish);
  const wait = backoff(ctx, trigger);
  if (wait === "never") return { rule: "stopGivenUp", job: row };
  if (wait > 0) return { rule: "stopBackingOff", requeueAfterMs: wait };
  const { look } = ctx;
  if (!look) return lookUp(trigger, ctx);
  // Listed a moment ago, and gone: the next list says how.
  if (!look.found) return listedSoon;
  const { snapshots = NO_HISTORY } = look;
  const kept = usableCheckpoint(ctx, snapshots);
  if (wish.mode === "last-state" && kept === undefined)
    return keepCheckpoint(ctx, trigger, row, cluster, wish.why, snapshots);
  const runs = row.state === "RUNNING" && row.tasks.running + row.tasks.finished === row.tasks.total;
  if (wish.mode === "savepoint" && !runs) {
    // It cannot take a savepoint as it is. What it has kept will do; without any, it has to recover first.
    if (snapshots.completed === 0 || snapshots.retained.onCancel) {
      const event = told(
        "CheckpointInstead",
        `Job ${row.id} is ${row.state} and cannot take a savepoint; its newest checkpoint is kept.`,
      );
      return { ...keepCheckpoint(ctx, trigger, row, cluster, wish.why, snapshots), events: [event] };
    }
    const message = `Job ${row.id} is ${row.state}: it cannot take a savepoint until all its tasks run.`;
    const waiting = { ...trigger, reason: wish.why, message };
    return { rule: "stopWaitsForTasks", trigger: waiting, job: row, requeueAfterMs: LOOK_AGAIN_MS };
  }
  const events = wish.mode === "last-state" ? [told("SavepointInstead", kept ?? "")] : [];
  return { ...savepoint(ctx, trigger, cluster, wish.why), events };
}

/** Why the newest checkpoint of a job cannot serve; undefined where it can. */
function usableCheckpoint(ctx: Context, { completed, newest, retained }: Snapshots): string | undefined {
  if (completed === 0) return undefined;
  if (!newest)
    return "The job's checkpoints have no address that a job can be started from; a savepoint is taken instead.";
  if (newest.kind === "checkpoint" && !retained.onCancel)
    return "The job's checkpoints are deleted when it is cancelled (execution.checkpointing.externalized-checkpoint-retention); a savepoint is taken instead.";
  const limit = parseDuration(ctx.spec.maxCheckpointAge ?? "");
  if (limit === undefined || ctx.now - newest.takenAt <= limit) return undefined;
  return `The newest checkpoint is older than ${ctx.spec.maxCheckpointAge} (spec.maxCheckpointAge); a savepoint is taken instead.`;
}

/** Cancelled, and what it has kept is on record before: a newer one is found out at its end. */
function keepCheckpoint(
  ctx: Context,
  trigger: TriggerStatus,
  row: JobRow,
  cluster: ReachableCluster,
  why: Why,
  { newest }: Snapshots,
): Verdict {
  const verdict = cancel(ctx, trigger, row, cluster, { why, mode: "last-state" });
  return newest ? { ...verdict, restorePoint: restorePointOf(row.id, newest) } : verdict;
}

function cancel(
  ctx: Context,
  trigger: TriggerStatus,
  row: JobRow,
  cluster: ReachableCluster,
  { why, mode }: { why: Why; mode: Mode },
): Verdict {
  const stop: StopStatus = { mode, why, generation: ctx.generation, requestedAt: iso(ctx.now) };
  return cancelling({ ...trigger, stop }, row, cluster, why);
}

const WHAT: Record<Why, string> = {
  Replacing: "What the job is has changed; the old job is being cancelled and must be seen to end first.",
  Suspending: "spec.state says suspended; the job is being cancelled.",
  Deleting: "The FlinkJob is being deleted. Its Flink job is being cancelled.",
};

function cancelling(trigger: TriggerStatus, row: JobRow, { url }: ReachableCluster, why: Why): Verdict {
  return {
    rule: "cancelStopped",
    trigger: { ...trigger, reason: why, message: WHAT[why] },
    effect: row.state === "CANCELLING" ? undefined : { kind: "cancelJob", jobId: row.id, url },
    job: row,
    watchClosely: true,
    requeueAfterMs: CANCEL_AGAIN_AFTER_MS,
  };
}

function savepoint(ctx: Context, trigger: TriggerStatus, { url }: ReachableCluster, why: Why): Verdict {
  const { spec, generation, now } = ctx;
  const before = trigger.stop;
  const number = (before?.number ?? 0) + 1;
  const operationId = operationIdOf(trigger.jobId, "stop", number);
  const failures = before?.generation === generation ? before.failures : undefined;
  const newest = ctx.look?.snapshots?.newest;
  const stop: StopStatus = {
    mode: "savepoint",
    why,
    generation,
    requestedAt: iso(now),
    operationId,
    number,
    ...(failures === undefined ? {} : { failures }),
    ...(newest?.stops ? { earlierPath: newest.path } : {}),
  };
  const message = "The job is being stopped with a savepoint.";
  return {
    rule: "stopWithSavepoint",
    trigger: { ...trigger, reason: why, message, stop },
    effect: {
      kind: "stopWithSavepoint",
      jobId: trigger.jobId,
      url,
      operationId,
      directory: spec.savepoints?.directory,
      formatType: spec.savepoints?.formatType,
    },
    watchClosely: true,
  };
}

/** How long a failed stop waits, in milliseconds; another spec begins anew. */
function backoff(ctx: Context, { stop }: TriggerStatus): number | "never" {
  const failures = stop?.failures ?? 0;
  if (failures === 0 || stop?.generation !== ctx.generation) return 0;
  if (failures >= ctx.spec.submission.maxAttempts) return "never";
  return leftAfterTries(failures, at(stop.failedAt), ctx.now);
}

function told(reason: Reason, message: string): StepEvent {
  return { type: "Normal", reason, message };
}
