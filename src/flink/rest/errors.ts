/** Longest text that an error or an outcome carries, in characters: it ends up in a CR status, an event, a log line. */
const longestMessage = 1024;

/**
 * Stable codes. The first group means that no connection was made, so nothing was sent; the second that the answer is
 * lost; the rest is an answer, or something that stands where Flink's answer should.
 */
export type FlinkErrorCode =
  | "ConnectionRefused"
  | "ConnectTimeout"
  | "ConnectFailed"
  | "NameNotResolved"
  | "DestinationNotAllowed"
  | "BadUrl"
  // answer lost
  | "Reset"
  | "Timeout"
  | "Aborted"
  // answered
  | "NoLeader"
  | "BadRequest"
  | "NoSavepointDirectory"
  | "Unauthorized"
  | "NotFound"
  | "Conflict"
  | "Unsupported"
  | "TooLarge"
  | "ServerError"
  | "Unavailable"
  | "UnexpectedStatus"
  | "BadReply"
  | "BodyTooLarge";

/** One throwable out of Flink's stack text. */
export interface Cause {
  /** Fully qualified, such as `java.lang.IllegalStateException`. */
  readonly className: string;
  /** Empty when the exception has none. */
  readonly message: string;
  /** The topmost stack frame, such as `lab.Jobs.main(Jobs.java:25)`. */
  readonly frame?: string;
}

interface FlinkErrorFields {
  readonly status?: number;
  /** From the outermost throwable to the innermost. */
  readonly causes?: readonly Cause[];
  /** The `errors` of Flink's answer, as they came, for matching; bounded, and never shown. */
  readonly flinkText?: string;
  readonly cause?: unknown;
}

/** The one error of the REST client. Its message has no stack trace and at most 1,024 characters. */
export class FlinkError extends Error {
  override readonly name = "FlinkError";
  readonly code: FlinkErrorCode;
  /** `no`: the request provably never left. `maybe`: everything else, an answer with an error included. */
  readonly sent: "no" | "maybe";
  /** Whether the same request may succeed later, all by itself. */
  readonly retry: "never" | "backoff";
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  readonly causes: readonly Cause[];
  /** Undefined when the answer did not have Flink's form, so that something in between may have given it. */
  readonly flinkText: string | undefined;

  constructor(code: FlinkErrorCode, message: string, fields: FlinkErrorFields = {}) {
    super(bounded(message), fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = code;
    this.sent = neverSent.has(code) ? "no" : "maybe";
    this.retry = hopeless.has(code) ? "never" : "backoff";
    this.status = fields.status;
    this.causes = fields.causes ?? [];
    this.flinkText = fields.flinkText;
  }

  /** Whether one of the throwables is of this class; a name without dots is compared with the simple name. */
  hasCause(className: string): boolean {
    return this.causes.some((cause) =>
      className.includes(".") ? cause.className === className : simpleName(cause) === className,
    );
  }
}

/** True for a FlinkError, of one of the codes when any are given. */
export function isFlinkError(error: unknown, ...codes: FlinkErrorCode[]): error is FlinkError {
  return error instanceof FlinkError && (codes.length === 0 || codes.includes(error.code));
}

/** The class name without package: `IllegalStateException`; a nested class keeps its `$`. */
export function simpleName(cause: Cause): string {
  return cause.className.slice(cause.className.lastIndexOf(".") + 1);
}

/** Cuts a text to what a message may hold, never in the middle of a character. */
export function bounded(text: string, longest: number = longestMessage): string {
  const trimmed = text.trim();
  return trimmed.length <= longest ? trimmed : `${trimmed.slice(0, longest - 1).toWellFormed()}…`;
}

/** The code for an HTTP answer that is no success. */
export function codeOfStatus(status: number): FlinkErrorCode {
  const known = byStatus.get(status);
  if (known !== undefined) return known;
  if (status >= 500) return "ServerError";
  return status >= 400 ? "BadRequest" : "UnexpectedStatus";
}

const byStatus = new Map<number, FlinkErrorCode>([
  [401, "Unauthorized"],
  [403, "Unauthorized"],
  [404, "NotFound"],
  [409, "Conflict"],
  [413, "TooLarge"],
  // Flink never says so: something in between wants us to wait.
  [429, "Unavailable"],
  [502, "Unavailable"],
  [503, "Unavailable"],
  [504, "Unavailable"],
]);

const neverSent = new Set<FlinkErrorCode>([
  "ConnectionRefused",
  "ConnectTimeout",
  "ConnectFailed",
  "NameNotResolved",
  "DestinationNotAllowed",
  "BadUrl",
  // Flink answers 503 before any handler runs; a 503 of anybody else is `Unavailable`.
  "NoLeader",
]);

// A wrong address or a refused destination may be mended in DNS or by the options, so only these never pass by waiting.
const hopeless = new Set<FlinkErrorCode>([
  "BadUrl",
  "BadRequest",
  "NoSavepointDirectory",
  "Conflict",
  "Unsupported",
  "TooLarge",
  "Aborted",
]);
