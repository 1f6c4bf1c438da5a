import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What came to `POST /jobs`. */
export interface TakenPlan {
  readonly jobId: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** What happens to the next `POST /jobs`: it is answered so, or the connection breaks before or after it was carried out. */
export type Mishap =
  | { readonly status: number; readonly errors: readonly string[] }
  | "break before"
  | "break after";

const reply = (status: number, body: unknown) => ({ status, body });

/** The JobManager of a plan's own cluster, as far as the gateway speaks with it: takes a JobID once, as Flink does. */
export class PlanManager {
  readonly taken: TakenPlan[] = [];
  /** By JobID. */
  readonly states = new Map<string, string>();
  readonly results = new Map<string, string>();
  readonly mishaps: Mishap[] = [];
  /** Told of each `POST /jobs` before anything else happens with it. */
  onPlan: () => void = () => {};
  /** Method and path of all that came. */
  readonly seen: string[] = [];
  /** Nobody listens there. */
  isAway = false;
  #operations = 0;
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  static async start(): Promise<PlanManager> {
    const manager = new PlanManager();
    manager.#server.listen(0, "127.0.0.1");
    await once(manager.#server, "listening");
    return manager;
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address}:${port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // a request that breaks off is none
    }
    const { method = "", url = "" } = request;
    this.seen.push(`${method} ${url}`);
    if (this.isAway) return void request.socket.destroy();
    const body = Buffer.concat(chunks);
    const isPlan = method === "POST" && url === "/v1/jobs";
    if (isPlan) this.onPlan();
    const mishap = isPlan ? this.mishaps.shift() : undefined;
    if (mishap === "break before") return void request.socket.destroy();
    const answer =
      typeof mishap === "object"
        ? reply(mishap.status, { errors: mishap.errors })
        : isPlan
          ? this.#take(request.headers["content-type"] ?? "", body)
          : this.#ofJob(method, url);
    if (mishap === "break after") return void request.socket.destroy();
    const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
    response.writeHead(answer.status, {
      "content-type": "application/json; charset=UTF-8",
      "access-control-allow-origin": "*",
    });
    response.end(text);
  }

  #take(contentType: string, body: Buffer) {
    const [, jobId = ""] =
      /filename="flink-[A-Za-z]+-([0-9a-f]{32})\d+\.bin"/.exec(body.toString("latin1")) ?? [];
    if (this.states.has(jobId))
      return reply(500, {
        errors: [
          "Internal server error.",
          "<Exception on server side:\norg.apache.flink.runtime.client.DuplicateJobSubmissionException: Job has already been submitted.\n\tat x.Y.z(Y.java)\n",
        ],
      });
    this.taken.push({ jobId, contentType, body });
    this.states.set(jobId, "RUNNING");
    return reply(202, { jobUrl: `/jobs/${jobId}` });
  }

  #ofJob(method: string, url: string) {
    const [, jobId = "", what = "", id] =
      /^\/v1\/jobs\/([0-9a-f]{32})\/?([A-Za-z-]*)\/?([0-9a-f]{32})?/.exec(url) ?? [];
    const state = this.states.get(jobId);
    // As Flink: not even the same status for each path.
    if (state === undefined)
      return reply(what === "status" ? 500 : 404, { errors: [`Could not find Flink job (${jobId})`] });
    if (what === "status") return reply(200, { status: state });
    if (what === "execution-result")
      return reply(200, this.results.get(jobId) ?? { status: { id: "IN_PROGRESS" } });
    if (what === "clientHeartbeat") return reply(202, {});
    if (what === "" && method === "PATCH") {
      this.states.set(jobId, "CANCELED");
      return reply(202, {});
    }
    if (method === "POST")
      return reply(202, { "request-id": (++this.#operations).toString(16).padStart(32, "0") });
    if (id)
      return reply(200, { status: { id: "COMPLETED" }, operation: { location: `file:/savepoints/${id}` } });
    return reply(200, { asked: url });
  }
}
