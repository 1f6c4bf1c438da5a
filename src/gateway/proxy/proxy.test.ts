import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { rawHttp } from "../../../test/support/raw-http.ts";
import { Destinations } from "../../flink/rest/destinations.ts";
import { GatewayError } from "../gateway-error.ts";
import { unreadBodies } from "../limits/unread-bodies.ts";
import type { Access, Clusters, Intent } from "../ports.ts";
import { createGateway } from "../server.ts";
import { proxy } from "./proxy.ts";
import { strictRequests } from "./strict-requests.ts";

interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What the JobManager does with a request, after it was noted. */
type Behaviour = (request: IncomingMessage, response: ServerResponse) => unknown;
const echo: Behaviour = (_request, response) => response.end("{}");

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

let seen: Seen[] = [];
let intents: Intent[] = [];
let behave: Behaviour = echo;
let jobManagerPort = 0;
let port = 0;
let stallMs = 60_000;
let broken: unknown[] = [];

async function jobManager(): Promise<number> {
  const server = createServer((request, response) => {
    const note: Seen = {
      method: request.method ?? "",
      url: request.url ?? "",
      headers: request.headers,
      body: "",
    };
    seen.push(note);
    if (behave !== echo) return behave(request, response);
    request.on("data", (chunk: Buffer) => {
      note.body += chunk.toString();
    });
    // A request that breaks off is no request.
    request.on("error", () => seen.splice(seen.indexOf(note), 1));
    request.on("end", () => behave(request, response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function gateway(): Promise<number> {
  const access: Access = {
    authorize: async ({ headers }, intent) => {
      intents.push(intent);
      if (headers.authorization === undefined && intent.namespace !== "open")
        throw new GatewayError("Unauthenticated", "No token");
      return { user: "jane" };
    },
  };
  const clusters: Clusters = {
    resolve: async (cluster) => {
      if (cluster.name === "gone") throw new GatewayError("UnknownCluster", "There is no such FlinkCluster");
      const root = cluster.name === "prefixed" ? "/flink/" : "";
      const at = cluster.name === "self" ? `${port}/clusters/open/self` : jobManagerPort;
      return {
        ...cluster,
        url: `http://${cluster.name === "metadata" ? "169.254.169.254" : `127.0.0.1:${at}`}${root}`,
      };
    },
  };
  const destinations = new Destinations({ loopback: true });
  const onBroken = (_target: unknown, error: unknown) => broken.push(error);
  const server = await createGateway({
    access,
    clusters,
    parts: [strictRequests, unreadBodies, proxy({ access, clusters, destinations, stallMs, onBroken })],
  });
  await server.listen({ host: "127.0.0.1", port: 0 });
  ends.push(() => {
    server.server.closeAllConnections();
    return server.close();
  });
  return (server.server.address() as AddressInfo).port;
}

beforeEach(async () => {
  [seen, intents, broken, behave, stallMs] = [[], [], [], echo, 60_000];
  jobManagerPort = await jobManager();
  port = await gateway();
});

const authorization = "Bearer secret";
const ask = (path: string, init: RequestInit & { duplex?: "half" } = {}) =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    redirect: "manual",
    ...init,
    headers: { authorization, ...(init.headers as Record<string, string> | undefined) },
  });

test("a request and its answer pass", async () => {
  behave = (_request, response) => {
    response.writeHead(404, { "content-type": "application/json", "x-flink": "yes", "set-cookie": "a=b" });
    response.end('{"errors":["No such job"]}');
  };
  const answer = await ask("/clusters/team/main/v1/jobs/0?mode=cancel&a=%2F", {
    headers: { cookie: "a=b", "x-secret": "c", accept: "text/html", "x-forwarded-for": "6.6.6.6" },
  });
  expect(answer.status).toBe(404);
  expect(await answer.text()).toBe('{"errors":["No such job"]}');
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": "application/json",
    "x-flink": "yes",
  });
  expect(answer.headers.has("set-cookie")).toBe(false);
  expect(seen).toMatchObject([{ method: "GET", url: "/v1/jobs/0?mode=cancel&a=%2F" }]);
  const { via, ...headers } = seen[0]?.headers ?? {};
  expect(via).toMatch(/^1\.1 flinkjob-gateway-[0-9a-f]{12}$/);
  expect(headers).toMatchObject({
    accept: "text/html",
    host: `127.0.0.1:${jobManagerPort}`,
    connection: "close",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": `127.0.0.1:${port}`,
    "x-forwarded-prefix": "/clusters/team/main",
    "x-forwarded-proto": "http",
  });
  for (const name of ["authorization", "cookie", "x-secret"]) expect(headers).not.toHaveProperty(name);
});

test.each([
  ["GET", "get"],
  ["HEAD", "get"],
  ["OPTIONS", "get"],
  ["POST", "create"],
  ["PUT", "patch"],
  ["PATCH", "patch"],
  ["DELETE", "delete"],
])("%s needs the right to %s flinkjobs in the namespace", async (method, verb) => {
  expect((await ask("/clusters/team/main/jobs", { method })).status).toBe(200);
  expect(intents).toEqual([{ namespace: "team", verb }]);
  expect(seen.map((each) => each.method)).toEqual([method]);
});

test("nothing passes without access, and nobody without access learns which clusters there are", async () => {
  for (const name of ["main", "gone"]) {
    const answer = await fetch(`http://127.0.0.1:${port}/clusters/team/${name}/jobs`);
    expect(answer.status).toBe(401);
  }
  expect((await ask("/clusters/team/gone/jobs")).status).toBe(404);
  expect(seen).toEqual([]);
});

test.each([
  ["content-length", "POST", { body: "x".repeat(200_000) }, { "content-length": "200000" }],
  [
    "chunked",
    "POST",
    {
      body: Readable.toWeb(Readable.from([Buffer.alloc(100_000, "x"), Buffer.alloc(100_000, "x")])),
      duplex: "half",
    },
    { "transfer-encoding": "chunked" },
  ],
] as const)("a body passes as it came: %s", async (_how, method, init, headers) => {
  const answer = await ask("/clusters/team/main/jobs", {
    method,
    ...(init as RequestInit),
    headers: { "content-type": "a/b" },
  });
  expect(answer.status).toBe(200);
  expect(seen[0]?.body).toBe("x".repeat(200_000));
  expect(seen[0]?.headers).toMatchObject({ ...headers, "content-type": "a/b" });
});

test("the body of a GET stays here", async () => {
  const answer = await rawHttp(
    port,
    `GET /clusters/team/main/jobs/overview HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: ${authorization}\r\n` +
      "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
  );
  expect(answer.status).toBe(200);
  expect(seen).toMatchObject([{ method: "GET", body: "" }]);
  expect(seen[0]?.headers).not.toHaveProperty("content-length");
});

test("an answer passes while it comes, and ends when the client goes", async () => {
  let ended = false;
  behave = (_request, response) => {
    response.write("first");
    response.once("close", () => {
      ended = true;
    });
  };
  const abort = new AbortController();
  const answer = await ask("/clusters/team/main/logs", { signal: abort.signal });
  const reader = answer.body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("first");
  abort.abort();
  await eventually(() => ended);
  expect(broken).toEqual([]);
});

test("a request passes while it comes, and ends at the JobManager when the client goes", async () => {
  const got: string[] = [];
  behave = (request) => {
    request.on("data", (chunk: Buffer) => got.push(chunk.toString()));
    request.on("error", () => got.push("broken"));
  };
  const socket = connect(port, "127.0.0.1");
  socket.write(
    `POST /clusters/team/main/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n`,
  );
  await eventually(() => got[0] === "first");
  socket.destroy();
  await eventually(() => got[1] === "broken");
});

test("what a slow client does not take, is not taken from the JobManager", async () => {
  const chunk = Buffer.alloc(64 * 1024);
  let written = 0;
  const source = new Readable({
    read() {
      written += chunk.length;
      this.push(written < 256 * 1024 * 1024 ? chunk : null);
    },
  });
  behave = (_request, response) => source.pipe(response);
  const socket = connect(port, "127.0.0.1");
  socket.pause();
  socket.write(`GET /clusters/team/main/log HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`);
  await eventually(() => written > 0);
  // The sockets between hold some MiB; then it stands still.
  let before = -1;
  await eventually(
    () => {
      const still = before === written;
      before = written;
      return still;
    },
    10_000,
    200,
  );
  expect(written).toBeLessThan(64 * 1024 * 1024);
  socket.destroy();
});

test("an answer that breaks off breaks the client's connection", async () => {
  behave = (request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("some");
    setImmediate(() => request.socket.destroy());
  };
  const answer = await ask("/clusters/team/main/jobs");
  await expect(answer.text()).rejects.toThrow();
  await eventually(() => broken.length === 1);
});

test("a JobManager that is not there: 503 in Flink's shape, for another try", async () => {
  jobManagerPort = 1;
  const answer = await ask("/clusters/team/main/jobs", { method: "POST", body: "x" });
  expect(answer.status).toBe(503);
  expect(answer.headers.get("retry-after")).toBe("3");
  expect(await answer.json()).toEqual({
    errors: ["The JobManager cannot be reached (ECONNREFUSED): nothing was sent"],
  });
});

test.each([
  ["POST", 502, "The JobManager's answer is lost (UND_ERR_SOCKET): the request may have been carried out"],
  ["GET", 503, "The connection to the JobManager broke (UND_ERR_SOCKET)"],
  ["PATCH", 503, "The connection to the JobManager broke (UND_ERR_SOCKET)"],
])("a JobManager that dies before its answer to a %s: %i", async (method, status, message) => {
  behave = (request) => request.resume().on("end", () => request.socket.destroy());
  const answer = await ask("/clusters/team/main/jobs", method === "GET" ? {} : { method, body: "x" });
  expect(answer.status).toBe(status);
  expect(((await answer.json()) as { errors: string[] }).errors[0]).toBe(message);
});

test("a JobManager that dies in the middle of an upload: it has carried nothing out", async () => {
  behave = (request) => request.once("data", () => request.socket.destroy());
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.write(
    `POST /clusters/team/main/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\nContent-Length: 50000000\r\n\r\n`,
  );
  socket.write(Buffer.alloc(1_000_000));
  await eventually(() => text.includes("errors"), 5_000);
  expect(text).toMatch(/^HTTP\/1\.1 503 [\s\S]*before it had the whole request: nothing was carried out/);
  socket.destroy();
});

test("no answer comes from a process that has just died", async () => {
  expect((await ask("/clusters/team/main/jobs")).status).toBe(200);
  await ends.shift()?.();
  jobManagerPort = await jobManager();
  expect((await ask("/clusters/team/main/jobs", { method: "POST", body: "x" })).status).toBe(200);
  expect(seen.map(({ method }) => method)).toEqual(["GET", "POST"]);
});

test("an early refusal reaches a client that still sends", async () => {
  behave = (_request, response) => {
    response.shouldKeepAlive = true;
    response.writeHead(413);
    response.end('{"errors":["too large"]}');
  };
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let failed: unknown;
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.on("error", (error) => {
    failed = error;
  });
  socket.write(
    `POST /clusters/team/main/jobs HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: ${authorization}\r\nContent-Length: 50000000\r\n\r\n`,
  );
  socket.write(Buffer.alloc(50_000_000));
  await eventually(() => text.includes("errors"), 5_000);
  expect(text).toMatch(/^HTTP\/1\.1 413 [\s\S]*too large/);
  expect(failed).toBeUndefined();
  socket.destroy();
});

test("a client without a token can read that while it uploads", async () => {
  const socket = connect(port, "127.0.0.1");
  const seenOfIt: string[] = [];
  socket.on("data", (chunk: Buffer) => seenOfIt.push(chunk.toString()));
  socket.on("error", (error) => seenOfIt.push(String(error)));
  socket.write(
    "POST /clusters/team/main/jobs HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 50000000\r\n\r\n",
  );
  socket.write(Buffer.alloc(50_000_000));
  await eventually(() => seenOfIt.length > 0);
  expect(seenOfIt.join("")).toMatch(/^HTTP\/1\.1 401 [\s\S]*\{"errors":\["No token"\]\}$/);
  // All of it was taken, and the connection is in order.
  await eventually(() => socket.writableLength === 0);
  expect(seenOfIt.join("")).not.toMatch(/Error/);
  socket.destroy();
});

test("a body that comes in drops is refused", async () => {
  await ends.pop()?.();
  stallMs = 100;
  port = await gateway();
  const answer = await rawHttp(
    port,
    `POST /clusters/team/main/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\nContent-Length: 100\r\n\r\nx`,
    1_000,
  );
  expect(answer.status).toBe(408);
  expect(answer.text).toContain("The request's body comes too slowly: less than 65536 bytes in 100 ms");
});

test("a client that takes nothing of its answer is let go", async () => {
  await ends.pop()?.();
  stallMs = 100;
  port = await gateway();
  behave = (_request, response) => response.end(Buffer.alloc(64 * 1024 * 1024));
  const socket = connect(port, "127.0.0.1");
  socket.pause();
  socket.write(`GET /clusters/team/main/log HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`);
  await eventually(() => broken.length === 1);
  expect(broken[0]).toMatchObject({ code: "FLINKJOB_CLIENT_STALLED" });
  socket.destroy();
});

test.each([
  ["/", "/clusters/team/main/"],
  ["/web/#/jobs", "/clusters/team/main/web/#/jobs"],
  ["overview?a=b", "overview?a=b"],
  ["http://127.0.0.1:PORT/x?y", "/clusters/team/main/x?y"],
  ["//127.0.0.1:PORT/x", "/clusters/team/main/x"],
  ["https://elsewhere/x", "https://elsewhere/x"],
])("a redirect to %s leads to %s", async (location, want) => {
  const place = location.replace("PORT", String(jobManagerPort));
  behave = (_request, response) => response.writeHead(307, { location: place }).end();
  const answer = await ask("/clusters/team/main/jars");
  expect([answer.status, answer.headers.get("location")]).toEqual([307, want]);
});

test("a cluster whose own address has a path", async () => {
  behave = (_request, response) => response.writeHead(307, { location: "/flink/web" }).end();
  const answer = await ask("/clusters/team/prefixed/jobs?a");
  expect(seen[0]?.url).toBe("/flink/jobs?a");
  expect(answer.headers.get("location")).toBe("/clusters/team/prefixed/web");
});

test("the prefix without a slash leads to the one with a slash, where relative addresses work", async () => {
  const answer = await ask("/clusters/team/main");
  expect([answer.status, answer.headers.get("location")]).toEqual([308, "/clusters/team/main/"]);
  await ask("/clusters/team/main/");
  expect(seen.map(({ url }) => url)).toEqual(["/"]);
});

test("an address that no cluster has, and one that is the gateway's own", async () => {
  const metadata = await ask("/clusters/team/metadata/latest/meta-data");
  expect(metadata.status).toBe(502);
  expect(await metadata.json()).toEqual({
    errors: ["This gateway may not connect to the cluster's address"],
  });
});

const framed = (head: string, body = "") =>
  `POST /clusters/team/main/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n${head}\r\n\r\n${body}`;
/** A request that must never be answered, where the two ends see different ends of the one before it. */
const smuggled = `GET /clusters/team/main/smuggled HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`;

test.each([
  [
    "a length and a coding",
    framed("Content-Length: 4\r\nTransfer-Encoding: chunked", `0\r\n\r\n${smuggled}`),
  ],
  [
    "a coding and a length",
    framed("Transfer-Encoding: chunked\r\nContent-Length: 4", `0\r\n\r\n${smuggled}`),
  ],
  ["two lengths", framed("Content-Length: 0\r\nContent-Length: 9", smuggled)],
  ["twice the same length", framed("Content-Length: 4\r\nContent-Length: 4", `abcd${smuggled}`)],
  ["a list of lengths", framed("Content-Length: 0, 9", smuggled)],
  ["a length with a sign", framed("Content-Length: +0", smuggled)],
  ["a length in hexadecimal", framed("Content-Length: 0x0", smuggled)],
  ["a space before the colon", framed("Content-Length : 0", smuggled)],
  ["a folded line", framed("X: a\r\n b", smuggled)],
  ["a folded coding", framed("Transfer-Encoding:\r\n chunked", `0\r\n\r\n${smuggled}`)],
  ["a coding that is none", framed("Transfer-Encoding: xchunked", `0\r\n\r\n${smuggled}`)],
  ["a coding before chunked", framed("Transfer-Encoding: gzip, chunked", `0\r\n\r\n${smuggled}`)],
  ["a coding after chunked", framed("Transfer-Encoding: chunked, identity", `0\r\n\r\n${smuggled}`)],
  ["two codings", framed("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", `0\r\n\r\n${smuggled}`)],
  [
    "a coding in HTTP/1.0",
    framed("Transfer-Encoding: chunked", `0\r\n\r\n${smuggled}`).replace("1.1", "1.0"),
  ],
  [
    "bare line feeds",
    `GET /clusters/team/main/x HTTP/1.1\nHost: a\nAuthorization: ${authorization}\n\n${smuggled}`,
  ],
  ["a bare carriage return", framed("X: a\rTransfer-Encoding: chunked", smuggled)],
  ["a NUL", framed("X: a\0b", smuggled)],
  ["two hosts", framed("Host: b", smuggled)],
  ["two authorizations", framed("Authorization: Bearer other", smuggled)],
  [
    "an absolute target",
    `GET http://elsewhere/clusters/team/main/x HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`,
  ],
  ["the target *", `OPTIONS * HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n${smuggled}`],
  ["another protocol", framed("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0", smuggled)],
])("refused, with all that follows: %s", async (_what, text) => {
  const answer = await rawHttp(port, text, 1_000);
  expect([answer.status, answer.answers, answer.closed]).toEqual([400, 1, true]);
  expect(seen).toEqual([]);
});

test.each([
  ["a negative chunk", "-1\r\nx\r\n0\r\n\r\n"],
  ["a chunk of more than there can be", "fffffffffffffffff\r\nx\r\n0\r\n\r\n"],
  ["line feeds between chunks", "1\nx\n0\n\n"],
  ["a length in the trailer", "0\r\nContent-Length: 5\r\n\r\n"],
])("a body is broken off: %s", async (_what, body) => {
  let whole = 0;
  behave = (request, response) => {
    request.on("error", () => response.destroy());
    request.resume().on("end", () => {
      whole += 1;
      response.end("{}");
    });
  };
  const answer = await rawHttp(port, framed("Transfer-Encoding: chunked", body + smuggled), 1_000);
  expect(answer.status).toBe(400);
  expect(answer.answers).toBe(1);
  expect(whole).toBe(0);
});

test("what passes is framed anew: chunk extensions and trailers stay here", async () => {
  const body = "1;a=b\r\nx\r\n0\r\nX-Trailer: y\r\n\r\n";
  expect((await rawHttp(port, framed("Transfer-Encoding: chunked\r\nConnection: close", body))).status).toBe(
    200,
  );
  expect(seen).toMatchObject([{ body: "x" }]);
  expect(seen[0]?.headers).not.toHaveProperty("x-trailer");
});

test("CONNECT is refused", async () => {
  const answer = await rawHttp(port, "CONNECT elsewhere:80 HTTP/1.1\r\nHost: elsewhere\r\n\r\n", 1_000);
  expect([answer.status, answer.closed]).toEqual([405, true]);
});

test("HTTP/2 is not taken up, and the request served", async () => {
  const offer =
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 0";
  expect((await rawHttp(port, framed(offer))).status).toBe(200);
  expect(seen[0]?.headers).not.toHaveProperty("upgrade");
  expect(seen[0]?.headers).not.toHaveProperty("http2-settings");
});
