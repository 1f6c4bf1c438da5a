import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { FakeApiServer } from "../../test/support/fake-apiserver/server.ts";
import { KubeClient } from "./client.ts";
import type { KubeError } from "./errors.ts";
import { Informer, type InformerOptions } from "./informer.ts";
import { Transport } from "./transport.ts";
import type { KubeObject, Resource } from "./types.ts";

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const configMaps: Resource<ConfigMap> = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
};
const collection = "/api/v1/configmaps";

let server: FakeApiServer;
let transport: Transport;
let client: KubeClient;
let abort: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  server = await new FakeApiServer().start();
  transport = new Transport(server.access);
  client = new KubeClient(transport);
  abort = new AbortController();
  running = Promise.resolve();
});

afterEach(async () => {
  abort.abort();
  await running;
  await transport.close();
  await server.stop();
});

/** Changes the world without a request, so that faults do not see it. */
function put(name: string, data: Record<string, string> = {}): void {
  const key = `default/${name}`;
  const object: ConfigMap = { metadata: { name, namespace: "default" }, data };
  if (server.storage.has(collection, key)) server.storage.update(collection, key, object);
  else server.storage.create(collection, key, object);
}

function remove(name: string): void {
  server.storage.delete(collection, `default/${name}`);
}

function follow(options: Partial<InformerOptions<ConfigMap>> = {}) {
  const problems: string[] = [];
  const changes: string[] = [];
  const informer = new Informer<ConfigMap>({
    client,
    resource: configMaps,
    // No jitter: pauses are as short as they may be.
    random: () => 0,
    onProblem: (problem: KubeError) => problems.push(problem.code),
    ...options,
  });
  informer.addHandler({
    add: (o, initial) => changes.push(`${initial ? "initial" : "add"} ${o.metadata.name}`),
    update: (o) => changes.push(`update ${o.metadata.name}`),
    delete: (o) => changes.push(`delete ${o.metadata.name}`),
  });
  running = informer.run(abort.signal);
  return { informer, problems, changes };
}

function names(informer: Informer<ConfigMap>): string[] {
  return informer.store
    .list()
    .map((o) => o.metadata.name ?? "")
    .toSorted();
}

async function synced(informer: Informer<ConfigMap>): Promise<void> {
  expect(await informer.waitForSync(5000)).toBe(true);
  await eventually(() => server.watches === 1);
}

