import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Destinations } from "../../src/flink/rest/destinations.ts";
import { GatewayError } from "../../src/gateway/gateway-error.ts";
import { unreadBodies } from "../../src/gateway/limits/unread-bodies.ts";
import type { Access, Clusters, Intent } from "../../src/gateway/ports.ts";
import type { PassedOn } from "../../src/gateway/proxy/passage.ts";
import { proxy } from "../../src/gateway/proxy/proxy.ts";
import { strictRequests } from "../../src/gateway/proxy/strict-requests.ts";
import { createGateway } from "../../src/gateway/server.ts";

interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What the JobManager does with a request, after it was noted. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => unknown;
const echo: Behaviour = (_request, response) => response.end("{}");

/**
 * A gateway before something that answers as a JobManager does: as the cluster `main`, as `prefixed` below a path, as `gone`,
 * which nobody knows, as `metadata`, which nobody may reach, and as `self`, the gateway itself. In the namespace `open` nobody
 * needs a token.
 */
export class ProxyStage {
  /** What came to the JobManager, whole. */
  readonly seen: Seen[] = [];
  /** What the gateway asked the right for. */
  readonly intents: Intent[] = [];
  /** What is written down of what passed. */
  readonly passed: PassedOn[] = [];
  /** Answers that broke off. */
  readonly broken: unknown[] = [];
  behave: Behaviour = echo;
  jobManagerPort = 0;
  port = 0;
  readonly authorization = "Bearer secret";
  readonly #ends: (() => Promise<unknown>)[] = [];

  static async start(options: { stallMs?: number } = {}): Promise<ProxyStage> {
    const stage = new ProxyStage();
    await stage.startJobManager();
    await stage.#startGateway(options.stallMs ?? 60_000);
    return stage;
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }

  /** Another JobManager takes the place of the one before, if there was one; the function kills it. */
  async startJobManager(): Promise<() => Promise<void>> {
    const server = createServer((request, response) => {
      const { method = "", url = "", headers } = request;
      const note: Seen = { method, url, headers, body: "" };
      this.seen.push(note);
      if (this.behave !== echo) return this.behave(request, response);
      request.on("data", (chunk: Buffer) => {
        note.body += chunk.toString();
      });
      // A request that breaks off is no request.
      request.on("error", () => this.seen.splice(this.seen.indexOf(note), 1));
      request.on("end", () => this.behave(request, response));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.jobManagerPort = (server.address() as AddressInfo).port;
    const kill = async () => {
      server.closeAllConnections();
      server.close();
    };
    this.#ends.push(kill);
    return kill;
  }

  ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = {
      authorization: this.authorization,
      ...(init.headers as Record<string, string> | undefined),
    };
    return fetch(`http://127.0.0.1:${this.port}${path}`, { redirect: "manual", ...init, headers });
  }

  async #startGateway(stallMs: number): Promise<void> {
    const access: Access = {
      authorize: async ({ headers }, intent) => {
        this.intents.push(intent);
        if (headers.authorization === undefined && intent.namespace !== "open")
          throw new GatewayError("Unauthenticated", "No token");
        return { user: "jane" };
      },
    };
    const clusters: Clusters = {
      resolve: async (cluster) => ({ ...cluster, uid: "1", url: this.#addressOf(cluster.name) }),
    };
    const destinations = new Destinations({ loopback: true });
    const onBroken = (_target: unknown, error: unknown) => this.broken.push(error);
    const onPassed = (passed: PassedOn) => this.passed.push(passed);
    const gateway = await createGateway({
      access,
      clusters,
      parts: [
        strictRequests,
        unreadBodies,
        proxy({ access, clusters, destinations, stallMs, onBroken, onPassed }),
      ],
    });
    await gateway.listen({ host: "127.0.0.1", port: 0 });
    this.port = (gateway.server.address() as AddressInfo).port;
    this.#ends.push(() => {
      gateway.server.closeAllConnections();
      return gateway.close();
    });
  }

  #addressOf(name: string): string {
    if (name === "gone") throw new GatewayError("UnknownCluster", "There is no such FlinkCluster");
    if (name === "metadata") return "http://169.254.169.254";
    if (name === "self") return `http://127.0.0.1:${this.port}/clusters/open/self`;
    return `http://127.0.0.1:${this.jobManagerPort}${name === "prefixed" ? "/flink/" : ""}`;
  }
}
