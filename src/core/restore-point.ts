import type { FlinkJobSpec } from "../api/flinkjob.ts";
import type { RestorePoint, TriggerStatus } from "../api/status.ts";
import { type Context, iso } from "./context.ts";
import type { JobRow, Snapshot, Snapshots } from "./observed.ts";

/** What a run request starts from: a path, or nothing. `blocked`: there should be state, and it cannot be found. */
export type StartPoint = { path: string | undefined } | { blocked: string };

/** Whether the next job starts from what the last one left. */
export function carriesState({ upgradeMode }: Pick<FlinkJobSpec, "upgradeMode">): boolean {
  return upgradeMode !== "stateless";
}

/** What the successor of a trigger that is over starts from. */
export function startPoint(ctx: Context, before: TriggerStatus): StartPoint {
  const { spec, job } = ctx;
  // Another path in the spec is a wish: start from there.
  if (!carriesState(spec) || spec.savepointPath !== before.specSavepointPath)
    return { path: spec.savepointPath };
  const itsOwnStart = { path: before.savepointPath ?? spec.savepointPath };
  // A version that was rolled back hands on what it got, not what it made of it.
  if (ctx.rolledBack && ctx.rolledBack.triggerId === before.id) return itsOwnStart;
  // What may have run unseen may have left more than it started from.
  if (before.acceptedAt === undefined && !mayHaveRun(before)) return itsOwnStart;
  const { restorePoint } = job.status ?? {};
  if (restorePoint?.jobId === before.jobId) {
    return restorePoint.kind === "none" ? itsOwnStart : { path: restorePoint.path };
  }
  // It came to its own end: a new run begins anew.
  if (before.state === "finished") return { path: spec.savepointPath };
  return {
    blocked: `Job ${before.jobId} left no savepoint or retained checkpoint that is known. Nothing is started without its state: set spec.savepointPath, or spec.upgradeMode: stateless.`,
  };
}

/** Nobody saw what became of a run request that was sent. */
function mayHaveRun({ failure, sends }: TriggerStatus): boolean {
  return failure?.reason === "OutcomeLost" || (failure?.reason === "AttemptsExhausted" && sends > 0);
}

/** What a JobID left whose job never came to run: nothing. */
export function neverRan(jobId: string): RestorePoint {
  return { jobId, kind: "none" };
}

/** Where a snapshot is, as the status keeps it. */
export function restorePointOf(jobId: string, { kind, path, takenAt }: Snapshot): RestorePoint {
  return { jobId, kind, path, takenAt: iso(takenAt) };
}

/** For people, where it is not known what a job left: the newest that was known of. */
export function lastSeen({ job }: Context, jobId: string): string {
  const { restorePoint } = job.status ?? {};
  if (restorePoint?.jobId !== jobId || restorePoint.path === undefined) return "";
  return ` The newest ${restorePoint.kind} that is known of is ${restorePoint.path}; it may be gone, and there may be newer ones.`;
}

/** What a job that has ended left, where that is known: undefined where it left state that nothing can start from. */
export function leftBehind(row: JobRow, snapshots: Snapshots): RestorePoint | undefined {
  const { newest, completed, retained } = snapshots;
  if (completed === 0) return neverRan(row.id);
  if (!newest) return undefined;
  // Stopped with a savepoint, by us or by hand, it can go on. A job that came to its own end cannot.
  if (row.state === "FINISHED") return newest.stops ? restorePointOf(row.id, newest) : undefined;
  const kept =
    newest.kind === "savepoint" || (row.state === "CANCELED" ? retained.onCancel : retained.onFailure);
  return kept ? restorePointOf(row.id, newest) : undefined;
}
