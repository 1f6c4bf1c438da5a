import { once } from "node:events";
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface GateRequest {
  readonly method: string;
  readonly path: string;
  readonly at: number;
  /** Of Flink's answer; 0 while there is none. */
  status: number;
}

/**
 * Stands between the operator and a real Flink, under an address of its own: writes down every request, can be down, and
 * can lose the answer to a run request that Flink got.
 */
export class FlinkGate {
  readonly requests: GateRequest[] = [];
  /** What a request waits for before it goes on to Flink. */
  holds: (request: GateRequest) => Promise<unknown> | undefined = () => undefined;
  /** The connection is cut when Flink has answered such a request: the caller learns nothing. */
  loses: (request: GateRequest) => boolean = () => false;
  readonly #target: URL;
  #server: Server | undefined;
  #port = 0;

  constructor(target: string) {
    this.#target = new URL(target);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Accepts connections; after close(), on the same port again. */
  async open(): Promise<this> {
    const server = createServer((incoming, response) => void this.#pass(incoming, response));
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  /** Cuts every connection and refuses new ones. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Run requests that reached the gate. */
  get runs(): GateRequest[] {
    return this.requests.filter(
      ({ method, path }) => method === "POST" && /\/run(-application)?(\?|$)/.test(path),
    );
  }

  async #pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/", headers } = incoming;
    const noted: GateRequest = { method, path, at: Date.now(), status: 0 };
    this.requests.push(noted);
    await this.holds(noted);
    // Whoever asked is gone, and so is what it asked for.
    if (incoming.socket.destroyed) return;
    const { hostname, port } = this.#target;
    const onward: ClientRequest = request(
      { hostname, port, method, path, headers, agent: false },
      (answer) => {
        noted.status = answer.statusCode ?? 0;
        if (this.loses(noted)) {
          answer.resume();
          incoming.socket.destroy();
          return;
        }
        response.writeHead(noted.status, answer.headers);
        answer.pipe(response);
      },
    );
    // As a broken JobManager would look without the gate.
    onward.on("error", () => incoming.socket.destroy());
    response.on("close", () => onward.destroy());
    incoming.pipe(onward);
  }
}
