import type { ApplicationState } from "../../core/flink-states.ts";
import { readJobManager } from "../job-manager.ts";
import { FlinkError } from "../rest/errors.ts";
import type { FlinkRest } from "../rest/flink-rest.ts";
import type { Application } from "../rest/submission-replies.ts";
import { type Failure, failureOf } from "../run-outcome.ts";
import { runningMains } from "../running-mains.ts";
import type { FlinkJobState } from "./job-facts.ts";

/** Where a JobID stands on one JobManager process, and what may still come. */
export interface Whereabouts {
  readonly jobId: string;
  /** The process that answered. */
  readonly incarnation: string | undefined;
  /** Undefined: it knows no such job. */
  readonly state: FlinkJobState | undefined;
  /** Flink >= 2.3. `jobs`: how many it has submitted. */
  readonly application: { readonly state: ApplicationState; readonly jobs: number } | undefined;
  /** How many main()s run in it that may submit the job yet. */
  readonly mains: number;
  /** Why the job or the application failed, where it did and Flink says so. */
  readonly failure: Failure | undefined;
}

export interface LookUpOptions {
  readonly signal?: AbortSignal | undefined;
  /** The JobManager runs this job alone (`standalone-job`): its application is the job's, whatever its ID. */
  readonly alone?: boolean;
}

/**
 * The order matters: a main() that ends while we look has submitted its job by then, so main()s are read before jobs. And
 * all must come from one process: where it changed meanwhile, the look-up rejects with the FlinkError `Reset`.
 * @internal
 */
export async function lookUp(
  rest: FlinkRest,
  jobId: string,
  { signal, alone = false }: LookUpOptions = {},
): Promise<Whereabouts> {
  const before = await readJobManager(rest, signal);
  const applications = before.supportsRunApplication;
  const threads = async () => runningMains(await rest.threadDump(signal)).length;
  let mains = applications ? 0 : await threads();
  const known = applications ? await rest.application(jobId, signal) : undefined;
  const application = known ?? (applications && alone ? await onlyApplication(rest, signal) : undefined);
  // From 2.3 on the application tells whether its main() runs, but for one that sticks in CANCELING.
  if (application?.state === "CANCELING") mains = await threads();
  // Of a job that had ended when this process took over, /jobs/:id is an HTTP 500: nobody kept its plan.
  const state = await rest.jobStatus(jobId, signal);
  const causeOf = () => failureIn(rest, jobId, state, application, signal);
  // One answer that is lost on the way must not cost the user the cause.
  const failure = await causeOf().catch(causeOf).catch(unknownCause);
  const after = await readJobManager(rest, signal);
  if (before.incarnation !== after.incarnation)
    throw new FlinkError("Reset", "the JobManager was replaced during a look-up");
  return {
    jobId,
    incarnation: after.incarnation,
    state,
    application: application && { state: application.state, jobs: application.jobs.length },
    mains,
    failure,
  };
}

/** A JobManager that runs main() itself gives its application an ID of its own. */
async function onlyApplication(
  rest: FlinkRest,
  signal: AbortSignal | undefined,
): Promise<Application | undefined> {
  const [only] = await rest.applicationsOverview(signal);
  return only && rest.application(only.id, signal);
}

async function failureIn(
  rest: FlinkRest,
  jobId: string,
  job: FlinkJobState | undefined,
  application: { id: string; state: ApplicationState } | undefined,
  signal: AbortSignal | undefined,
): Promise<Failure | undefined> {
  if (job === "FAILED") return failureOf((await rest.jobExceptions(jobId, signal)) ?? []);
  if (application?.state === "FAILED")
    return mainFailure(failureOf(await rest.applicationExceptions(application.id, signal)));
  return undefined;
}

/** That the job ended counts more than why: a cause that cannot be read must not hide the end. */
function unknownCause(error: unknown): undefined {
  if (!(error instanceof FlinkError)) throw error;
}

/**
 * An application without a job that fails is a main() that fails.
 * @internal
 */
export function mainFailure(failure: Failure | undefined): Failure | undefined {
  return failure?.reason === "JobFailed" ? { ...failure, reason: "MainFailed" } : failure;
}
