import type { Readable } from "node:stream";
import { Agent, type Dispatcher } from "undici";
import type { Destinations } from "../../flink/rest/destinations.ts";
import { isFlinkError } from "../../flink/rest/errors.ts";
import { GatewayError, isGatewayError } from "../gateway-error.ts";
import type { Headers } from "./passed-headers.ts";

/** One request to a JobManager. */
export interface PassedRequest {
  readonly base: URL;
  readonly method: string;
  /** Path and query below the base. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: AsyncIterable<Buffer> | undefined;
  /** Ends the request, whatever it is at. */
  readonly signal: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_AFTER_SECONDS = 3;

/** Marks that an error came from the connector, so nothing of the request can have left. */
class NotConnected extends Error {
  readonly code = "NotConnected";
}

/**
 * Connections to JobManagers, one for each request. So it follows each failover at once: nothing goes to a process that has just
 * died, and an answer that is lost was lost with a request that may have arrived.
 */
export class JobManagers {
  readonly #agent: Agent;

  constructor(options: { destinations: Destinations; connectTimeoutMs?: number }) {
    const guarded = options.destinations.connector({
      timeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    });
    this.#agent = new Agent({
      connect: (target, callback) =>
        guarded(target, (...[error, socket]) => {
          if (error === null) callback(null, socket);
          else callback(new NotConnected("no connection", { cause: error }), null);
        }),
      // A main() may take hours until there is an answer: the client ends it, or the JobManager.
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 1,
    });
  }

  /**
   * Resolves with the answer's head. Throws the GatewayErrors ClusterUnreachable (nothing was sent), AnswerLost,
   * DestinationNotAllowed, and what the body throws.
   */
  async send(request: PassedRequest): Promise<Dispatcher.ResponseData & { body: Readable }> {
    const { base, method, path, headers, body, signal } = request;
    let whole = body === undefined;
    async function* noted(chunks: AsyncIterable<Buffer>) {
      yield* chunks;
      whole = true;
    }
    try {
      return await this.#agent.request({
        origin: base.origin,
        path: base.pathname.replace(/\/+$/, "") + path,
        method: method as Dispatcher.HttpMethod,
        headers,
        body: body === undefined ? null : (noted(body) as unknown as Readable),
        signal,
        reset: true,
      });
    } catch (error) {
      throw explained(error, method, whole);
    }
  }

  /** Ends every request. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** What others need of it. */
export type JobManagerCalls = Pick<JobManagers, "send" | "close">;

function explained(error: unknown, method: string, whole: boolean): GatewayError {
  if (isGatewayError(error)) return error;
  if (error instanceof NotConnected) {
    const { cause } = error;
    if (isFlinkError(cause, "DestinationNotAllowed"))
      return new GatewayError(
        "DestinationNotAllowed",
        "This gateway may not connect to the cluster's address",
        {
          cause,
        },
      );
    const message = `The JobManager cannot be reached (${codeOf(cause)}): nothing was sent`;
    return unreachable(message, cause);
  }
  // Flink reads a request to its end before it does anything.
  if (!whole) {
    const message = `The JobManager broke off (${codeOf(error)}) before it had the whole request: nothing was carried out`;
    return unreachable(message, error);
  }
  // Asking again does no harm: so clients that know 503 (Flink's own does) ask again.
  if (method !== "POST")
    return unreachable(`The connection to the JobManager broke (${codeOf(error)})`, error);
  const message = `The JobManager's answer is lost (${codeOf(error)}): the request may have been carried out`;
  return new GatewayError("AnswerLost", message, { cause: error, more: ["Look before you send it again"] });
}

function unreachable(message: string, cause: unknown): GatewayError {
  return new GatewayError("ClusterUnreachable", message, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : "no code";
}
