import type { Look, Snapshot, Snapshots } from "../../core/observed.ts";
import type { Checkpoints } from "../../core/snapshots.ts";
import { FlinkError, isFlinkError } from "../rest/errors.ts";
import type { FlinkRest } from "../rest/flink-rest.ts";
import { isTerminal } from "../rest/replies.ts";

export type LeftBehind = Pick<Look, "snapshots" | "result">;

/** At most so many accumulators go into a status, of at most so many characters. */
const MOST_ACCUMULATORS = 50;
const LONGEST_VALUE = 256;

/** What a job that Flink knows has left so far: its snapshots, and of one that finished its accumulators. */
export async function readLeftBehind(
  rest: FlinkRest,
  jobId: string,
  finished: boolean,
  signal: AbortSignal | undefined,
): Promise<LeftBehind> {
  const snapshots = await readSnapshots(rest, jobId, signal).catch(untold);
  const accumulators = finished ? await orUndefined(readLastAccumulators(rest, jobId, signal)) : undefined;
  return { ...(snapshots ? { snapshots } : {}), ...(accumulators ? { result: { accumulators } } : {}) };
}

/** The same of a job that runs: whatever may pass by itself is thrown, for what is not told counts as not there. */
export function readRunningSnapshots(
  rest: FlinkRest,
  jobId: string,
  signal: AbortSignal | undefined,
): Promise<Snapshots | undefined> {
  return readSnapshots(rest, jobId, signal, unlessPassing).catch(untoldEver);
}

async function readSnapshots(
  rest: FlinkRest,
  jobId: string,
  signal: AbortSignal | undefined,
  unless = orUndefined,
): Promise<Snapshots | undefined> {
  const checkpoints = await rest.snapshots.checkpoints(jobId, signal);
  if (!checkpoints) return undefined;
  const { completed, restored } = checkpoints.counts;
  const newest = newestOf(checkpoints);
  const config = await unless(rest.jobCheckpointsConfig(jobId, signal));
  const retained = config?.retained ?? { onCancel: false, onFailure: false };
  return {
    completed: completed + restored,
    retained,
    intervalMs: config?.interval,
    ...(newest ? { newest } : {}),
  };
}

/** The newest that a job can be started from. What it was restored from counts until something newer is complete. */
function newestOf({ newest, newestSavepoint, restored, history }: Checkpoints): Snapshot | undefined {
  const taken =
    newest && newestSavepoint
      ? newest.id > newestSavepoint.id
        ? newest
        : newestSavepoint
      : (newest ?? newestSavepoint);
  if (taken) {
    const stops = history.find(({ id }) => id === taken.id)?.isStop;
    return {
      kind: taken.isSavepoint ? "savepoint" : "checkpoint",
      path: taken.path,
      takenAt: taken.triggeredAt,
      ...(stops ? { stops } : {}),
    };
  }
  if (restored?.path === undefined) return undefined;
  return {
    kind: restored.isSavepoint ? "savepoint" : "checkpoint",
    path: restored.path,
    takenAt: restored.restoredAt,
  };
}

/** They come from Flink's view of a job, which is up to 3 s old: until that knows of the end they are not the last ones. */
async function readLastAccumulators(
  rest: FlinkRest,
  jobId: string,
  signal: AbortSignal | undefined,
): Promise<Record<string, string> | undefined> {
  const job = await rest.job(jobId, signal).catch(untold);
  return job === undefined || isTerminal(job.state) ? readAccumulators(rest, jobId, signal) : undefined;
}

async function readAccumulators(
  rest: FlinkRest,
  jobId: string,
  signal: AbortSignal | undefined,
): Promise<Record<string, string>> {
  const all = (await rest.accumulators(jobId, signal)) ?? [];
  return Object.fromEntries(
    all.slice(0, MOST_ACCUMULATORS).map(({ name, value }) => [name, value.slice(0, LONGEST_VALUE)]),
  );
}

/** Flink says that it cannot tell: of a job without checkpointing, or one that had ended when this process took over. */
function untold(error: unknown): undefined {
  if (!isFlinkError(error, "NotFound", "ServerError", "BadReply", "BodyTooLarge")) throw error;
}

function unlessPassing<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch(untoldEver);
}

/** The job takes no checkpoints, or tells of them in a way that nobody here understands. */
function untoldEver(error: unknown): undefined {
  if (!isFlinkError(error, "NotFound", "BadReply", "BodyTooLarge")) throw error;
}

/** What is beside the point must not hide where the job is. */
async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof FlinkError && error.code !== "Aborted") return undefined;
    throw error;
  }
}
