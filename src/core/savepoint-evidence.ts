import type { Checkpoints, Snapshot } from "./snapshots.ts";

/** What the checkpoints say of a savepoint whose trigger ID Flink has forgotten. */
export type SavepointEvidence =
  | { kind: "taken"; snapshot: Snapshot }
  /** One is being taken now: look again. */
  | { kind: "inProgress" }
  /**
   * Ask again. Where the JobManager was replaced since, the earlier one may have taken a savepoint all the same: the new one
   * knows only what it restored from, and nobody but the savepoint directory can tell.
   */
  | { kind: "none" };

export interface SavepointQuestion {
  /** `newestId` of the job's checkpoints before the request. */
  after: number;
  /** Whether a stop was asked for. */
  stop: boolean;
}

/** The highest ID that a job has given to a checkpoint or savepoint, or started from; 0 if there is none. */
export function newestId({ history, restored, newest, newestSavepoint }: Checkpoints): number {
  const known = [restored?.id, newest?.id, newestSavepoint?.id, ...history.map(({ id }) => id)];
  return Math.max(0, ...known.filter((id) => id !== undefined));
}

/**
 * Looks for a savepoint that is younger than the request. It need not be ours: one that somebody else asked for in the
 * same time holds the same state, and serves as well.
 */
export function savepointAfter(
  { history, newestSavepoint }: Checkpoints,
  { after, stop }: SavepointQuestion,
): SavepointEvidence {
  const candidates = history.filter(
    (entry) => entry.isSavepoint && entry.isStop === stop && entry.id > after,
  );
  for (const { id, path, triggeredAt, completedAt, discarded } of candidates) {
    if (path === undefined || completedAt === undefined || discarded) continue;
    return { kind: "taken", snapshot: { id, path, triggeredAt, completedAt, isSavepoint: true } };
  }
  // The history holds the last ten; the latest savepoint is kept beside it. After a stop nothing more comes.
  if (!stop && newestSavepoint !== undefined && newestSavepoint.id > after)
    return { kind: "taken", snapshot: newestSavepoint };
  return { kind: candidates.some(({ status }) => status === "IN_PROGRESS") ? "inProgress" : "none" };
}
