import { isTerminal } from "../../../src/core/observed.ts";
import type { Setting } from "../world/setting.ts";
import type { JobManager } from "./job-manager.ts";
import type { Job, Left, Operation, Stored, Witness } from "./records.ts";

/** web.refresh-interval: what the REST API shows of a job's snapshots is kept so long. Milliseconds. */
const SHOWN_FOR_MS = 3_000;

/** A job that starts from this, or goes on from it. */
export function restored(from: Stored | undefined, now: number): Pick<Job, "work" | "left" | "shown"> {
  const left: Left = from
    ? { completed: 1, newest: { ...from, takenAt: now, stops: false } }
    : { completed: 0, newest: undefined };
  return { work: from?.work ?? 0, left, shown: undefined };
}

/** A checkpoint of the job is complete. */
export function checkpoint(manager: JobManager, id: string, setting: Setting, now: number): void {
  const taken = take(manager, id, "checkpoint", now);
  manager.storage = manager.storage.filter(
    ({ jobId, kind, path }) => jobId !== id || kind === "savepoint" || path === taken.path,
  );
  if (setting.protection !== "JobManagerLifetime") manager.remember(id, taken);
}

/** A stop with savepoint is asked for; the same ID again does nothing. False: no such job. */
export function askToStop(manager: JobManager, jobId: string, id: string, now: number): boolean {
  const job = manager.job(jobId);
  if (!job) return false;
  if (manager.operations.some((one) => one.id === id)) return true;
  const path = `/savepoints/${++manager.savepoints}`;
  const state = job.state === "RUNNING" ? "inProgress" : "failed";
  const endedAt = state === "failed" ? now : -1;
  manager.operations = [...manager.operations, { id, jobId, state, path, endedAt }];
  return true;
}

/** The savepoint is complete; the job ends next. */
export function takeSavepoint(manager: JobManager, id: string, now: number): void {
  const { jobId, path } = manager.operations.find((one) => one.id === id)!;
  take(manager, jobId, "savepoint", now, path);
  setOperation(manager, id, "taken", -1);
}

/** The job has ended with its savepoint. */
export function stop(manager: JobManager, id: string, setting: Setting, witness: Witness): void {
  const { jobId } = manager.operations.find((one) => one.id === id)!;
  setOperation(manager, id, "completed", witness.now);
  manager.endJob(jobId, "FINISHED", setting, witness);
}

/** Could not be written, or the job could not end: it goes on. */
export function failStop(manager: JobManager, id: string, now: number): void {
  setOperation(manager, id, "failed", now);
}

/** What GET /jobs/:id/checkpoints tells. */
export function shown(manager: JobManager, id: string, now: number): Left | undefined {
  const job = manager.job(id);
  if (!job) return undefined;
  if (job.shown && now - job.shown.at < SHOWN_FOR_MS) return job.shown.left;
  manager.setJob(id, { shown: { at: now, left: job.left } });
  return job.left;
}

/** A stop in progress of a job that ends otherwise, or restarts, has failed. */
export function failStops(manager: JobManager, now: number): void {
  for (const { id, jobId, state } of manager.operations) {
    const job = manager.job(jobId);
    if (
      (state === "inProgress" || state === "taken") &&
      (!job || isTerminal(job.state) || job.state === "CANCELLING" || job.state === "RESTARTING")
    )
      setOperation(manager, id, "failed", now);
  }
}

function take(manager: JobManager, id: string, kind: Stored["kind"], now: number, at?: string): Stored {
  const job = manager.job(id)!;
  const work = job.work + 1;
  const taken: Stored = {
    path: at ?? `/checkpoints/${id.slice(16, 20)}/${work}-${manager.incarnation}`,
    kind,
    work,
    jobId: id,
  };
  manager.storage = [...manager.storage, taken];
  const newest = { ...taken, takenAt: now, stops: kind === "savepoint" };
  manager.setJob(id, { work, left: { completed: job.left.completed + 1, newest } });
  return taken;
}

function setOperation(manager: JobManager, id: string, state: Operation["state"], endedAt: number): void {
  manager.operations = manager.operations.map((one) => (one.id === id ? { ...one, state, endedAt } : one));
}
