/** Stable codes of what the gateway itself refuses; `x-flinkjob-code` of the answer. */
export type GatewayErrorCode =
  // Who are you, and may you?
  | "Unauthenticated"
  | "Forbidden"
  // What was asked for is wrong
  | "BadRequest"
  | "MethodNotAllowed"
  | "UnsupportedMediaType"
  | "RequestTimeout"
  | "TooLarge"
  | "NotAJar"
  // or clashes with what is there
  | "NotFound"
  | "UnknownCluster"
  | "UnknownTrigger"
  | "Conflict"
  // Not now
  | "TooManyRequests"
  | "Busy"
  | "ClusterUnreachable"
  // and no use in sending it again as it is
  | "AnswerLost"
  | "DestinationNotAllowed"
  | "LoopDetected"
  | "StoreUnavailable"
  | "NotImplemented"
  | "InternalError";

const statusOf: Readonly<Record<GatewayErrorCode, number>> = {
  Unauthenticated: 401,
  Forbidden: 403,
  BadRequest: 400,
  MethodNotAllowed: 405,
  UnsupportedMediaType: 415,
  RequestTimeout: 408,
  TooLarge: 413,
  NotAJar: 400,
  NotFound: 404,
  UnknownCluster: 404,
  UnknownTrigger: 404,
  Conflict: 409,
  TooManyRequests: 429,
  Busy: 503,
  ClusterUnreachable: 503,
  AnswerLost: 502,
  DestinationNotAllowed: 502,
  LoopDetected: 508,
  StoreUnavailable: 503,
  NotImplemented: 501,
  InternalError: 500,
};

interface GatewayErrorFields {
  readonly cause?: unknown;
  /** Seconds after which the same request may succeed; becomes the header Retry-After. */
  readonly retryAfterSeconds?: number | undefined;
  /** Further headers of the answer, such as WWW-Authenticate. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further sentences, each an entry of its own in `errors`. */
  readonly more?: readonly string[];
}

/**
 * The one error of this folder: what a client is answered. Each of its messages names what is wrong and the way out, and is
 * safe to show to whoever asked.
 */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: GatewayErrorCode;
  /** Of the HTTP answer. */
  readonly status: number;
  readonly errors: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the same request may succeed later, all by itself. */
  readonly retry: "never" | "backoff";

  constructor(code: GatewayErrorCode, message: string, fields: GatewayErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = code;
    this.status = statusOf[code];
    this.errors = [message, ...(fields.more ?? [])];
    this.retry = this.status >= 500 || this.status === 429 || this.status === 408 ? "backoff" : "never";
    const after = fields.retryAfterSeconds;
    this.headers = { ...(after === undefined ? {} : { "retry-after": String(after) }), ...fields.headers };
  }
}

/** True for a GatewayError, of one of the codes when any are given. */
export function isGatewayError(error: unknown, ...codes: GatewayErrorCode[]): error is GatewayError {
  return error instanceof GatewayError && (codes.length === 0 || codes.includes(error.code));
}
