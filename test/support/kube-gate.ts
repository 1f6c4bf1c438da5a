import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { loadClusterAccess } from "../../src/kube/config.ts";
import { textOf } from "../../src/kube/credentials.ts";
import type { KubeObject } from "../../src/kube/types.ts";

/** A request of the operator behind the gate. */
export interface GateCall {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: string;
  /** Of the API server's answer; 0 while there is none. */
  status: number;
}

export interface GateEvent {
  readonly type: string;
  readonly object: KubeObject;
}

/** An answer that is kept back: the API server has carried the request out, and the operator does not know. */
export interface Held {
  /** Resolves when such a request has been answered. */
  readonly arrived: Promise<GateCall>;
  /** Lets the answer go on its way. */
  release(): void;
}

interface Hold extends Held {
  readonly matches: (call: GateCall) => boolean;
  readonly caught: (call: GateCall) => void;
  readonly released: Promise<void>;
}

interface Snapshot {
  readonly objects: readonly KubeObject[];
  readonly resourceVersion: string;
}

/**
 * Stands between one operator and a real API server, under an address of its own: writes down every request, can keep
 * answers back, tamper with what a watch says, and list what was true a while ago.
 */
export class KubeGate {
  readonly calls: GateCall[] = [];
  /** What a watch tells for each event; default: the event itself. */
  tamper: (event: GateEvent) => readonly GateEvent[] = (event) => [event];
  readonly #server: string;
  readonly #headers: OutgoingHttpHeaders;
  readonly #agent: Agent;
  readonly #gate: Server;
  readonly #holds: Hold[] = [];
  readonly #watches = new Set<{ response: ServerResponse; upstream: IncomingMessage }>();
  readonly #snapshots = new Map<string, Snapshot>();
  #expired = 0;
  #upToDate: Promise<void> = Promise.resolve();

