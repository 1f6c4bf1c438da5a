import { bounded } from "../rest/errors.ts";

/** What became of a job, a submission or an operation. Stable; FlinkError says what became of a single request. */
export type JobErrorCode =
  /** The job ended FAILED; the message is the user's own exception. */
  | "JobFailed"
  | "JobCanceled"
  /** Flink knows no such job: never submitted, forgotten an hour after its end, or gone with a JobManager without HA. */
  | "JobNotFound"
  /** Flink says why it took no job, or (`job` is set) why main() failed although its job was taken. */
  | "SubmissionFailed"
  /** The run request was sent, or may have been, and nothing tells what it did. Submit again under the same JobID. */
  | "SubmissionUnknown"
  /** Flink refuses the JobID and knows no job under it: it ran and ended, and its outcome is forgotten. */
  | "DuplicateSubmission"
  /** A savepoint, stop, checkpoint or disposal failed. */
  | "OperationFailed"
  /** Flink forgot the operation, and nothing else tells what became of it. */
  | "OperationUnknown";

export interface JobErrorFields {
  readonly jobId?: string | undefined;
  /** Why, where Flink says so: `MainFailed`, `SavepointNotFound` ... */
  readonly reason?: string | undefined;
  /** Class of the innermost Java exception. */
  readonly className?: string | undefined;
  readonly triggerId?: string | undefined;
  readonly retry?: "never" | "backoff";
  readonly cause?: unknown;
}

/** The message has no stack trace and at most 1,024 characters. */
export class JobError extends Error {
  override readonly name: string = "JobError";
  readonly code: JobErrorCode;
  readonly jobId: string | undefined;
  readonly reason: string | undefined;
  readonly className: string | undefined;
  /** Of the operation. */
  readonly triggerId: string | undefined;
  /** Whether the same call may succeed later, all by itself. */
  readonly retry: "never" | "backoff";

  constructor(code: JobErrorCode, message: string, fields: JobErrorFields = {}) {
    super(bounded(message), fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = code;
    this.jobId = fields.jobId;
    this.reason = fields.reason;
    this.className = fields.className;
    this.triggerId = fields.triggerId;
    this.retry = fields.retry ?? "never";
  }
}

/** True for a JobError, of one of the codes when any are given. */
export function isJobError(error: unknown, ...codes: JobErrorCode[]): error is JobError {
  return error instanceof JobError && (codes.length === 0 || codes.includes(error.code));
}
