import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type CredentialSource, PlainCredentials } from "./credentials.ts";
import { noMetrics } from "./metrics.ts";
import { Transport } from "./transport.ts";

const open: { server: Server; transport: Transport }[] = [];

afterEach(async () => {
  for (const { server, transport } of open.splice(0)) {
    await transport.close();
    server.closeAllConnections();
    server.close();
  }
});

type Serve = (request: IncomingMessage, response: ServerResponse) => void;

async function make(serve: Serve, options: ConstructorParameters<typeof Transport>[1] = {}, path = "") {
  const server = createServer(serve).listen(0, "127.0.0.1");
  await once(server, "listening");
  const credentials: CredentialSource = new PlainCredentials({ token: "t" });
  const access = {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    namespace: "default",
  };
  const transport = new Transport({ ...access, credentials }, options);
  open.push({ server, transport });
  return transport;
}

const get = { method: "GET", path: "/x" } as const;

describe("Transport", () => {
  test("sends what it is told, below the server's own path", async () => {
    const seen: unknown[] = [];
    const transport = await make(
      (request, response) => {
        const { authorization, accept, "user-agent": agent, "content-type": type } = request.headers;
        seen.push(request.url, authorization, accept, agent, type);
        request.pipe(response);
      },
      { userAgent: "tester/1" },
      "/k8s/clusters/c-1",
    );
    const body = { ä: 1 };
    const query = { a: "1 2", b: undefined, c: true };
    expect(await transport.request({ method: "POST", path: "/api", query, body })).toEqual(body);
    expect(seen).toEqual([
      "/k8s/clusters/c-1/api?a=1+2&c=true",
      "Bearer t",
      "application/json",
      "tester/1",
      "application/json",
    ]);
  });

  test("a refusal becomes an error with the Status' own words", async () => {
    const transport = await make((_, response) => {
      response.writeHead(429, { "retry-after": "3" });
      response.end(JSON.stringify({ kind: "Status", reason: "TooManyRequests", message: "slow down" }));
    });
    await expect(transport.request(get)).rejects.toMatchObject({
      code: "TooManyRequests",
      status: 429,
      reason: "TooManyRequests",
      message: "GET /x: slow down",
      retry: { kind: "after", ms: 3000 },
    });
  });

  test("a proxy's error page is an error with its first words", async () => {
    const transport = await make((_, response) => response.writeHead(502).end("<html>Bad Gateway</html>"));
    await expect(transport.request(get)).rejects.toMatchObject({
      code: "Unavailable",
      message: /Bad Gateway/,
    });
  });

  test("an answer that is no JSON, or too long, is a bad reply", async () => {
    const page = await make((_, response) => response.end("<html>"));
    await expect(page.request(get)).rejects.toMatchObject({ code: "BadReply" });
    const endless = await make(
      (_, response) => {
        const pour = () => {
          while (response.write(Buffer.alloc(4096, "x"))) if (response.destroyed) return;
          response.once("drain", pour);
        };
        pour();
      },
      { maxBodyBytes: 100_000 },
    );
    await expect(endless.request(get)).rejects.toMatchObject({ code: "BadReply" });
  });

  test("a deadline covers the whole answer, headers and body", async () => {
    const silent = await make(() => {});
    await expect(silent.request({ ...get, deadlineMs: 50 })).rejects.toMatchObject({ code: "Timeout" });
    const slow = await make((_, response) => void response.write("{"));
    await expect(slow.request({ ...get, deadlineMs: 50 })).rejects.toMatchObject({ code: "Timeout" });
  });

  test("an aborted request says so", async () => {
    const transport = await make(() => {});
    const abort = new AbortController();
    const request = transport.request({ ...get, signal: abort.signal });
    abort.abort();
    await expect(request).rejects.toMatchObject({ code: "Aborted" });
  });

  test("a lost answer may have been carried out; a refused connection has not", async () => {
    const lost = await make((request) => request.socket.destroy());
    await expect(lost.request(get)).rejects.toMatchObject({ code: "Network", notSent: false });
    const nobody = new Transport({
      server: "http://127.0.0.1:1",
      namespace: "default",
      credentials: new PlainCredentials(),
    });
    await expect(nobody.request(get)).rejects.toMatchObject({ code: "Unreachable", notSent: true });
    await nobody.close();
  });

  test("401: another credential, once", async () => {
    let tokens = 0;
    const credentials: CredentialSource = {
      current: async () => ({ headers: { authorization: `Bearer ${tokens}` } }),
      renew: () => ++tokens > 0,
    };
    const seen: unknown[] = [];
    const first = await make((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(request.headers.authorization === "Bearer 1" ? 200 : 401).end("{}");
    });
    const transport = new Transport({ ...first.access, credentials });
    expect(await transport.request({ method: "POST", path: "/x", body: {} })).toEqual({});
    expect(seen).toEqual(["Bearer 0", "Bearer 1"]);
    tokens = 5;
    await expect(transport.request(get)).rejects.toMatchObject({ code: "Unauthorized" });
    expect(seen).toHaveLength(4);
    await transport.close();
  });

  test("a stream outlives the deadline, ends by its signal, and does not occupy the ordinary connections", async () => {
    const transport = await make(
      (request, response) => {
        if (request.url === "/watch") response.write("first\n");
        else response.end("{}");
      },
      { maxConnections: 1 },
    );
    const abort = new AbortController();
    const stream = await transport.stream({
      method: "GET",
      path: "/watch",
      deadlineMs: 30,
      signal: abort.signal,
    });
    const chunks = stream.chunks[Symbol.asyncIterator]();
    expect(Buffer.from((await chunks.next()).value as Uint8Array).toString()).toBe("first\n");
    const next = chunks.next();
    await transport.stream({ method: "GET", path: "/watch", deadlineMs: 1000, signal: abort.signal });
    for (let i = 0; i < 5; i++) await transport.request(get);
    await new Promise((resolve) => setTimeout(resolve, 40));
    abort.abort();
    await expect(next).rejects.toMatchObject({ code: "Aborted" });
  });

  test("a stream that nobody reads and that breaks harms nobody", async () => {
    const transport = await make((request, response) => {
      response.write("x");
      setTimeout(() => request.socket.destroy(), 10);
    });
    await transport.stream(get);
    await new Promise((resolve) => setTimeout(resolve, 50));
  });

  test("leases do not wait behind a crowd of writes", async () => {
    const held: ServerResponse[] = [];
    const transport = await make(
      (request, response) => {
        if (request.method === "POST") held.push(response);
        else response.end("{}");
      },
      { maxConnections: 2 },
    );
    const writes = Array.from({ length: 20 }, () =>
      transport.request({ method: "POST", path: "/x", body: {} }),
    );
    await transport.request({ ...get, lane: "apart", deadlineMs: 1000 });
    const finish = setInterval(() => held.splice(0).forEach((response) => void response.end("{}")), 1);
    await Promise.all(writes);
    clearInterval(finish);
  });

  test("measures every exchange", async () => {
    const seen: string[] = [];
    const metrics = {
      ...noMetrics,
      request: ({ method, code }: { method: string; code: string }) => seen.push(method + code),
    };
    const transport = await make(
      (request, response) => (request.method === "GET" ? response.end("{}") : request.socket.destroy()),
      { metrics },
    );
    await transport.request(get);
    await expect(transport.request({ method: "DELETE", path: "/x" })).rejects.toMatchObject({
      code: "Network",
    });
    expect(seen).toEqual(["GET200", "DELETE<error>"]);
  });
});
