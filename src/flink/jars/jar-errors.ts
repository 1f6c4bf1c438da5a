import { bounded } from "../rest/errors.ts";

/** Why a JAR did not get from its source to Flink; also reasons in the CR status. */
export type JarErrorCode =
  | "JarNotFound"
  | "JarForbidden"
  | "JarFetchFailed"
  | "JarFetchTimeout"
  | "JarTooLarge"
  | "JarChecksumMismatch"
  | "NotAJar"
  | "DestinationNotAllowed";

/** The source's fault; what Flink did wrong is a FlinkError. No header and no query of the address stands in the message. */
export class JarError extends Error {
  override readonly name = "JarError";
  readonly code: JarErrorCode;
  /** Whether the same transfer may succeed later, all by itself. */
  readonly retry: "never" | "backoff";

  constructor(
    code: JarErrorCode,
    message: string,
    options: { retry?: "never" | "backoff"; cause?: unknown } = {},
  ) {
    super(bounded(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retry = options.retry ?? (passing.has(code) ? "backoff" : "never");
  }
}

const passing = new Set<JarErrorCode>(["JarFetchFailed", "JarFetchTimeout", "DestinationNotAllowed"]);
