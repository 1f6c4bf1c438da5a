import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { rawHttp } from "../../../test/support/raw-http.ts";
import { type ListenerOptions, listener } from "./listener.ts";

let gateway: FastifyInstance | undefined;
afterEach(() => gateway?.close());

async function listening(options: Partial<ListenerOptions> = {}): Promise<number> {
  const serverFactory = listener({ maxConnections: 100, headersTimeoutMs: 100, ...options });
  gateway = Fastify({ serverFactory, forceCloseConnections: true });
  gateway.get("/", async () => ({}));
  await gateway.listen({ host: "127.0.0.1", port: 0 });
  return (gateway.server.address() as AddressInfo).port;
}

test.each([
  ["nothing at all", ""],
  ["half a head", "GET / HTTP/1.1\r\nHost: a\r\nX: "],
])("who sends %s is let go", async (_what, text) => {
  const answer = await rawHttp(await listening(), text, 5_000);
  expect([answer.status, answer.closed]).toEqual([408, true]);
});

test("a head that comes in drops ends at its time, however steadily it drops", async () => {
  const socket = connect(await listening(), "127.0.0.1");
  // Dropping on, it may be reset before it has read why.
  socket.on("error", () => socket.destroy());
  const gone = new Promise((resolve) => socket.on("close", resolve));
  socket.resume();
  socket.write("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  const drops = setInterval(() => socket.write("x"), 10);
  await gone;
  clearInterval(drops);
});

test("a head that is too large", async () => {
  const answer = await rawHttp(
    await listening(),
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(17_000)}\r\n\r\n`,
  );
  expect([answer.status, answer.closed]).toEqual([431, true]);
});

test("connections are bounded", async () => {
  const port = await listening({ maxConnections: 2, headersTimeoutMs: 60_000 });
  const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const held = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
  for (const socket of held) {
    socket.write(get);
    await once(socket, "data");
  }
  expect(await rawHttp(port, get, 1_000)).toMatchObject({ status: 0 });
  held[0]?.destroy();
  // The server hears of the end a moment later.
  await eventually(async () => (await rawHttp(port, get)).status === 200);
  held[1]?.destroy();
});
