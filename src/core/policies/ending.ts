import { formatDuration } from "../../api/duration.ts";
import type { JobResult, RestorePoint, StopStatus, TriggerStatus } from "../../api/status.ts";
import { type Context, iso } from "../context.ts";
import type { ApplicationState, JobRow, ReachableCluster } from "../observed.ts";
import { carriesState, lastSeen, leftBehind, restorePointOf } from "../restore-point.ts";
import type { Verdict } from "../step.ts";
import { ended, failed } from "../triggers.ts";
import { ownCluster } from "./own-cluster.ts";
import { untilKnownGone } from "./own-cluster-lost.ts";
import { newsOf, readOperation, savepointOf } from "./savepoint-stop.ts";

/** An application ends up to 2 s after its jobs; one that sticks must not hide the end of the job. Milliseconds. */
const APPLICATION_ENDS_WITHIN_MS = 6_000;
const LOOK_AGAIN_MS = 700;
/** What a trigger says while its job is being cancelled. */
const STOPPED = new Set(["Replacing", "Suspending", "Deleting"]);
/** web.refresh-interval, and a little. Milliseconds. */
const LIST_IS_OLDER_BY_MS = 3_500;
/** A JobManager that cannot tell what a job has left is not asked for longer than this. Milliseconds. */
const TELLS_WITHIN_MS = 10_000;

/** An end is recorded with its cause and with what the job left, and before anything that would erase it. */
export function reportEnd(ctx: Context, trigger: TriggerStatus, row: JobRow): Verdict {
  const { look, cluster } = ctx;
  if (cluster.kind !== "reachable") return end(ctx, trigger, row);
  // A job that Flink cancels because main() failed after its execute(): the application has the cause. One that we
  // stopped needs none, and waiting for its application would hold up its successor for seconds.
  const unasked =
    row.state === "CANCELED" && trigger.stop === undefined && !STOPPED.has(trigger.reason ?? "");
  const application = cluster.jobManager.supportsRunApplication && unasked;
  const settling = carriesState(ctx.spec) && row.state !== "FINISHED" ? settlesInMs(ctx, row) : 0;
  if (settling > 0) return { rule: "snapshotsSettle", requeueAfterMs: settling };
  if (!look && (row.state === "FAILED" || application || leavesSomething(ctx, trigger, row))) {
    return { rule: "readEnd", effect: { kind: "lookUp", jobId: row.id, url: cluster.url } };
  }
  if (causeSettles(ctx, row)) return { rule: "causeSettles", requeueAfterMs: LOOK_AGAIN_MS };
  // One that was not there yet when it was asked for may have failed since.
  const ending =
    application &&
    !isOver(look?.application?.state) &&
    Math.abs(ctx.now - row.endTime) < APPLICATION_ENDS_WITHIN_MS;
  if (ending) return { rule: "applicationEnds", requeueAfterMs: LOOK_AGAIN_MS };
  const stopped = trigger.stop?.mode === "savepoint" && trigger.stop.failedAt === undefined;
  if (stopped && row.state === "FINISHED") return stoppedEnd(ctx, trigger, row, cluster);
  if (look?.application?.state === "FAILED" && look.failure) {
    return {
      rule: "mainFailedLate",
      ...left(ctx, row),
      trigger: failed(ctx, { ...trigger, acceptedAt: trigger.acceptedAt ?? iso(ctx.now) }, look.failure),
      job: row,
    };
  }
  return end(ctx, trigger, row);
}

/** Flink's list of snapshots is up to 3 s old: a checkpoint that was complete just before the end may be missing. */
function settlesInMs({ now }: Context, { endTime }: JobRow): number {
  const left = endTime + LIST_IS_OLDER_BY_MS - now;
  // Clocks that differ must not hold it up for long.
  return left > 0 && left <= 2 * LIST_IS_OLDER_BY_MS ? left : 0;
}

/** What Flink tells of a job is up to 3 s old: asked just after the failure it may not know the cause yet. */
function causeSettles({ look, now }: Context, { state, endTime }: JobRow): boolean {
  if (state !== "FAILED" || !look || look.failure) return false;
  return look.at < endTime + LIST_IS_OLDER_BY_MS && Math.abs(now - endTime) < TELLS_WITHIN_MS;
}

/** Whether what its successor starts from is read first. That a job came to its own end is recorded at once. */
function leavesSomething({ spec }: Context, { stop }: TriggerStatus, row: JobRow): boolean {
  if (stop === undefined && row.state === "FINISHED") return false;
  return carriesState(spec) || (stop !== undefined && stop.mode !== "cancel");
}

/** A finished job's results, and the savepoint it was stopped with by hand, are not on record yet. */
export function isUnread({ state, sends }: TriggerStatus, result: JobResult | undefined): boolean {
  return state === "finished" && sends > 0 && result !== undefined && result.accumulators === undefined;
}

/** Reads what a finished job has left, once its end is on record; undefined when that was done. */
export function readResult(ctx: Context, trigger: TriggerStatus): Verdict | undefined {
  const { cluster, row, look, job } = ctx;
  const result = job.status?.result;
  if (!result || !isUnread(trigger, result)) return undefined;
  if (cluster.kind !== "reachable") return resultOutOfSight(ctx, trigger, result);
  if (row && !look)
    return { rule: "readResult", effect: { kind: "lookUp", jobId: row.id, url: cluster.url } };
  // What Flink tells of a job is up to 3 s old: it may not know of the end yet.
  if (row && !look?.result && ctx.now - row.endTime < TELLS_WITHIN_MS)
    return { rule: "resultSettles", requeueAfterMs: LOOK_AGAIN_MS };
  const read = { ...result, accumulators: look?.result?.accumulators ?? {} };
  // Forgotten before it could be read: then there is none.
  return row
    ? { rule: "resultRead", ...left(ctx, row), result: read }
    : { rule: "resultForgotten", result: read, restorePoint: null };
}