  private constructor(server: string, headers: OutgoingHttpHeaders, agent: Agent) {
    this.#server = server;
    this.#headers = headers;
    this.#agent = agent;
    this.#gate = createServer((incoming, response) => {
      // What breaks behind the gate breaks in front of it, also while the gate closes with requests under way.
      this.#serve(incoming, response).catch(() => response.destroy());
    });
  }

  static async open(kubeconfig: string): Promise<KubeGate> {
    const access = await loadClusterAccess({ kubeconfig });
    const { cert, key, headers } = await access.credentials.current();
    const ca = await textOf(access.ca);
    const agent = new Agent({
      keepAlive: true,
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
    });
    const gate = new KubeGate(access.server, headers as OutgoingHttpHeaders, agent);
    gate.#gate.listen(0, "127.0.0.1");
    await once(gate.#gate, "listening");
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#gate.address() as AddressInfo).port}`;
  }

  /** Writes a kubeconfig that leads through the gate. */
  async writeKubeconfig(path: string): Promise<string> {
    const name = "gate";
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name, cluster: { server: this.url } }],
      users: [{ name, user: {} }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      "current-context": name,
    };
    await writeFile(path, JSON.stringify(config));
    return path;
  }

  /** Keeps back the answer to the next request of this kind. */
  hold(matches: (call: GateCall) => boolean): Held {
    let caught = (_: GateCall) => {};
    let release = () => {};
    const arrived = new Promise<GateCall>((resolve) => {
      caught = resolve;
    });
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const hold = { matches, caught, arrived, released, release };
    this.#holds.push(hold);
    return hold;
  }

  /** Present watches say nothing more, and nobody is told: as when a cable is cut. */
  silenceWatches(): void {
    for (const { upstream } of this.#watches) upstream.destroy();
  }

  /** Ends present watches, silent ones too. */
  endWatches(): void {
    for (const { response } of this.#watches) response.destroy();
    this.#watches.clear();
  }

  /** Ends present watches; what they had left to tell has expired by now, so everything is listed anew. */
  expireWatches(): void {
    this.#expired = this.#watches.size;
    this.endWatches();
  }

  /** From now on, whoever lists this kind gets what is true now, until `catchUp` is called. */
  async freezeLists(path: string): Promise<{ catchUp: () => void }> {
    const [, text] = await this.#ask("GET", path, "");
    const list = JSON.parse(text) as {
      items: KubeObject[];
      metadata: { resourceVersion: string };
      kind: string;
    };
    const kind = list.kind.replace(/List$/, "");
    const objects = list.items.map((item) => ({ apiVersion: "flinkjob.dev/v1alpha1", kind, ...item }));
    this.#snapshots.set(path, { objects, resourceVersion: list.metadata.resourceVersion });
    let catchUp = () => {};
    this.#upToDate = new Promise<void>((resolve) => {
      catchUp = () => {
        this.#snapshots.delete(path);
        resolve();
      };
    });
    return { catchUp };
  }

  async close(): Promise<void> {
    const closed = once(this.#gate, "close");
    this.#gate.close();
    this.#gate.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/" } = incoming;
    const chunks: Buffer[] = [];
    // A client that dies in the middle of its request has made none.
    incoming.on("error", () => response.destroy());
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const call: GateCall = { method, path, body: Buffer.concat(chunks).toString(), status: 0 };
    this.calls.push(call);
    if (/[?&]watch=true/.test(path)) await this.#watch(call, incoming, response);
    else await this.#answer(call, incoming, response);
  }

  async #answer(call: GateCall, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, path, body } = call;
    const [status, text] = await this.#ask(method, path, body, incoming.headers["content-type"]);
    call.status = status;
    const index = this.#holds.findIndex(({ matches }) => matches(call));
    const [hold] = index < 0 ? [] : this.#holds.splice(index, 1);
    hold?.caught(call);
    await hold?.released;
    response.writeHead(status, { "content-type": "application/json" }).end(text);
  }

  #ask(method: string, path: string, body: string, type?: string): Promise<[number, string]> {
    return new Promise((resolve, reject) => {
      const onward = this.#request(method, path, body, type, async (answer) => {
        const chunks: Buffer[] = [];
        for await (const chunk of answer) chunks.push(chunk as Buffer);
        resolve([answer.statusCode ?? 0, Buffer.concat(chunks).toString()]);
      });
      onward.on("error", reject);
    });
  }

  #request(
    method: string,
    path: string,
    body: string,
    type: string | undefined,
    answered: (answer: IncomingMessage) => void,
  ) {
    const to = new URL(path, this.#server);
    const send = to.protocol === "https:" ? httpsRequest : httpRequest;
    // Node frames no body of a DELETE by itself: its preconditions would be lost, and its bytes be taken for the next request.
    const length = body === "" ? {} : { "content-length": Buffer.byteLength(body) };
    const headers = { ...this.#headers, ...length, ...(type ? { "content-type": type } : {}) };
    const agent = to.protocol === "https:" ? { agent: this.#agent } : {};
    const onward = send(to, { method, headers, ...agent }, answered);
    onward.end(body);
    return onward;
  }

  async #watch(call: GateCall, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(call.path, "http://gate");
    const lists = url.searchParams.get("sendInitialEvents") === "true";
    if (!lists && this.#expired > 0) {
      this.#expired--;
      response.writeHead(200, { "content-type": "application/json" });
      const object = {
        kind: "Status",
        status: "Failure",
        reason: "Expired",
        code: 410,
        message: "by the gate",
      };
      tell(response, { type: "ERROR", object });
      response.end();
      return;
    }
    const snapshot = this.#snapshots.get(url.pathname);
    let path = call.path;
    if (snapshot && lists) {
      response.writeHead(200, { "content-type": "application/json" });
      tell(response, ...initialEvents(snapshot));
      await this.#upToDate;
      url.searchParams.delete("sendInitialEvents");
      url.searchParams.delete("resourceVersionMatch");
      url.searchParams.set("resourceVersion", snapshot.resourceVersion);
      path = `${url.pathname}${url.search}`;
    }
    const onward = this.#request("GET", path, "", undefined, (upstream) => {
      call.status = upstream.statusCode ?? 0;
      if (!response.headersSent) response.writeHead(call.status, { "content-type": "application/json" });
      if (call.status !== 200) {
        upstream.pipe(response);
        return;
      }
      response.flushHeaders();
      const watch = { response, upstream };
      this.#watches.add(watch);
      response.on("close", () => {
        this.#watches.delete(watch);
        upstream.destroy();
      });
      const lines = createInterface({ input: upstream });
      lines.on("line", (line) => {
        const event = JSON.parse(line) as GateEvent;
        tell(
          response,
          ...(event.type === "BOOKMARK" || event.type === "ERROR" ? [event] : this.tamper(event)),
        );
      });
      upstream.on("end", () => response.end());
      // Silenced, or the API server is gone: the operator is told nothing, or sees its own connection end.
      for (const source of [upstream, lines]) source.on("error", () => lines.close());
    });
    onward.on("error", () => incoming.socket.destroy());
  }
}

function tell(response: ServerResponse, ...events: readonly unknown[]): void {
  for (const event of events) response.write(`${JSON.stringify(event)}\n`);
}

function initialEvents({ objects, resourceVersion }: Snapshot): GateEvent[] {
  const annotations = { "k8s.io/initial-events-end": "true" };
  const end = { type: "BOOKMARK", object: { metadata: { name: "", resourceVersion, annotations } } };
  return [...objects.map((object) => ({ type: "ADDED", object })), end];
}
