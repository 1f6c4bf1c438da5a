import type { StopStatus, TriggerStatus } from "../../api/status.ts";
import { type Context, iso } from "../context.ts";
import type { JobRow, OperationSeen, ReachableCluster, Snapshot, Snapshots } from "../observed.ts";
import { restorePointOf } from "../restore-point.ts";
import type { Verdict } from "../step.ts";

const POLL_MS = 500;
/** A job ends this soon after the savepoint that stops it. Milliseconds. */
const STOPS_WITHIN_MS = 60_000;
/** News older than this are asked for again before anything is concluded from them. Milliseconds. */
const NEWS_ARE_FRESH_MS = 1_500;

/** A stop with savepoint was recorded, and may have been asked for: what became of it is looked at, then decided. */
export function savepointStop(
  ctx: Context,
  trigger: TriggerStatus,
  stop: StopStatus,
  row: JobRow,
  cluster: ReachableCluster,
): Verdict {
  const seen = newsOf(ctx, stop);
  if (!seen) return readOperation(trigger, stop, cluster);
  switch (seen.result.state) {
    case "requested":
    case "inProgress":
      return { rule: "savepointUnderWay", job: row, watchClosely: true, requeueAfterMs: POLL_MS };
    case "completed":
      return completed(trigger, stop, row, {
        kind: "savepoint",
        path: seen.result.path,
        takenAt: Date.parse(stop.requestedAt),
      });
    case "failed":
      return failedStop(ctx, trigger, stop, row, seen.result.message);
    case "unknown": {
      // The history decides before anything is asked for again: a savepoint that stops is this one.
      const taken = savepointOf(stop, seen.result.snapshots);
      if (taken && !wentOn(ctx, row, taken)) return completed(trigger, stop, row, taken);
      return askAgain(ctx, trigger, stop, cluster);
    }
  }
}

/** A job that runs long after its last savepoint has survived it: Flink could not stop it, and it was restarted. */
function wentOn({ now }: Context, { state }: JobRow, { takenAt }: Snapshot): boolean {
  return state === "RUNNING" && now - takenAt > STOPS_WITHIN_MS;
}

/** The savepoint of this very stop among a job's snapshots. */
export function savepointOf(
  { earlierPath }: StopStatus,
  snapshots: Snapshots | undefined,
): Snapshot | undefined {
  const newest = snapshots?.newest;
  return newest?.stops && newest.path !== earlierPath ? newest : undefined;
}

/** What is known of the stop's savepoint; undefined where it must be asked for. */
export function newsOf({ operation, now }: Context, stop: StopStatus): OperationSeen | undefined {
  if (!operation || operation.operationId !== stop.operationId) return undefined;
  const { state } = operation.result;
  if (state === "completed" || state === "failed") return operation;
  const age = now - operation.endedAt;
  const fresh = state === "unknown" ? NEWS_ARE_FRESH_MS : POLL_MS;
  return age >= 0 && age < fresh ? operation : undefined;
}

export function readOperation(
  trigger: TriggerStatus,
  { operationId = "" }: StopStatus,
  { url }: ReachableCluster,
): Verdict {
  return {
    rule: "readOperation",
    effect: { kind: "readOperation", jobId: trigger.jobId, url, operationId },
  };
}

/** The savepoint is on record before anything that could lose it; the job's end is awaited. */
function completed(trigger: TriggerStatus, stop: StopStatus, row: JobRow, snapshot: Snapshot): Verdict {
  const { path } = snapshot;
  if (stop.path === path)
    return { rule: "savepointStopsJob", job: row, watchClosely: true, requeueAfterMs: POLL_MS };
  const message = `Savepoint ${snapshot.path} is complete; the job must be seen to end.`;
  return {
    rule: "savepointCompleted",
    trigger: { ...trigger, message, stop: { ...stop, path } },
    restorePoint: restorePointOf(row.id, snapshot),
    job: row,
    watchClosely: true,
    requeueAfterMs: POLL_MS,
  };
}

/** The old job goes on, and the status says why. */
function failedStop(
  ctx: Context,
  trigger: TriggerStatus,
  stop: StopStatus,
  row: JobRow,
  cause: string,
): Verdict {
  const failures = (stop.failures ?? 0) + 1;
  const message = `The job could not be stopped with a savepoint and goes on: ${cause}`;
  return {
    rule: "savepointFailed",
    trigger: {
      ...trigger,
      reason: "SavepointFailed",
      message,
      stop: { ...stop, failures, failedAt: iso(ctx.now) },
    },
    job: row,
    requeueAfterMs: 0,
  };
}

/** Never arrived, or the JobManager that knew of it is gone, and the job lives: the same request again. */
function askAgain(
  ctx: Context,
  trigger: TriggerStatus,
  { operationId = "" }: StopStatus,
  { url }: ReachableCluster,
): Verdict {
  return {
    rule: "stopWithSavepointAgain",
    effect: {
      kind: "stopWithSavepoint",
      jobId: trigger.jobId,
      url,
      operationId,
      directory: ctx.spec.savepoints?.directory,
      formatType: ctx.spec.savepoints?.formatType,
    },
    watchClosely: true,
  };
}
