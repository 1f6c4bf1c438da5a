import type { IncomingMessage, ServerResponse } from "node:http";
import type { Faults } from "./faults.ts";
import type { JobManager } from "./job-manager.ts";
import { electing, type Reply } from "./replies.ts";
import { answer } from "./routes.ts";

/** A request as it arrived; `status` is what was answered, if anything was. */
export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** The JSON body; for anything else its size. */
  readonly body: unknown;
  readonly at: number;
  status?: number;
}

/** What the endpoint is in front of. */
interface EndpointContext {
  readonly requests: RecordedRequest[];
  readonly faults: Faults;
  readonly now: () => number;
  readonly manager: () => JobManager | undefined;
  /** Not while a leader is elected. */
  readonly leads: () => boolean;
}

/** HTTP in front of whichever JobManager runs: writes down what arrives, and lets faults happen to it. */
export class Endpoint {
  readonly #context: EndpointContext;

  constructor(context: EndpointContext) {
    this.#context = context;
  }

  async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? "/", "http://fake");
    const path = url.pathname.replace(/^\/v1(?=\/)/, "");
    const method = message.method ?? "GET";
    const fault = this.#context.faults.take(method, path + url.search);
    if (fault?.mode === "refuse") {
      message.socket.destroy();
      return;
    }
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of message) chunks.push(chunk);
    } catch {
      return; // the client went away in the middle of its request: there is no request
    }
    const body = Buffer.concat(chunks);
    const record = this.#record(method, path + url.search, body);
    if (fault?.mode === "delay") await this.#context.manager()?.time.wait(fault.delayMs ?? 0);
    if (fault?.mode === "reset-before") {
      message.socket.destroy();
      return;
    }
    const request = { method, path, query: url.searchParams, headers: message.headers, body };
    const manager = this.#context.manager();
    const replying =
      fault?.mode === "status"
        ? { status: fault.status ?? 502, body: fault.body ?? {} }
        : !this.#context.leads() || manager === undefined
          ? electing
          : answer(manager, request);
    if (fault?.mode === "reset-during") message.socket.destroy();
    const reply = await replying;
    if (fault?.mode === "lose-answer") return;
    if (fault?.mode === "reset-after") {
      message.socket.destroy();
      return;
    }
    record.status = reply.status;
    send(response, reply);
  }

  #record(method: string, path: string, body: Buffer): RecordedRequest {
    const text = body.subarray(0, 1).toString() === "{" ? body.toString() : undefined;
    const record: RecordedRequest = {
      method,
      path,
      body: text === undefined ? body.length || undefined : parsed(text),
      at: this.#context.now(),
    };
    this.#context.requests.push(record);
    return record;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // recorded as it came; the route says what is wrong with it
  }
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=UTF-8",
    "access-control-allow-origin": "*",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}
