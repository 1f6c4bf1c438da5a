import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { ProxyStage } from "../../../test/support/proxy-stage.ts";

let stage: ProxyStage;
beforeEach(async () => {
  stage = await ProxyStage.start();
});
afterEach(() => stage.end());

test("a request and its answer pass", async () => {
  stage.behave = (_request, response) => {
    response.writeHead(404, { "content-type": "application/json", "x-flink": "yes", "set-cookie": "a=b" });
    response.end('{"errors":["No such job"]}');
  };
  const answer = await stage.ask("/clusters/team/main/v1/jobs/0?mode=cancel&a=%2F", {
    headers: { cookie: "a=b", "x-secret": "c", accept: "text/html", "x-forwarded-for": "6.6.6.6" },
  });
  expect(answer.status).toBe(404);
  expect(await answer.text()).toBe('{"errors":["No such job"]}');
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": "application/json",
    "x-flink": "yes",
  });
  expect(answer.headers.has("set-cookie")).toBe(false);
  expect(stage.seen).toMatchObject([{ method: "GET", url: "/v1/jobs/0?mode=cancel&a=%2F" }]);
  const { via, ...headers } = stage.seen[0]?.headers ?? {};
  expect(via).toMatch(/^1\.1 flinkjob-gateway-[0-9a-f]{12}$/);
  expect(headers).toMatchObject({
    accept: "text/html",
    host: `127.0.0.1:${stage.jobManagerPort}`,
    connection: "close",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": `127.0.0.1:${stage.port}`,
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
  expect((await stage.ask("/clusters/team/main/jobs", { method })).status).toBe(200);
  expect(stage.intents).toEqual([{ namespace: "team", verb }]);
  expect(stage.seen.map((each) => each.method)).toEqual([method]);
});

test("who changed something is written down", async () => {
  stage.behave = (_request, response) => response.writeHead(202).end("{}");
  await stage.ask("/clusters/team/main/jobs/overview");
  await stage.ask("/clusters/team/main/v1/jobs/0?mode=cancel", { method: "PATCH" });
  const cluster = { namespace: "team", name: "main" };
  expect(stage.passed).toEqual([{ cluster, user: "jane", method: "PATCH", path: "/v1/jobs/0", status: 202 }]);
});

test("nothing passes without access, and nobody without access learns which clusters there are", async () => {
  for (const name of ["main", "gone"]) {
    const answer = await fetch(`http://127.0.0.1:${stage.port}/clusters/team/${name}/jobs`);
    expect(answer.status).toBe(401);
  }
  expect((await stage.ask("/clusters/team/gone/jobs")).status).toBe(404);
  expect(stage.seen).toEqual([]);
});

test("an early refusal reaches a client that still sends", async () => {
  stage.behave = (_request, response) => {
    response.shouldKeepAlive = true;
    response.writeHead(413);
    response.end('{"errors":["too large"]}');
  };
  const socket = connect(stage.port, "127.0.0.1");
  let text = "";
  let failed: unknown;
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.on("error", (error) => {
    failed = error;
  });
  socket.write(
    `POST /clusters/team/main/jobs HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: ${stage.authorization}\r\nContent-Length: 50000000\r\n\r\n`,
  );
  socket.write(Buffer.alloc(50_000_000));
  await eventually(() => text.includes("errors"), 5_000);
  expect(text).toMatch(/^HTTP\/1\.1 413 [\s\S]*too large/);
  // What nobody wants any more is taken, and thrown away.
  await eventually(() => socket.writableLength === 0);
  expect(failed).toBeUndefined();
  socket.destroy();
});

test("a client without a token can read that while it uploads", async () => {
  const socket = connect(stage.port, "127.0.0.1");
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

test.each([
  ["/", "/clusters/team/main/"],
  ["/web/#/jobs", "/clusters/team/main/web/#/jobs"],
  ["overview?a=b", "overview?a=b"],
  ["http://127.0.0.1:PORT/x?y", "/clusters/team/main/x?y"],
  ["//127.0.0.1:PORT/x", "/clusters/team/main/x"],
  ["https://elsewhere/x", "https://elsewhere/x"],
])("a redirect to %s leads to %s", async (location, want) => {
  const place = location.replace("PORT", String(stage.jobManagerPort));
  stage.behave = (_request, response) => response.writeHead(307, { location: place }).end();
  const answer = await stage.ask("/clusters/team/main/jars");
  expect([answer.status, answer.headers.get("location")]).toEqual([307, want]);
});

test("a cluster whose own address has a path", async () => {
  stage.behave = (_request, response) => response.writeHead(307, { location: "/flink/web" }).end();
  const answer = await stage.ask("/clusters/team/prefixed/jobs?a");
  expect(stage.seen[0]?.url).toBe("/flink/jobs?a");
  expect(answer.headers.get("location")).toBe("/clusters/team/prefixed/web");
});

test("the prefix without a slash leads to the one with a slash, where relative addresses work", async () => {
  const answer = await stage.ask("/clusters/team/main");
  expect([answer.status, answer.headers.get("location")]).toEqual([308, "/clusters/team/main/"]);
  await stage.ask("/clusters/team/main/");
  expect(stage.seen.map(({ url }) => url)).toEqual(["/"]);
});

test("an address that no cluster has, and one that is the gateway's own", async () => {
  const metadata = await stage.ask("/clusters/team/metadata/latest/meta-data");
  expect(metadata.status).toBe(502);
  expect(await metadata.json()).toEqual({
    errors: ["This gateway may not connect to the cluster's address"],
  });
  const self = await stage.ask("/clusters/open/self/jobs");
  expect(self.status).toBe(508);
  expect(await self.json()).toEqual({
    errors: ["The address of this FlinkCluster leads back to this gateway"],
  });
});
