import { createReadStream } from "node:fs";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import { preparedRun } from "../../core/run-request.ts";
import { readJobManager } from "../job-manager.ts";
import { isFlinkError } from "../rest/errors.ts";
import type { FlinkRest } from "../rest/flink-rest.ts";
import { isTerminal } from "../rest/replies.ts";
import { classifyRun, type Failure, failureOf, type RunOutcome } from "../run-outcome.ts";
import { type WaitOptions, Watch } from "./calls.ts";
import { isJobError, JobError } from "./job-error.ts";
import type { FlinkJobState } from "./job-facts.ts";
import { mainFailure } from "./look-up.ts";

/** Where the JAR comes from. One that is uploaded for a submission is deleted once that has an outcome; one by `id` never. */
export type JarOrigin =
  | { readonly id: string }
  | { readonly path: string }
  /** `fileName` ends in `.jar`. */
  | { readonly content: Buffer | Readable; readonly fileName: string };

export interface SubmitRequest {
  readonly jar: JarOrigin;
  /**
   * 32 hex digits: however often the request is sent, at most one job runs under it. Default: a random one, which the
   * JobClient and every JobError of the submission tell.
   */
  readonly jobId?: string | undefined;
  /** Default: the manifest's. */
  readonly entryClass?: string | undefined;
  readonly args?: readonly string[] | undefined;
  /** Default: `parallelism.default` of `flinkConfiguration`, then of the cluster (which Flink's own endpoint ignores), then 1. */
  readonly parallelism?: number | undefined;
  readonly savepointPath?: string | undefined;
  readonly allowNonRestoredState?: boolean | undefined;
  readonly claimMode?: "CLAIM" | "NO_CLAIM" | "LEGACY" | undefined;
  /**
   * Job-level options; Flink >= 1.17. The fields above win under every name that Flink has for them. Keys and values go out
   * as they are: what is not a job's, or misspelt, Flink ignores without a word.
   */
  readonly flinkConfiguration?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/**
 * Sends the run request and resolves when the job is there. Rejects with a FlinkError where provably nothing was sent, and
 * with the JobErrors `SubmissionFailed`, `SubmissionUnknown`, `DuplicateSubmission`.
 * @internal
 */
export async function submit(
  rest: FlinkRest,
  request: SubmitRequest,
  jobId: string,
  options: WaitOptions,
): Promise<void> {
  const watch = new Watch(options);
  const { signal } = watch;
  const { jar, args, ...spec } = request;
  const info = await readJobManager(rest, signal);
  if (!info.supportsFlinkConfiguration && Object.keys(spec.flinkConfiguration ?? {}).length > 0) {
    const message = `Flink ${info.flinkVersion} silently drops flinkConfiguration: nothing was sent`;
    throw new JobError("SubmissionFailed", message, { jobId, reason: "ConfigurationNotSupported" });
  }
  const { request: run, report } = preparedRun({ ...spec, args: args && [...args] }, jobId, info);
  if (report.invalid.length > 0) {
    const message = `flinkConfiguration: ${report.invalid.map(({ key, message }) => `${key} ${message}`).join(", ")}: nothing was sent`;
    throw new JobError("SubmissionFailed", message, { jobId, reason: "InvalidConfiguration" });
  }
  const { applicationId, ...body } = run;
  const jarId = "id" in jar ? jar.id : await upload(rest, jar, signal);
  let mainMayRun = false;
  try {
    const sent =
      applicationId === undefined
        ? rest.run(jarId, body, signal)
        : rest.runApplication(jarId, { ...body, applicationId }, signal);
    const answer = await sent.catch((error: Error) => error);
    const outcome = classifyRun(answer);
    if (outcome.kind === "notSent") throw answer;
    mainMayRun = true;
    await settle(rest, jobId, outcome, watch).catch((error: unknown) => {
      throw error instanceof JobError ? error : unknown(jobId, error);
    });
    mainMayRun = false;
  } catch (error) {
    if (isJobError(error, "SubmissionFailed", "DuplicateSubmission")) mainMayRun = false;
    throw error;
  } finally {
    // A main() that may still run needs its JAR. One that is left behind costs disk, and is not worth an error.
    if (!("id" in jar) && !mainMayRun) await rest.deleteJar(jarId).catch(isFlinkError);
  }
}

async function upload(
  rest: FlinkRest,
  jar: Exclude<JarOrigin, { readonly id: string }>,
  signal: AbortSignal | undefined,
): Promise<string> {
  if ("content" in jar) return rest.uploadJar({ ...jar, signal });
  return rest.uploadJar({ content: createReadStream(jar.path), fileName: basename(jar.path), signal });
}

/** Resolves when the job is there. */
async function settle(rest: FlinkRest, jobId: string, outcome: RunOutcome, watch: Watch): Promise<void> {
  const { signal } = watch;
  const seen = await watch.until(() => look(rest, jobId, signal));
  if (outcome.kind === "failed") throw failed(jobId, outcome, seen.state);
  if (seen.state !== undefined) return;
  if (seen.application !== undefined) {
    await watch.until(() => arrival(rest, jobId, outcome, signal));
    return;
  }
  if (outcome.kind === "duplicate") throw forgotten(jobId);
  throw unknown(jobId, outcome.kind === "unknown" ? new Error(outcome.message) : undefined);
}

/** In this order: a main() that ends while we look has submitted its job by then. */
async function look(rest: FlinkRest, jobId: string, signal: AbortSignal | undefined) {
  const application = await rest.application(jobId, signal);
  return { application, state: await rest.jobStatus(jobId, signal) };
}

/** Waits for main() to submit its job (Flink >= 2.3). */
async function arrival(
  rest: FlinkRest,
  jobId: string,
  outcome: RunOutcome,
  signal: AbortSignal | undefined,
): Promise<true | undefined> {
  const { state, application } = await look(rest, jobId, signal);
  if (state !== undefined) return true;
  if (application === undefined) throw unknown(jobId, undefined);
  if (!isTerminal(application.state)) return undefined;
  if (application.state === "FAILED") {
    const failure = mainFailure(failureOf(await rest.applicationExceptions(jobId, signal)));
    if (failure !== undefined) throw failed(jobId, failure, undefined);
  }
  // What was there before may have had its job, which Flink forgets a moment earlier than the application.
  if (application.state === "FINISHED" && (outcome.kind === "duplicate" || application.jobs.length > 0))
    throw forgotten(jobId);
  const message = `main() is over (${application.state}) and submitted no job`;
  const reason = application.state === "FINISHED" ? "NoJobInMain" : undefined;
  throw new JobError("SubmissionFailed", message, { jobId, reason });
}

function failed(
  jobId: string,
  { reason, message, retryable }: Failure,
  state: FlinkJobState | undefined,
): JobError {
  const lives = state !== undefined && !isTerminal(state);
  const text = lives ? `${message} (its job was submitted before that, and runs)` : message;
  return new JobError("SubmissionFailed", text, { jobId, reason, retry: retryable ? "backoff" : "never" });
}

function forgotten(jobId: string): JobError {
  const message = "Flink refuses the JobID and knows no job under it: it ran and ended, and nobody kept how";
  return new JobError("DuplicateSubmission", message, { jobId });
}

function unknown(jobId: string, cause: unknown): JobError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  const message = `what became of the run request is not known${why}; submit it again under the same JobID`;
  return new JobError("SubmissionUnknown", message, { jobId, cause, retry: "backoff" });
}
