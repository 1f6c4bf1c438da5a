import { once } from "node:events";
import { Agent, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { FaultProxy } from "../support/fault-proxy.ts";
import { type FaultMode, Lifeline } from "../support/lifeline.ts";

/** What reached the server behind the proxy. */
const arrived: string[] = [];
const server = createServer((request, response) => {
  arrived.push(`${request.method} ${request.url}`);
  response.end("done");
});
const agent = new Agent();
let line: Lifeline;
let proxy: FaultProxy;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});
beforeEach(async () => {
  arrived.length = 0;
  line = new Lifeline();
  proxy = await FaultProxy.open({
    lifeline: line,
    target: "server",
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    agent,
    nameOf: (method, { pathname }) => `${method} ${pathname}`,
    refusal: (status) => ({ type: "text/plain", text: `by the proxy: ${status}` }),
  });
  return () => proxy.close();
});

/** The status that the caller sees; undefined when it sees none. */
async function call(path = "/x", signal = AbortSignal.timeout(10_000)): Promise<number | undefined> {
  try {
    const reply = await fetch(proxy.url + path, { method: "POST", body: "{}", signal });
    await reply.text();
    return reply.status;
  } catch (error) {
    if (error instanceof TypeError || (error as Error).name === "TimeoutError") return undefined;
    throw error;
  }
}

const cases: { mode: FaultMode; seen: number | undefined; arrives: number; alive: boolean }[] = [
  { mode: "killed before send", seen: undefined, arrives: 0, alive: false },
  { mode: "killed after commit, before the reply", seen: undefined, arrives: 1, alive: false },
  { mode: "reply lost, connection reset", seen: undefined, arrives: 1, alive: true },
  { mode: "reply lost, kept hanging", seen: undefined, arrives: 1, alive: true },
  { mode: "connection reset before send", seen: undefined, arrives: 0, alive: true },
  { mode: "409", seen: 409, arrives: 0, alive: true },
  { mode: "429", seen: 429, arrives: 0, alive: true },
  { mode: "500", seen: 500, arrives: 0, alive: true },
  { mode: "503", seen: 503, arrives: 0, alive: true },
];

test.each(cases)("$mode", async ({ mode, seen, arrives, alive }) => {
  line.arm({ name: "POST /x", occurrence: 2, mode });
  expect(await call()).toBe(200);
  expect(await call("/y")).toBe(200);
  arrived.length = 0;
  expect(await call()).toBe(seen);
  expect(arrived).toHaveLength(arrives);
  expect(line.isCut).toBe(!alive);
  // The dead stay dead; the others go on, and only one call of theirs was hit.
  expect(await call()).toBe(alive ? 200 : undefined);
  expect(arrived).toHaveLength(arrives + (alive ? 1 : 0));
});

test("after a death the next operator speaks through the same address", async () => {
  line.arm({ name: "POST /x", occurrence: 1, mode: "killed before send" });
  expect(await call()).toBeUndefined();
  line.restore();
  expect(await call()).toBe(200);
  expect(line.calls.map(({ instance, status, fault }) => ({ instance, status, fault }))).toEqual([
    { instance: 1, status: undefined, fault: "killed before send" },
    { instance: 2, status: 200, fault: undefined },
  ]);
});
