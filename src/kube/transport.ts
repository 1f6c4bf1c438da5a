import type { Dispatcher } from "undici";
import type { ClusterAccess } from "./config.ts";
import { ConnectFailure, Connections, type Lane } from "./connections.ts";
import { isKubeError } from "./errors.ts";
import { Limit } from "./limit.ts";
import { noMetrics, type RequestMetrics } from "./metrics.ts";
import { parseReply, readText, refusal } from "./reply.ts";

/** One request to the API server. */
export interface KubeRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute path, escaped. */
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  /** Of the body; "application/json" unless told. */
  contentType?: string | undefined;
  signal?: AbortSignal | undefined;
  /** From the call to the last byte of the answer (of `stream`: to its headers), in ms. */
  deadlineMs?: number | undefined;
  lane?: Lane | undefined;
}

/** An answer whose body is still arriving. `close` ends it at any time. */
export interface KubeStream {
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): void;
}

interface TransportOptions {
  userAgent?: string | undefined;
  /** Ordinary connections at once; further requests queue. */
  maxConnections?: number | undefined;
  /** Of one answer, in bytes. */
  maxBodyBytes?: number | undefined;
  deadlineMs?: number | undefined;
  metrics?: RequestMetrics | undefined;
}

/** JSON over HTTP to one API server: connections, credentials, deadlines, bounded answers. Throws KubeError only. */
export class Transport {
  readonly access: ClusterAccess;
  readonly #connections: Connections;
  readonly #userAgent: string;
  readonly #maxBodyBytes: number;
  readonly #deadlineMs: number;
  readonly #metrics: RequestMetrics;
  readonly #origin: string;
  readonly #host: string;
  readonly #basePath: string;

  constructor(access: ClusterAccess, options: TransportOptions = {}) {
    const url = new URL(access.server);
    this.access = access;
    this.#origin = url.origin;
    this.#host = url.host;
    this.#basePath = url.pathname.replace(/\/+$/, "");
    this.#connections = new Connections(access, options.maxConnections ?? 64);
    this.#userAgent = options.userAgent ?? "flinkjob";
    this.#maxBodyBytes = options.maxBodyBytes ?? 64 * 1024 * 1024;
    this.#deadlineMs = options.deadlineMs ?? 30_000;
    this.#metrics = options.metrics ?? noMetrics;
  }

  /** Sends a request and returns its answer's JSON. */
  async request<T>(request: KubeRequest): Promise<T> {
    using limit = new Limit(request.signal, request.deadlineMs ?? this.#deadlineMs);
    try {
      const { body } = await this.#answer(request, limit);
      const text = await readText(body, this.#maxBodyBytes);
      return parseReply<T>(text, describe(request));
    } catch (error) {
      throw limit.explain(error, describe(request));
    }
  }

  /** Sends a request and returns its answer as it arrives. The deadline ends with the headers. */
  async stream(request: KubeRequest): Promise<KubeStream> {
    const limit = new Limit(request.signal, request.deadlineMs ?? this.#deadlineMs);
    const context = describe(request);
    try {
      const { body } = await this.#answer({ lane: "apart", ...request }, limit);
      limit.lift();
      return { chunks: explained(body, limit, context), close: () => limit.end() };
    } catch (error) {
      limit[Symbol.dispose]();
      throw limit.explain(error, context);
    }
  }

  /** Breaks every connection; requests under way fail. */
  close(): Promise<void> {
    return this.#connections.close();
  }

  async #answer(request: KubeRequest, limit: Limit): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#attempt(request, limit);
    } catch (error) {
      // 401 comes before anything is carried out, so sending again is safe for every method.
      if (!isKubeError(error, "Unauthorized") || !this.access.credentials.renew()) throw error;
      return this.#attempt(request, limit);
    }
  }

  async #attempt(request: KubeRequest, limit: Limit): Promise<Dispatcher.ResponseData> {
    const started = performance.now();
    let code = "<error>";
    try {
      const credential = await this.access.credentials.current();
      const lane = await this.#connections.lane(request.lane ?? "ordinary", credential);
      const response = await lane.request({
        origin: this.#origin,
        method: request.method,
        path: this.#basePath + request.path + queryText(request.query),
        headers: {
          accept: "application/json",
          "user-agent": this.#userAgent,
          ...credential.headers,
          ...(request.body === undefined
            ? {}
            : { "content-type": request.contentType ?? "application/json" }),
        },
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: limit.signal,
      });
      code = String(response.statusCode);
      if (response.statusCode < 200 || response.statusCode > 299)
        throw await refusal(response, describe(request));
      return response;
    } catch (error) {
      // The server's certificate may be signed by a new authority that our file already has.
      if (error instanceof ConnectFailure) this.#connections.expire();
      throw error;
    } finally {
      const seconds = (performance.now() - started) / 1000;
      this.#metrics.request({ method: request.method, host: this.#host, code, seconds });
    }
  }
}

async function* explained(
  body: AsyncIterable<Uint8Array>,
  limit: Limit,
  context: string,
): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw limit.explain(error, context);
  } finally {
    limit[Symbol.dispose]();
  }
}

function queryText(query: KubeRequest["query"]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  }
  return parameters.size === 0 ? "" : `?${parameters}`;
}

function describe({ method, path }: KubeRequest): string {
  return `${method} ${path}`;
}
