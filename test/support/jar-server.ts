import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How a path answers. */
export type JarFault =
  | { kind: "none" }
  | { kind: "status"; status: number }
  /** The first requests get 503, the next ones the JAR. */
  | { kind: "busyFirst"; times: number }
  /** Bytes that are no JAR. */
  | { kind: "bytes"; bytes: Buffer }
  /** Half the JAR, then nothing for so long; with `times`, only the first so many requests. */
  | { kind: "slow"; ms: number; times?: number };

/** Serves one JAR on loopback, or where pods reach it, under any number of paths, each with a fault of its own, and counts the requests. */
export class JarServer {
  readonly sha256: string;
  readonly #jar: Buffer;
  readonly #server: Server;
  readonly #faults = new Map<string, JarFault>();
  readonly #requests = new Map<string, number>();

  private constructor(jar: Buffer) {
    this.#jar = jar;
    this.sha256 = createHash("sha256").update(jar).digest("hex");
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(path: string, host = "127.0.0.1"): Promise<JarServer> {
    const server = new JarServer(await readFile(path));
    server.#server.listen(0, host);
    await once(server.#server, "listening");
    return server;
  }

  /** The address of the JAR under a name, which answers as told. */
  uri(name = "jobs", fault: JarFault = { kind: "none" }): string {
    this.#faults.set(`/${name}.jar`, fault);
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address}:${port}/${name}.jar`;
  }

  requests(name = "jobs"): number {
    return this.#requests.get(`/${name}.jar`) ?? 0;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #answer({ url = "" }: IncomingMessage, response: ServerResponse): void {
    const fault = this.#faults.get(url) ?? { kind: "status", status: 404 };
    const count = (this.#requests.get(url) ?? 0) + 1;
    this.#requests.set(url, count);
    if (fault.kind === "status") {
      response.writeHead(fault.status).end("no JAR here\n");
    } else if (fault.kind === "busyFirst" && count <= fault.times) {
      response.writeHead(503, { "retry-after": "0" }).end("later\n");
    } else {
      const slow = fault.kind === "slow" && count <= (fault.times ?? Number.POSITIVE_INFINITY);
      this.#send(fault.kind === "bytes" ? fault.bytes : this.#jar, response, slow ? fault.ms : 0);
    }
  }

  #send(body: Buffer, response: ServerResponse, pauseMs: number): void {
    response.writeHead(200, { "content-type": "application/java-archive", "content-length": body.length });
    if (pauseMs === 0) {
      response.end(body);
      return;
    }
    const half = Math.floor(body.length / 2);
    response.write(body.subarray(0, half));
    const rest = setTimeout(() => response.end(body.subarray(half)), pauseMs);
    response.on("close", () => clearTimeout(rest));
  }
}