describe("Reflector", () => {
  test("lists by streaming, and the same request goes on as the watch", async () => {
    put("a");
    const { informer, changes } = follow();
    await synced(informer);
    put("b");
    put("b", { x: "1" });
    remove("a");
    await eventually(() => changes.length === 4);
    expect(changes).toEqual(["initial a", "add b", "update b", "delete a"]);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.query.get("allowWatchBookmarks")).toBe("true");
  });

  test("a server that refuses streaming is listed page by page, from then on", async () => {
    server.streamingLists = "refuse";
    for (let i = 0; i < 3; i++) put(`a${i}`);
    const { informer } = follow();
    await synced(informer);
    server.storage.compact();
    server.inject('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n');
    await eventually(() => server.requests.filter(({ watch }) => !watch).length === 2);
    expect(server.requests.filter(({ query }) => query.has("sendInitialEvents"))).toHaveLength(1);
  });

  test("a list that expires between two pages is taken again", async () => {
    server.streamingLists = "refuse";
    for (let i = 0; i < 700; i++) put(`a${i}`);
    server.fault = ({ query }) => {
      if (query.has("continue")) server.storage.version++;
      if (query.has("continue")) server.storage.compact();
      return undefined;
    };
    const { informer, problems } = follow();
    await synced(informer);
    expect(informer.store.size).toBe(700);
    expect(problems).toEqual([]);
  });

  test("a reset connection is resumed at the same resourceVersion, without a new list", async () => {
    put("a");
    const { informer, changes } = follow();
    await synced(informer);
    put("b");
    await eventually(() => changes.length === 2);
    const version = server.storage.version;
    server.breakWatches("reset");
    put("c");
    await eventually(() => names(informer).includes("c"), 3000);
    expect(server.requests).toHaveLength(2);
    expect(server.requests[1]?.query.get("resourceVersion")).toBe(String(version));
  });

  test("a bookmark moves the place to resume at", async () => {
    const { informer } = follow();
    await synced(informer);
    server.storage.version += 50;
    server.bookmark();
    const version = server.storage.version;
    server.breakWatches("end");
    await eventually(() => server.requests.length === 2, 3000);
    expect(server.requests[1]?.query.get("resourceVersion")).toBe(String(version));
  });

  test("410 as an event, and as an answer, mean a new list; what vanished meanwhile is deleted", async () => {
    put("a");
    put("b");
    const { informer, changes, problems } = follow();
    await synced(informer);
    server.inject('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n');
    await eventually(() => server.requests.length === 2);
    expect(server.requests[1]?.query.get("sendInitialEvents")).toBe("true");
    await eventually(() => server.watches === 1);
    server.breakWatches("reset");
    remove("a");
    server.storage.compact();
    await eventually(() => changes.includes("delete a"), 3000);
    expect(names(informer)).toEqual(["b"]);
    expect(problems.filter((code) => code === "Gone")).toHaveLength(2);
  });

  test("an object deleted and made anew while nobody watched is a delete and an add", async () => {
    put("a");
    const { informer, changes } = follow();
    await synced(informer);
    server.breakWatches("silence");
    remove("a");
    put("a");
    server.storage.compact();
    await server.stop();
    await server.start();
    await eventually(() => changes.length === 3, 5000);
    expect(changes).toEqual(["initial a", "delete a", "add a"]);
    expect(informer.store.size).toBe(1);
  });

  test("a cut or senseless event means a new connection, not the end", async () => {
    const { informer, problems } = follow();
    await synced(informer);
    server.inject('{"type":"ADDED","object":{"meta');
    server.breakWatches("end");
    put("a");
    await eventually(() => names(informer).includes("a"), 4000);
    server.inject("<html>\n");
    server.breakWatches("silence");
    put("b");
    await eventually(() => names(informer).includes("b"), 6000);
    expect(problems).toEqual(["BadReply", "BadReply"]);
  });

  test("a socket that says nothing any more is given up", async () => {
    const { informer, problems } = follow({ idleLimitMs: 300 });
    await synced(informer);
    server.breakWatches("silence");
    put("a");
    await eventually(() => names(informer).includes("a"), 4000);
    expect(problems[0]).toBe("Timeout");
  });

  test("429 is obeyed for as long as it says", async () => {
    let refused = 0;
    server.fault = ({ watch }) =>
      watch && refused++ < 1 ? { status: 429, reason: "TooManyRequests", retryAfter: 2 } : undefined;
    const started = performance.now();
    const { informer } = follow();
    await synced(informer);
    expect(performance.now() - started).toBeGreaterThan(1900);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  test("500 and 503 are tried again with growing pauses", async () => {
    const times: number[] = [];
    server.fault = () => {
      times.push(performance.now());
      return times.length <= 2 ? { status: times.length === 1 ? 500 : 503 } : undefined;
    };
    const { informer, problems } = follow();
    await synced(informer);
    expect(problems).toEqual(["ServerError", "Unavailable"]);
    expect(times[1]! - times[0]!).toBeGreaterThan(750);
    expect(times[2]! - times[1]!).toBeGreaterThan(1550);
  });

  test("a resourceVersion that the server does not have yet means a new list", async () => {
    put("a");
    const { informer } = follow();
    await synced(informer);
    let refused = false;
    server.fault = ({ query }) => {
      if (!query.has("resourceVersion") || refused) return undefined;
      refused = true;
      return { status: 504, reason: "Timeout", causes: [{ reason: "ResourceVersionTooLarge" }] };
    };
    server.breakWatches("reset");
    put("b");
    await eventually(() => names(informer).includes("b"), 5000);
    expect(server.requests.at(-1)?.query.get("sendInitialEvents")).toBe("true");
  });

  test("a history that went back (a restored backup) is noticed by its bookmark", async () => {
    put("a");
    const { informer, problems } = follow();
    await synced(informer);
    server.bookmark(50);
    await eventually(() => server.requests.length === 2);
    expect(problems).toEqual(["Gone"]);
    expect(informer.hasSynced()).toBe(true);
  });

  test("after a restart the watch is back within 2 s, even when the server first answers with errors", async () => {
    put("a");
    const { informer } = follow({ random: Math.random });
    await synced(informer);
    await server.stop();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const before = server.requests.length;
    await server.start();
    const started = performance.now();
    let answers = 0;
    server.fault = () => (answers++ < 1 ? { status: 403, reason: "Forbidden" } : undefined);
    put("b");
    await eventually(() => names(informer).includes("b"), 10_000);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(server.requests.length - before).toBeLessThan(4);
  });

  test.each([
    ["refused us", "Unreachable"],
    ["cut a watch of some seconds", "Network"],
  ])(
    "a server that has just %s is not believed when it asks for five seconds",
    async (_, sign) => {
      const { informer, problems } = follow();
      await synced(informer);
      let answers = 0;
      server.fault = () => (answers++ < 1 ? { status: 503, retryAfter: 5 } : undefined);
      if (sign === "Network") {
        await new Promise((resolve) => setTimeout(resolve, 5_100));
        server.breakWatches("reset");
      } else {
        await server.stop();
        await eventually(() => problems.includes(sign));
        await server.start();
      }
      const started = performance.now();
      put("b");
      await eventually(() => names(informer).includes("b"), 10_000);
      expect(problems).toEqual(expect.arrayContaining([sign, "Unavailable"]));
      expect(performance.now() - started).toBeLessThan(2_000);
    },
    15_000,
  );

  test("a handler that throws is reported, and the others hear of everything", async () => {
    const errors: unknown[] = [];
    const { informer, changes } = follow({ onHandlerError: (error) => errors.push(error) });
    informer.addHandler({
      add: () => {
        throw new Error("bad handler");
      },
    });
    await synced(informer);
    put("a");
    put("b");
    await eventually(() => changes.length === 2);
    expect(errors).toHaveLength(2);
  });

  test("says how long the server has been silent", async () => {
    const { informer } = follow();
    expect(informer.silentMs()).toBe(Number.POSITIVE_INFINITY);
    expect(informer.hasSynced()).toBe(false);
    await synced(informer);
    expect(informer.silentMs()).toBeLessThan(2000);
  });
});
