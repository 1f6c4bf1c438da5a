import { newestId, savepointAfter } from "../../core/savepoint-evidence.ts";
import type { OperationFailed, SavepointOperation } from "../../core/snapshots.ts";
import type { FlinkRest } from "../rest/flink-rest.ts";
import { isTerminal } from "../rest/replies.ts";
import { type WaitOptions, Watch } from "./calls.ts";
import { JobError } from "./job-error.ts";
import { throwIfGone } from "./presence.ts";

/** A savepoint or a stop, from the request to its location. */
export interface SavepointTask {
  readonly jobId: string;
  readonly triggerId: string;
  readonly stop: boolean;
  /** Sends the request; harmless to repeat while Flink remembers the trigger ID. */
  readonly request: (signal: AbortSignal | undefined) => Promise<void>;
}

/** A forgotten request is repeated so often: each time another JobManager process forgot it. */
const mostRequests = 4;

/**
 * Resolves with the location. A lost answer is asked for again under the same trigger ID; once Flink has forgotten that,
 * the checkpoint history decides before anything is asked for again. Rejects with the JobErrors `OperationFailed`,
 * `OperationUnknown`, `JobNotFound`, or with a FlinkError.
 */
export async function takeSavepoint(
  rest: FlinkRest,
  task: SavepointTask,
  options: WaitOptions,
): Promise<string> {
  const { jobId, triggerId, stop } = task;
  const watch = new Watch(options);
  const { signal } = watch;
  let comesBack = false;
  const known = await watch.until(async () => {
    const checkpoints = await checkpointsOf(rest, jobId, signal);
    comesBack ||= checkpoints === undefined;
    return checkpoints;
  });
  const question = { after: newestId(known), stop };
  for (let requests = 1; requests <= mostRequests; requests++) {
    // A request whose answer is lost may be sent again.
    await watch.until(async () => {
      // What is forgotten may have been asked of a process before, whose end nobody here noticed.
      comesBack ||= watch.wasAway || requests > 1;
      // Flink refuses at once what it is asked for while a job comes back, and the trigger ID would be used up.
      if (comesBack && !(await tasksRun(rest, jobId, signal))) return undefined;
      await task.request(signal);
      return true;
    });
    const operation = await watch.until(() => ended(rest, task, signal));
    if (operation.state === "completed") return operation.location;
    if (operation.state === "failed") throw operationFailed(operation, { jobId, triggerId });
    const evidence = await watch.until(async () => {
      const checkpoints = await checkpointsOf(rest, jobId, signal);
      const seen = checkpoints && savepointAfter(checkpoints, question);
      return seen?.kind === "inProgress" ? undefined : seen;
    });
    if (evidence.kind === "taken") return evidence.snapshot.path;
  }
  const message =
    "the JobManager forgot the request again and again, and no savepoint is in the job's history";
  throw new JobError("OperationUnknown", message, { jobId, triggerId, retry: "backoff" });
}

async function ended(rest: FlinkRest, { jobId, triggerId }: SavepointTask, signal: AbortSignal | undefined) {
  const operation: SavepointOperation = await rest.snapshots.savepointOperation(jobId, triggerId, signal);
  return operation.state === "inProgress" ? undefined : operation;
}

/** True also of a job that ended: then the next answer tells. */
async function tasksRun(rest: FlinkRest, jobId: string, signal: AbortSignal | undefined): Promise<boolean> {
  const row = (await rest.jobsOverview(signal)).find(({ id }) => id === jobId);
  if (row === undefined) {
    await throwIfGone(rest, jobId, signal);
    return false;
  }
  const { total, running, finished } = row.tasks;
  return isTerminal(row.state) || (total > 0 && running + finished === total);
}

async function checkpointsOf(rest: FlinkRest, jobId: string, signal: AbortSignal | undefined) {
  const checkpoints = await rest.snapshots.checkpoints(jobId, signal);
  if (checkpoints === undefined) await throwIfGone(rest, jobId, signal);
  return checkpoints;
}

export function operationFailed(
  { className, message }: OperationFailed,
  fields: { jobId?: string; triggerId: string },
): JobError {
  // Tasks that start, a disk that is full: another request, under another trigger ID, may succeed.
  return new JobError("OperationFailed", message, { ...fields, className, retry: "backoff" });
}
