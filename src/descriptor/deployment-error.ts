/** What became of a cluster or job that Kubernetes was asked for. Stable; FlinkError says what became of a request to Flink. */
export type DeploymentErrorCode =
  /** The operator says why it stands still, in `reason`: somebody has to do something. It stays as it is. */
  | "DeploymentFailed"
  /** Something else is deployed under that name; `differences` are the fields. */
  | "SpecDiffers"
  /** There is no such object, or it was deleted while it was waited for. */
  | "NotFound"
  /** Flink has not got the job, or nobody knows yet where it is. */
  | "NotDeployed"
  /** What had that name is being deleted: the same call again once it is gone. */
  | "BeingDeleted"
  /** It is to be deleted, and stays until the FlinkJobs that name it are gone; the message names them. */
  | "InUse"
  /** The API server refuses, or no way to it is configured; `reason` is its word (Forbidden, Invalid ...). Nothing was changed. */
  | "RequestRefused"
  /** The API server could not be reached, or did not answer as it should; the request may have been carried out. Safe to repeat. */
  | "RequestFailed";

export interface DeploymentErrorFields {
  readonly reason?: string | undefined;
  readonly differences?: readonly string[] | undefined;
  readonly jobId?: string | undefined;
  readonly retry?: "never" | "backoff";
  readonly cause?: unknown;
}

/** As everywhere in the library. Characters. */
const LONGEST_MESSAGE = 1024;

/** The message has no stack trace and at most 1,024 characters. */
export class DeploymentError extends Error {
  override readonly name: string = "DeploymentError";
  readonly code: DeploymentErrorCode;
  /** One word that a program may match: the operator's (docs/errors.md), or the API server's. */
  readonly reason: string | undefined;
  /** Paths of the fields that are not as asked for, such as `spec.managed.image`; the first ten. */
  readonly differences: readonly string[];
  readonly jobId: string | undefined;
  /** Whether the same call may succeed later, all by itself. */
  readonly retry: "never" | "backoff";

  constructor(code: DeploymentErrorCode, message: string, fields: DeploymentErrorFields = {}) {
    super(bounded(message), fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = code;
    this.reason = fields.reason;
    this.differences = fields.differences ?? [];
    this.jobId = fields.jobId;
    this.retry = fields.retry ?? "never";
  }
}

/** True for a DeploymentError, of one of the codes when any are given. */
export function isDeploymentError(error: unknown, ...codes: DeploymentErrorCode[]): error is DeploymentError {
  return error instanceof DeploymentError && (codes.length === 0 || codes.includes(error.code));
}

function bounded(text: string): string {
  return text.length <= LONGEST_MESSAGE ? text : `${text.slice(0, LONGEST_MESSAGE - 1).toWellFormed()}…`;
}
