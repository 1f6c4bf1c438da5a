import type { ExecutionResult, VerbatimResult } from "../../core/snapshots.ts";
import { isFlinkError } from "../rest/errors.ts";
import type { FlinkRest } from "../rest/flink-rest.ts";
import { isTerminal } from "../rest/replies.ts";
import type { Watch } from "./calls.ts";
import { JobError } from "./job-error.ts";
import type { JobResult } from "./job-facts.ts";
import { throwIfGone } from "./presence.ts";

/**
 * How a job ended; of one that FINISHED with its final accumulators. Flink answers for those from a cache that is up to 3 s
 * old, the same as for the job itself: until that shows the end, the job counts as in progress. Undefined: no such job.
 */
export async function readResult(
  rest: FlinkRest,
  jobId: string,
  signal: AbortSignal | undefined,
): Promise<ExecutionResult | undefined> {
  const result = await rest.executionResult(jobId, signal);
  if (result?.state !== "completed" || result.applicationStatus !== "SUCCEEDED") return result;
  const job = await rest.job(jobId, signal).catch(unlessKeptWithoutPlan);
  if (job !== undefined && !isTerminal(job.state)) return { state: "inProgress" };
  return { ...result, accumulators: (await rest.accumulators(jobId, signal)) ?? [] };
}

/** The same for Flink's own client, which reads more of it than we do. Undefined: no such job. */
export async function readVerbatimResult(
  rest: FlinkRest,
  jobId: string,
  longest: number,
  signal: AbortSignal | undefined,
): Promise<VerbatimResult | undefined> {
  const read = await rest.executionResultText(jobId, signal).catch((error: unknown) => {
    if (isFlinkError(error, "BodyTooLarge")) return "tooLong" as const;
    throw error;
  });
  if (read === undefined) return undefined;
  if (read === "tooLong") return { kind: "tooLong" };
  if (read.result.state === "inProgress") return { kind: "inProgress" };
  const bytes = Buffer.byteLength(read.text);
  return bytes > longest ? { kind: "tooLong", bytes } : { kind: "completed", text: read.text };
}

/** Of a job that had ended when this JobManager process took over it tells no more than that: an HTTP 500. */
function unlessKeptWithoutPlan(error: unknown): undefined {
  if (!isFlinkError(error, "ServerError")) throw error;
}

export async function awaitResult(rest: FlinkRest, jobId: string, watch: Watch): Promise<JobResult> {
  const result = await watch.until(async () => {
    const seen = await readResult(rest, jobId, watch.signal);
    if (seen === undefined) await throwIfGone(rest, jobId, watch.signal);
    return seen?.state === "completed" ? seen : undefined;
  });
  const { applicationStatus, netRuntime, failure, accumulators = [] } = result;
  if (applicationStatus === "SUCCEEDED") {
    return { jobId, netRuntime, accumulators: new Map(accumulators.map((each) => [each.name, each])) };
  }
  if (applicationStatus === "CANCELED") throw new JobError("JobCanceled", "the job was cancelled", { jobId });
  const { message = "the job failed, and Flink does not say why", className } = failure ?? {};
  throw new JobError("JobFailed", message, { jobId, className });
}
