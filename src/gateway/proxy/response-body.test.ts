import { connect } from "node:net";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { ProxyStage } from "../../../test/support/proxy-stage.ts";

let stage: ProxyStage;
beforeEach(async () => {
  stage = await ProxyStage.start();
});
afterEach(() => stage.end());

test("an answer passes while it comes, and ends when the client goes", async () => {
  let ended = false;
  stage.behave = (_request, response) => {
    response.write("first");
    response.once("close", () => {
      ended = true;
    });
  };
  const abort = new AbortController();
  const answer = await stage.ask("/clusters/team/main/logs", { signal: abort.signal });
  const reader = answer.body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("first");
  abort.abort();
  await eventually(() => ended);
  expect(stage.broken).toEqual([]);
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
  stage.behave = (_request, response) => source.pipe(response);
  const socket = connect(stage.port, "127.0.0.1");
  socket.pause();
  socket.write(
    `GET /clusters/team/main/log HTTP/1.1\r\nHost: a\r\nAuthorization: ${stage.authorization}\r\n\r\n`,
  );
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
  stage.behave = (request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("some");
    setImmediate(() => request.socket.destroy());
  };
  const answer = await stage.ask("/clusters/team/main/jobs");
  await expect(answer.text()).rejects.toThrow();
  await eventually(() => stage.broken.length === 1);
});

test("a client that takes nothing of its answer is let go", async () => {
  await stage.end();
  stage = await ProxyStage.start({ stallMs: 100 });
  stage.behave = (_request, response) => response.end(Buffer.alloc(64 * 1024 * 1024));
  const socket = connect(stage.port, "127.0.0.1");
  socket.pause();
  socket.write(
    `GET /clusters/team/main/log HTTP/1.1\r\nHost: a\r\nAuthorization: ${stage.authorization}\r\n\r\n`,
  );
  await eventually(() => stage.broken.length === 1);
  expect(stage.broken[0]).toMatchObject({ code: "FLINKJOB_CLIENT_STALLED" });
  socket.destroy();
});
