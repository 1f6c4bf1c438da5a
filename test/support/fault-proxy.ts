import { once } from "node:events";
import type { Server, ServerResponse } from "node:http";
import { type Agent, createServer, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import type { Call, FaultMode, Lifeline } from "./lifeline.ts";

const longestBody = 256 * 1024 * 1024;
/** Something between client and server gives up on an answer after this long, in milliseconds. */
export const HANG_MS = 5_000;
/** "While it was carried out": so long after the server has the request, in milliseconds. */
const DURING_MS = 60;

/** A request that passes. */
export interface Passing {
  readonly call: Call;
  readonly method: string;
  /** The server. */
  readonly url: string;
  /** With the query. */
  readonly path: string;
  readonly body: Buffer;
}

export interface FaultProxyOptions {
  readonly lifeline: Lifeline;
  /** How this server is called in stories. */
  readonly target: string;
  readonly url: string;
  /** Makes connections to the server, with the credentials that it asks for. */
  readonly agent: Agent;
  /** Further credentials. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Which server a request is for, and its path there; default: `url`, with the path as it is. */
  readonly route?: (path: string) => { url: string; path: string };
  /** A call without what differs from run to run. */
  readonly nameOf: (method: string, path: URL, body: Buffer) => string;
  /** What the proxy answers in the server's stead. */
  readonly refusal: (status: number) => { type: string; text: string };
  /** Before a request goes on to the server. */
  readonly before?: (passing: Passing) => void;
  /** With the server's answer, also when nobody gets to see it. */
  readonly after?: (passing: Passing, status: number, answer: Buffer) => void;
}

/**
 * Stands between one operator and one server under an address that stays the same over the operator's deaths; speaks HTTP
 * to the operator and lets the lifeline's fault happen. Requests and answers are held until they are whole, so that a
 * fault falls before or after them, except for watches.
 */
export class FaultProxy {
  readonly #options: FaultProxyOptions;
  readonly #server: Server;

  private constructor(options: FaultProxyOptions) {
    this.#options = options;
    const { lifeline } = options;
    this.#server = createServer((incoming, response) => void this.#serve(incoming, response));
    this.#server.keepAliveTimeout = 120_000;
    this.#server.on("connection", (socket) => {
      if (lifeline.isCut) socket.resetAndDestroy();
    });
    lifeline.onCut(() => this.#server.closeAllConnections());
  }

  static async open(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { lifeline, target, nameOf, before, route } = this.#options;
    const { method = "GET", url: asked = "/" } = incoming;
    const { url, path } = route?.(asked) ?? { url: this.#options.url, path: asked };
    const body = await bodyOf(incoming);
    // The client went away in the middle of its request, or was killed: there is no request.
    if (body === undefined || lifeline.isCut) {
      incoming.socket.destroy();
      return;
    }
    const call = lifeline.note(target, nameOf(method, new URL(path, "http://proxy"), body));
    const { fault } = call;
    if (fault === "killed before send") lifeline.cut();
    else if (fault === "connection reset before send") incoming.socket.resetAndDestroy();
    else if (fault && /^\d+$/.test(fault)) this.#refuse(Number(fault), response);
    else {
      const passing = { call, method, url, path, body };
      before?.(passing);
      await this.#pass(passing, incoming, response, fault);
    }
  }

  async #pass(
    passing: Passing,
    incoming: IncomingMessage,
    response: ServerResponse,
    fault: FaultMode | undefined,
  ): Promise<void> {
    const { lifeline, after } = this.#options;
    const { call, path } = passing;
    const answering = this.#forward(passing, incoming, response);
    if (fault === "killed while it was carried out") setTimeout(() => lifeline.cut(), DURING_MS);
    const answer = await answering;
    // A broken server looks like one.
    if (answer === undefined) {
      call.broken = true;
      incoming.socket.destroy();
      return;
    }
    call.status = answer.statusCode ?? 0;
    const streams = /[?&]watch=(true|1)/.test(path);
    if (streams && fault === undefined) {
      response.writeHead(call.status, answer.headers);
      answer.on("error", () => incoming.socket.destroy());
      answer.pipe(response);
      return;
    }
    const bytes = streams ? Buffer.alloc(0) : await bodyOf(answer);
    if (streams) answer.destroy();
    if (bytes === undefined) {
      call.broken = true;
      incoming.socket.destroy();
      return;
    }
    after?.(passing, call.status, bytes);
    if (fault === "killed after commit, before the reply") lifeline.cut();
    else if (fault === "reply lost, connection reset") incoming.socket.resetAndDestroy();
    else if (fault === "reply lost, kept hanging") hang(incoming);
    else if (!response.destroyed) {
      const { "transfer-encoding": _, connection: __, "keep-alive": ___, ...headers } = answer.headers;
      response.writeHead(call.status, { ...headers, "content-length": bytes.length }).end(bytes);
    }
  }

  /** What left the operator arrives, whether or not the operator lives to see the answer; but for a watch nobody sees. */
  #forward(
    { method, url, path, body }: Passing,
    { headers }: IncomingMessage,
    response: ServerResponse,
  ): Promise<IncomingMessage | undefined> {
    const { agent, headers: own } = this.#options;
    const { host: _, connection: __, "transfer-encoding": ___, ...passed } = headers;
    const to = new URL(path, url);
    const send = to.protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve) => {
      const length = body.length > 0 ? { "content-length": body.length } : {};
      const onward = send(to, { method, headers: { ...passed, ...own, ...length }, agent }, resolve);
      onward.on("error", () => resolve(undefined));
      if (path.includes("watch=true")) response.on("close", () => onward.destroy());
      onward.end(body);
    });
  }

  #refuse(status: number, response: ServerResponse): void {
    const { type, text } = this.#options.refusal(status);
    const later = status === 429 ? { "retry-after": "1" } : {};
    response.writeHead(status, { "content-type": type, ...later }).end(text);
  }
}

function hang(incoming: IncomingMessage): void {
  const { socket } = incoming;
  const timer = setTimeout(() => socket.resetAndDestroy(), HANG_MS);
  socket.once("close", () => clearTimeout(timer));
}

/** Undefined when it broke off. */
async function bodyOf(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > longestBody) throw new Error(`The body is longer than ${longestBody} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if ((error as { code?: unknown }).code === "ECONNRESET") return undefined;
    throw error;
  }
  return Buffer.concat(chunks);
}
