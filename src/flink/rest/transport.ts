import type { Readable } from "node:stream";
import { type Dispatcher, Pool } from "undici";
import { describeCauses, readCauses } from "./causes.ts";
import type { TransportOptions } from "./connection-options.ts";
import { bounded, codeOfStatus, FlinkError, type FlinkErrorCode } from "./errors.ts";
import { routeOf } from "./seen-exchange.ts";

export interface Exchange {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the prefix, with a leading slash. */
  readonly path: string;
  readonly body?: string | Buffer | Readable;
  readonly headers?: Readonly<Record<string, string>>;
  /** From the call to the last byte of the answer; absent: nothing but the signal ends it. */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Longest successful answer in bytes. Default 8 MiB. */
  readonly longestBody?: number;
  /** A connection of its own that no other request waits for and that was not idle before. */
  readonly ownConnection?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

const mebibyte = 1024 * 1024;
const longestErrorBody = mebibyte;

/** Marks that an error came from the connector, so nothing of the request can have left. */
class NotConnected extends Error {
  readonly code = "NotConnected";
}

/** HTTP to one JobManager: connections, deadlines, bounds, and what its failures mean. Knows no Flink resource. */
export class Transport {
  readonly #prefix: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #shared: Pool;
  readonly #own: Pool;
  readonly #onExchange: TransportOptions["onExchange"];
  #connections = 0;

