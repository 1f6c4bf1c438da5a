import { createServer, type Server } from "node:http";
import { formatListenAddress, type ListenAddress } from "./network-address.ts";

/** The answer to one GET. */
export interface Answer {
  readonly status: number;
  readonly contentType?: string;
  readonly body: string;
}

export type Route = (query: URLSearchParams) => Answer | Promise<Answer>;

/** The address cannot be listened on. `cause` is Node's own error; trying again without a change is of no use. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code = "FLINKJOB_LISTEN";
  readonly retryable = false;
}

/** A small read-only HTTP server for probes and scrapes: GET and HEAD of fixed paths, bounded in time and size. */
export class HttpEndpoint {
  readonly #server: Server;
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(routes: Readonly<Record<string, Route>>) {
    this.#routes = new Map(Object.entries(routes));
    this.#server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8_192 });
    this.#server.maxConnections = 64;
    this.#server.on("request", async (request, response) => {
      const {
        status,
        contentType = "text/plain; charset=utf-8",
        body,
      } = await this.#answer(request.method ?? "", request.url ?? "/");
      response.writeHead(status, { "content-type": contentType, "x-content-type-options": "nosniff" });
      response.end(request.method === "HEAD" ? undefined : body);
    });
  }

  /** Resolves with the address in use, its port filled in; rejects with ListenError. */
  listen(address: ListenAddress): Promise<ListenAddress> {
    return new Promise((resolve, reject) => {
      const fail = (cause: Error) =>
        reject(
          new ListenError(`cannot listen on ${formatListenAddress(address)}: ${cause.message}`, { cause }),
        );
      this.#server.once("error", fail);
      this.#server.listen({ ...address }, () => {
        this.#server.off("error", fail);
        const bound = this.#server.address();
        resolve({
          ...address,
          port: typeof bound === "object" && bound !== null ? bound.port : address.port,
        });
      });
    });
  }

  /** Ends at once: nobody depends on the last probe. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(method: string, target: string): Promise<Answer> {
    const url = URL.parse(target, "http://localhost");
    const route = url && this.#routes.get(url.pathname);
    if (!url || !route) return { status: 404, body: `try ${[...this.#routes.keys()].join(", ")}\n` };
    if (method !== "GET" && method !== "HEAD") return { status: 405, body: "GET only\n" };
    try {
      return await route(url.searchParams);
    } catch (error) {
      return { status: 500, body: `${error instanceof Error ? error.message : String(error)}\n` };
    }
  }
}
