import { connect } from "node:net";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { ProxyStage } from "../../../test/support/proxy-stage.ts";
import { rawHttp } from "../../../test/support/raw-http.ts";

let stage: ProxyStage;
beforeEach(async () => {
  stage = await ProxyStage.start();
});
afterEach(() => stage.end());

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
  const answer = await stage.ask("/clusters/team/main/jobs", {
    method,
    ...(init as RequestInit),
    headers: { "content-type": "a/b" },
  });
  expect(answer.status).toBe(200);
  expect(stage.seen[0]?.body).toBe("x".repeat(200_000));
  expect(stage.seen[0]?.headers).toMatchObject({ ...headers, "content-type": "a/b" });
});

test("the body of a GET stays here", async () => {
  const answer = await rawHttp(
    stage.port,
    `GET /clusters/team/main/jobs/overview HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: ${stage.authorization}\r\n` +
      "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
  );
  expect(answer.status).toBe(200);
  expect(stage.seen).toMatchObject([{ method: "GET", body: "" }]);
  expect(stage.seen[0]?.headers).not.toHaveProperty("content-length");
});

test("a request passes while it comes, and ends at the JobManager when the client goes", async () => {
  const got: string[] = [];
  stage.behave = (request) => {
    request.on("data", (chunk: Buffer) => got.push(chunk.toString()));
    request.on("error", () => got.push("broken"));
  };
  const socket = connect(stage.port, "127.0.0.1");
  socket.write(
    `POST /clusters/team/main/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: ${stage.authorization}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n`,
  );
  await eventually(() => got[0] === "first");
  socket.destroy();
  await eventually(() => got[1] === "broken");
});

test("a body that comes in drops is refused", async () => {
  await stage.end();
  stage = await ProxyStage.start({ stallMs: 100 });
  const answer = await rawHttp(
    stage.port,
    `POST /clusters/team/main/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: ${stage.authorization}\r\nContent-Length: 100\r\n\r\nx`,
    1_000,
  );
  expect(answer.status).toBe(408);
  expect(answer.text).toContain("The request's body comes too slowly: less than 65536 bytes in 100 ms");
});
