import type { StatusDetails, StatusReply } from "./types.ts";

/** What a caller may do about a failure. */
export type Retry =
  | { readonly kind: "never" }
  | { readonly kind: "backoff" }
  | { readonly kind: "after"; readonly ms: number };

/**
 * Stable codes. The first group is the API server's own answer; `Unreachable` means that no connection was made, so
 * nothing was sent; after `Network` and `Timeout` the request may have been carried out.
 */
export type KubeErrorCode =
  | "NotFound"
  | "Conflict"
  | "AlreadyExists"
  | "Invalid"
  | "BadRequest"
  | "Forbidden"
  | "Unauthorized"
  | "Gone"
  | "TooManyRequests"
  | "TooLarge"
  | "ServerError"
  | "Unavailable"
  | "Timeout"
  | "Unreachable"
  | "Untrusted"
  | "Network"
  | "BadReply"
  | "BadConfig"
  | "Aborted";

interface KubeErrorFields {
  status?: number | undefined;
  reason?: string | undefined;
  details?: StatusDetails | undefined;
  retry?: Retry | undefined;
  cause?: unknown;
}

/** The one error of this folder. `retry` says whether the same call may succeed later. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly code: KubeErrorCode;
  /** HTTP status, or undefined when there was no answer. */
  readonly status: number | undefined;
  /** metav1.Status.reason, for example "NotFound" or "Expired". */
  readonly reason: string | undefined;
  readonly details: StatusDetails | undefined;
  readonly retry: Retry;

  constructor(code: KubeErrorCode, message: string, fields: KubeErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = code;
    this.status = fields.status;
    this.reason = fields.reason;
    this.details = fields.details;
    this.retry = fields.retry ?? retryOf(code);
  }

  /** Whether the request certainly did not reach the server. */
  get notSent(): boolean {
    return this.code === "Unreachable" || this.code === "Untrusted" || this.code === "BadConfig";
  }

  /** Whether one of the Status' causes has this reason, for example "NamespaceTerminating". */
  hasCause(reason: string): boolean {
    return this.details?.causes?.some((cause) => cause.reason === reason) ?? false;
  }
}

/** True for a KubeError, of one of the codes when any are given. */
export function isKubeError(error: unknown, ...codes: KubeErrorCode[]): error is KubeError {
  return error instanceof KubeError && (codes.length === 0 || codes.includes(error.code));
}

/** Makes the error for an HTTP answer that is no success; `retryAfter` is the header's text. */
export function errorFromStatus(
  status: number,
  reply: StatusReply,
  context: string,
  retryAfter?: string | undefined,
): KubeError {
  const code = codeOf(status, reply.reason);
  const afterMs = retryAfterMs(reply.details?.retryAfterSeconds, retryAfter);
  const saysWhen = afterMs !== undefined && retryOf(code).kind !== "never";
  return new KubeError(code, `${context}: ${reply.message ?? `HTTP ${status}`}`, {
    status,
    reason: reply.reason,
    details: reply.details,
    retry: saysWhen ? { kind: "after", ms: afterMs } : undefined,
  });
}

function codeOf(status: number, reason: string | undefined): KubeErrorCode {
  if (status === 409) return reason === "AlreadyExists" ? "AlreadyExists" : "Conflict";
  if (status === 410 || reason === "Expired" || reason === "Gone") return "Gone";
  const known = byStatus.get(status);
  if (known !== undefined) return known;
  return status >= 500 ? "ServerError" : "BadRequest";
}

const byStatus = new Map<number, KubeErrorCode>([
  [400, "BadRequest"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "NotFound"],
  [408, "Timeout"],
  [413, "TooLarge"],
  [422, "Invalid"],
  [429, "TooManyRequests"],
  [502, "Unavailable"],
  [503, "Unavailable"],
  [504, "Timeout"],
]);

// A refusal that depends on what else is in the cluster (no such object yet, no permission yet, a quota) can pass by
// itself, so it is retried with growing pauses; only what the request itself got wrong never passes.
const hopeless = new Set<KubeErrorCode>(["Invalid", "BadRequest", "TooLarge", "BadConfig", "Aborted"]);

function retryOf(code: KubeErrorCode): Retry {
  return { kind: hopeless.has(code) ? "never" : "backoff" };
}

/** Five minutes bound what a server may ask for: a wrong header must not stop a controller for days. */
const longestRetryAfterMs = 300_000;

function retryAfterMs(seconds: number | undefined, header: string | undefined): number | undefined {
  const fromHeader = header !== undefined && /^\d+$/.test(header.trim()) ? Number(header) : undefined;
  const wanted = fromHeader ?? seconds;
  return wanted === undefined || wanted <= 0 ? undefined : Math.min(wanted * 1000, longestRetryAfterMs);
}