/** Another time, unless the cluster was this job's alone, and somebody took it away: then nobody will ever tell. */
function resultOutOfSight(ctx: Context, trigger: TriggerStatus, result: JobResult): Verdict {
  const own = ownCluster(ctx, trigger);
  const hopeless = own?.isDeleting === true && ctx.cluster.kind === "unreachable";
  if (!trigger.cluster || (own && !hopeless)) return { rule: "resultOutOfSight" };
  const unsure = own ? undefined : untilKnownGone(ctx, trigger.cluster.name);
  return unsure ?? { rule: "resultForgotten", result: { ...result, accumulators: {} } };
}

/** FINISHED after a stop with savepoint. Where the savepoint is must be known before the end is on record. */
function stoppedEnd(ctx: Context, trigger: TriggerStatus, row: JobRow, cluster: ReachableCluster): Verdict {
  const stop = trigger.stop!;
  if (stop.path !== undefined) return end(ctx, trigger, row);
  const seen = newsOf(ctx, stop);
  if (!seen) return readOperation(trigger, stop, cluster);
  switch (seen.result.state) {
    case "completed": {
      const { path } = seen.result;
      const restorePoint: RestorePoint = {
        jobId: row.id,
        kind: "savepoint",
        path,
        takenAt: stop.requestedAt,
      };
      return { ...end(ctx, trigger, row), restorePoint };
    }
    case "requested":
    case "inProgress":
      return { rule: "savepointIsBeingTold", requeueAfterMs: LOOK_AGAIN_MS };
    case "failed": {
      // It came to its own end before the stop reached it.
      const { stop: _, ...unstopped } = trigger;
      return end(ctx, unstopped, row);
    }
    case "unknown":
      return byHistory(ctx, trigger, row, stop);
  }
}

/** Flink does not know of the stop: what the job has left tells whether there was one. */
function byHistory(ctx: Context, trigger: TriggerStatus, row: JobRow, stop: StopStatus): Verdict {
  // Both may be older than the end: the history, and that the stop is unknown.
  const settling = settlesInMs(ctx, row);
  if (settling > 0) return { rule: "snapshotsSettle", requeueAfterMs: settling };
  const taken = savepointOf(stop, ctx.look?.snapshots);
  if (taken) return { ...end(ctx, trigger, row), restorePoint: restorePointOf(row.id, taken) };
  const { stop: _, ...unstopped } = trigger;
  // A history that is there and has no such savepoint: the job came to its own end.
  if (ctx.look?.snapshots) return end(ctx, unstopped, row);
  if (Math.abs(ctx.now - row.endTime) < TELLS_WITHIN_MS)
    return { rule: "savepointIsBeingTold", requeueAfterMs: LOOK_AGAIN_MS };
  return { ...savepointLost(ctx, trigger), job: row };
}

/** The job was being stopped with a savepoint, and nobody can say any more where that is. */
export function savepointLost(ctx: Context, trigger: TriggerStatus): Verdict {
  const { jobId } = trigger;
  const where = ctx.spec.savepoints?.directory ?? "the cluster's directory of savepoints";
  const message = `Job ${jobId} was being stopped with a savepoint, and the JobManager was lost before it told where that is. Nothing is started without it: look for savepoint-${jobId.slice(0, 6)}-* in ${where}, and set spec.savepointPath.`;
  return {
    rule: "savepointLost",
    trigger: failed(ctx, trigger, { reason: "SavepointLost", message }),
    // A checkpoint from before it would be less than what was promised.
    restorePoint: null,
    job: null,
  };
}

function end(ctx: Context, before: TriggerStatus, row: JobRow): Verdict {
  const trigger = ended(ctx, before, row, ctx.look?.failure);
  const what = left(ctx, row);
  const untold = what.restorePoint === null && ctx.look?.snapshots === undefined;
  const hint = untold ? lastSeen(ctx, row.id) : "";
  return { rule: "ended", trigger: { ...trigger, message: `${trigger.message}${hint}` }, job: row, ...what };
}

/** What the job left, as far as it is known. */
function left(ctx: Context, row: JobRow): Pick<Verdict, "restorePoint" | "result"> {
  const { look, spec, rolledBack, trigger, job } = ctx;
  const unwanted = rolledBack !== undefined && rolledBack.triggerId === trigger?.id;
  const asked = carriesState(spec) && !unwanted ? look : undefined;
  // What was read while it ran may be gone with it, and where nobody tells any more, older than what it left.
  const restorePoint = asked && ((asked.snapshots && leftBehind(row, asked.snapshots)) ?? null);
  const known = job.status?.restorePoint;
  // A stop with savepoint is on record already, and its end tells nothing newer.
  const path = row.state === "FINISHED" ? trigger?.stop?.path : undefined;
  const told = path !== undefined && known?.path === path;
  const runTime = formatDuration(Math.max(0, row.endTime - row.startTime));
  return {
    ...(restorePoint !== undefined && !told ? { restorePoint } : {}),
    ...(row.state === "FINISHED" ? { result: { runTime } } : {}),
  };
}

function isOver(state: ApplicationState | undefined): boolean {
  return state === "FAILED" || state === "CANCELED" || state === "FINISHED";
}
