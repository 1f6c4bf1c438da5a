import { isFlinkError } from "../rest/errors.ts";
import type { FlinkRest } from "../rest/flink-rest.ts";
import { isTerminal } from "../rest/replies.ts";
import { JobError } from "./job-error.ts";

function jobNotFound(jobId: string): JobError {
  return new JobError("JobNotFound", `Flink knows no job ${jobId}`, { jobId });
}

/** Rejects with `JobNotFound` instead of resolving with nothing. */
export async function known<T>(jobId: string, found: Promise<T | undefined>): Promise<T> {
  const value = await found.catch((error: unknown) => {
    if (isFlinkError(error) && error.hasCause("FlinkJobNotFoundException")) return undefined;
    throw error;
  });
  if (value === undefined) throw jobNotFound(jobId);
  return value;
}

/**
 * Of a job that is not listed: rejects with `JobNotFound` unless it may be listed soon. An application (Flink >= 2.3) that
 * goes on after a failover runs its main() again before its job is back.
 */
export async function throwIfGone(
  rest: FlinkRest,
  jobId: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const application = await rest.application(jobId, signal);
  if (application === undefined || isTerminal(application.state)) throw jobNotFound(jobId);
}