  /** Throws the FlinkError `BadUrl`. */
  constructor(options: TransportOptions) {
    const url = parseUrl(options.url);
    this.#onExchange = options.onExchange;
    this.#prefix = url.pathname.replace(/\/+$/, "");
    this.#headers = { accept: "application/json", ...options.headers };
    const guarded = options.destinations.connector({
      timeoutMs: options.connectTimeoutMs ?? 1500,
      ca: options.ca,
    });
    const connect: typeof guarded = (target, callback) =>
      guarded(target, (...[error, socket]) => {
        if (error !== null) {
          callback(new NotConnected("no connection", { cause: error }), null);
          return;
        }
        this.#connections += 1;
        options.onConnect?.();
        callback(null, socket as never);
      });
    // Deadlines are ours; undici's own would cut a main() that takes an hour.
    const common = { connect, headersTimeout: 0, bodyTimeout: 0, pipelining: 1 };
    this.#shared = new Pool(url.origin, {
      ...common,
      connections: options.connections ?? 8,
      keepAliveTimeout: 60_000,
    });
    this.#own = new Pool(url.origin, common);
  }

  /** How many TCP connections were made so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Sends a request and reads the whole answer. Rejects with a FlinkError for every status but 2xx. */
  async send(exchange: Exchange): Promise<Answer> {
    const begin = performance.now();
    let code = "<error>";
    try {
      const answer = await this.#send(exchange);
      code = String(answer.status);
      return answer;
    } catch (error) {
      if (error instanceof FlinkError && error.status !== undefined) code = String(error.status);
      throw error;
    } finally {
      const seconds = (performance.now() - begin) / 1000;
      this.#onExchange?.({ method: exchange.method, route: routeOf(exchange.path), code, seconds });
    }
  }

  async #send(exchange: Exchange): Promise<Answer> {
    const signals = exchange.signal === undefined ? [] : [exchange.signal];
    if (exchange.deadlineMs !== undefined) signals.push(AbortSignal.timeout(exchange.deadlineMs));
    const signal = AbortSignal.any(signals);
    const what = `${exchange.method} ${exchange.path}`;
    try {
      const response = await untilAborted(signal, this.#dispatch(exchange, signal));
      const ok = response.statusCode >= 200 && response.statusCode < 300;
      const longest = ok ? (exchange.longestBody ?? 8 * mebibyte) : longestErrorBody;
      const text = await readBody(response.body, longest, what);
      if (ok) return { status: response.statusCode, text };
      throw errorFromAnswer(response.statusCode, text, what);
    } catch (error) {
      if (error instanceof FlinkError) throw error;
      throw errorFromFailure(error, exchange.signal, what);
    }
  }

  /** Ends every request and connection. */
  async close(): Promise<void> {
    await Promise.all([this.#shared.destroy(), this.#own.destroy()]);
  }

  #dispatch(exchange: Exchange, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const own = exchange.ownConnection === true;
    return (own ? this.#own : this.#shared).request({
      method: exchange.method,
      path: this.#prefix + exchange.path,
      headers: { ...this.#headers, ...exchange.headers },
      body: exchange.body ?? null,
      // No second request on this connection: what is used once cannot have gone stale in between.
      reset: own,
      signal,
    });
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new FlinkError("BadUrl", `not an http or https URL: ${url === undefined ? text : url.protocol}`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new FlinkError(
      "BadUrl",
      `credentials, query and fragment have no place in a cluster's URL (${url.host})`,
    );
  }
  return url;
}

/** undici notices an abort only once a request has its connection; this also while it waits for one. */
function untilAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

async function readBody(body: Readable, longest: number, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longest) throw new FlinkError("BodyTooLarge", `${what}: the answer exceeds ${longest} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The error for an answer that is no success. Exported for tests and for replays of recorded answers. */
export function errorFromAnswer(status: number, text: string, what: string): FlinkError {
  const errors = flinkErrors(text);
  const flinkText = errors?.join("\n");
  const causes = flinkText === undefined ? [] : readCauses(flinkText);
  const said = describeCauses(causes) ?? errors?.at(-1)?.split("\n", 1)[0] ?? "";
  const message = `${what}: HTTP ${status}${said === "" ? "" : `: ${said}`}`;
  const noLeader = status === 503 && flinkText !== undefined && refusedBeforeHandling.test(flinkText);
  const fields = { status, causes, ...(flinkText === undefined ? {} : { flinkText }) };
  return new FlinkError(noLeader ? "NoLeader" : codeOfStatus(status), message, fields);
}

/** Flink says this before it hands a request to anything: no leader elected, or its endpoint not started yet. */
const refusedBeforeHandling = /ongoing leader election|has not been started yet/;

function flinkErrors(text: string): string[] | undefined {
  try {
    const body: unknown = JSON.parse(text);
    const errors = (body as { errors?: unknown } | null)?.errors;
    return Array.isArray(errors) ? errors.filter((error) => typeof error === "string") : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function errorFromFailure(error: unknown, callers: AbortSignal | undefined, what: string): FlinkError {
  const fail = (code: FlinkErrorCode, why: string) =>
    new FlinkError(code, `${what}: ${why}`, { cause: error instanceof NotConnected ? error.cause : error });
  if (error instanceof NotConnected) {
    if (error.cause instanceof FlinkError) return error.cause;
    const socketCode = codeOf(error.cause);
    return fail(
      connectCodes.get(socketCode) ?? "ConnectFailed",
      `no connection: ${socketCode || text(error.cause)}`,
    );
  }
  const late = (reason: unknown) => reason instanceof DOMException && reason.name === "TimeoutError";
  if (callers?.aborted && !late(callers.reason)) return fail("Aborted", "given up by the caller");
  if (callers?.aborted || late(error)) return fail("Timeout", "no answer in time");
  const code = codeOf(error);
  if (code.startsWith("HPE_") || code === "UND_ERR_HEADERS_OVERFLOW")
    return fail("BadReply", "the answer is not HTTP");
  if (code === "UND_ERR_DESTROYED" || code === "UND_ERR_CLOSED")
    return fail("Aborted", "the client was closed");
  return fail("Reset", `the connection broke: ${text(error)}`);
}

const connectCodes = new Map<string, FlinkErrorCode>([
  ["ECONNREFUSED", "ConnectionRefused"],
  ["UND_ERR_CONNECT_TIMEOUT", "ConnectTimeout"],
  ["ETIMEDOUT", "ConnectTimeout"],
  ["ENOTFOUND", "NameNotResolved"],
  ["EAI_AGAIN", "NameNotResolved"],
  ["ENODATA", "NameNotResolved"],
]);

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : "";
}

function text(error: unknown): string {
  return bounded(error instanceof Error ? error.message : String(error), 200);
}
