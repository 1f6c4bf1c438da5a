import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context } from "../context.ts";
import { carriesState, restorePointOf } from "../restore-point.ts";
import { againWithin, type Verdict } from "../step.ts";
import { runsTasks } from "../triggers.ts";

/** How often the newest checkpoint of a job is read that carries state, in milliseconds: two requests each. */
const READ_EVERY_MS = 300_000;
/** The same where the JobManager's loss would take it along, and the job is to be run again from there. */
const READ_OFTEN_MS = 10_000;
/** A newer one is written to the status after this long at the earliest. */
const WRITE_EVERY_MS = 60_000;

/** Follows the checkpoints of a job that runs: the status tells the newest, and a job that is lost starts from there. */
export function withCheckpoints(ctx: Context, verdict: Verdict): Verdict {
  const { spec, cluster, row, now, snapshots, job } = ctx;
  const trigger = verdict.trigger ?? ctx.trigger;
  if (!carriesState(spec) || !row || cluster.kind !== "reachable" || verdict.effect) return verdict;
  if (!trigger || !runsTasks(trigger)) return verdict;
  const atRisk = spec.lostPolicy === "Resubmit" && !cluster.jobManager.highAvailability;
  const every = atRisk ? READ_OFTEN_MS : READ_EVERY_MS;
  // A job that has just started has none worth a request.
  const begun = snapshots?.at ?? at(trigger.acceptedAt) ?? now;
  const wait = begun + every - now;
  if (wait <= 0) return { ...verdict, effect: { kind: "readSnapshots", jobId: row.id, url: cluster.url } };
  const next = againWithin(verdict, wait);
  const newest = snapshots?.snapshots?.newest;
  const known = job.status?.restorePoint;
  if (!newest || (known?.jobId === row.id && known.path === newest.path)) return next;
  const writtenAt = known?.jobId === row.id ? (at(known.takenAt) ?? 0) : 0;
  return newest.takenAt - writtenAt < WRITE_EVERY_MS
    ? next
    : { ...next, restorePoint: restorePointOf(row.id, newest) };
}

/** What a job that is lost with its JobManager is known to have left. */
export function lastKnown({ snapshots }: Context, trigger: TriggerStatus): Pick<Verdict, "restorePoint"> {
  const newest = snapshots?.snapshots?.newest;
  return newest ? { restorePoint: restorePointOf(trigger.jobId, newest) } : {};
}
