import { describe } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { names, test } from "../../test/support/followed-config-maps.ts";

describe.concurrent("Reflector", () => {
  test("lists by streaming, and the same request goes on as the watch", async ({ world, expect }) => {
    world.put("a");
    const { informer, changes } = world.follow();
    await world.synced(informer);
    world.put("b");
    world.put("b", { x: "1" });
    world.remove("a");
    await eventually(() => changes.length === 4);
    expect(changes).toEqual(["initial a", "add b", "update b", "delete a"]);
    expect(world.server.requests).toHaveLength(1);
    expect(world.server.requests[0]?.query.get("allowWatchBookmarks")).toBe("true");
  });

  test("a server that refuses streaming is listed page by page, from then on", async ({ world, expect }) => {
    world.server.streamingLists = "refuse";
    for (let i = 0; i < 3; i++) world.put(`a${i}`);
    const { informer } = world.follow();
    await world.synced(informer);
    world.server.storage.compact();
    world.server.inject('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n');
    await eventually(() => world.server.requests.filter(({ watch }) => !watch).length === 2);
    expect(world.server.requests.filter(({ query }) => query.has("sendInitialEvents"))).toHaveLength(1);
  });

  test("a list that expires between two pages is taken again", async ({ world, expect }) => {
    world.server.streamingLists = "refuse";
    for (let i = 0; i < 700; i++) world.put(`a${i}`);
    world.server.fault = ({ query }) => {
      if (query.has("continue")) world.server.storage.version++;
      if (query.has("continue")) world.server.storage.compact();
      return undefined;
    };
    const { informer, problems } = world.follow();
    await world.synced(informer);
    expect(informer.store.size).toBe(700);
    expect(problems).toEqual([]);
  });

  test("a reset connection is resumed at the same resourceVersion, without a new list", async ({
    world,
    expect,
  }) => {
    world.put("a");
    const { informer, changes } = world.follow();
    await world.synced(informer);
    world.put("b");
    await eventually(() => changes.length === 2);
    const version = world.server.storage.version;
    world.server.breakWatches("reset");
    world.put("c");
    await eventually(() => names(informer).includes("c"), 3000);
    expect(world.server.requests).toHaveLength(2);
    expect(world.server.requests[1]?.query.get("resourceVersion")).toBe(String(version));
  });

  test("a bookmark moves the place to resume at", async ({ world, expect }) => {
    const { informer } = world.follow();
    await world.synced(informer);
    world.server.storage.version += 50;
    world.server.bookmark();
    const version = world.server.storage.version;
    world.server.breakWatches("end");
    await eventually(() => world.server.requests.length === 2, 3000);
    expect(world.server.requests[1]?.query.get("resourceVersion")).toBe(String(version));
  });

  test("410 as an event, and as an answer, mean a new list; what vanished meanwhile is deleted", async ({
    world,
    expect,
  }) => {
    world.put("a");
    world.put("b");
    const { informer, changes, problems } = world.follow();
    await world.synced(informer);
    world.server.inject('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n');
    await eventually(() => world.server.requests.length === 2);
    expect(world.server.requests[1]?.query.get("sendInitialEvents")).toBe("true");
    await eventually(() => world.server.watches === 1);
    world.server.breakWatches("reset");
    world.remove("a");
    world.server.storage.compact();
    await eventually(() => changes.includes("delete a"), 3000);
    expect(names(informer)).toEqual(["b"]);
    expect(problems.filter((code) => code === "Gone")).toHaveLength(2);
  });

  test("an object deleted and made anew while nobody watched is a delete and an add", async ({
    world,
    expect,
  }) => {
    world.put("a");
    const { informer, changes } = world.follow();
    await world.synced(informer);
    world.server.breakWatches("silence");
    world.remove("a");
    world.put("a");
    world.server.storage.compact();
    await world.server.stop();
    await world.server.start();
    await eventually(() => changes.length === 3, 5000);
    expect(changes).toEqual(["initial a", "delete a", "add a"]);
    expect(informer.store.size).toBe(1);
  });

  test("a cut or senseless event means a new connection, not the end", async ({ world, expect }) => {
    const { informer, problems } = world.follow();
    await world.synced(informer);
    world.server.inject('{"type":"ADDED","object":{"meta');
    world.server.breakWatches("end");
    world.put("a");
    await eventually(() => names(informer).includes("a"), 4000);
    world.server.inject("<html>\n");
    world.server.breakWatches("silence");
    world.put("b");
    await eventually(() => names(informer).includes("b"), 6000);
    expect(problems).toEqual(["BadReply", "BadReply"]);
  });

  test("a socket that says nothing any more is given up", async ({ world, expect }) => {
    const { informer, problems } = world.follow({ idleLimitMs: 300 });
    await world.synced(informer);
    world.server.breakWatches("silence");
    world.put("a");
    await eventually(() => names(informer).includes("a"), 4000);
    expect(problems[0]).toBe("Timeout");
  });

  test("429 is obeyed for as long as it says", async ({ world, expect }) => {
    let refused = 0;
    world.server.fault = ({ watch }) =>
      watch && refused++ < 1 ? { status: 429, reason: "TooManyRequests", retryAfter: 2 } : undefined;
    const started = performance.now();
    const { informer } = world.follow();
    await world.synced(informer);
    expect(performance.now() - started).toBeGreaterThan(1900);
    expect(refused).toBe(2);
  });

  test("500 and 503 are tried again with growing pauses", async ({ world, expect }) => {
    const times: number[] = [];
    world.server.fault = () => {
      times.push(performance.now());
      return times.length <= 2 ? { status: times.length === 1 ? 500 : 503 } : undefined;
    };
    const { informer, problems } = world.follow();
    await world.synced(informer);
    expect(problems).toEqual(["ServerError", "Unavailable"]);
    expect(times[1]! - times[0]!).toBeGreaterThan(750);
    expect(times[2]! - times[1]!).toBeGreaterThan(1550);
  });

  test("a resourceVersion that the server does not have yet means a new list", async ({ world, expect }) => {
    world.put("a");
    const { informer } = world.follow();
    await world.synced(informer);
    let refused = false;
    world.server.fault = ({ query }) => {
      if (!query.has("resourceVersion") || refused) return undefined;
      refused = true;
      return { status: 504, reason: "Timeout", causes: [{ reason: "ResourceVersionTooLarge" }] };
    };
    world.server.breakWatches("reset");
    world.put("b");
    await eventually(() => names(informer).includes("b"), 5000);
    expect(world.server.requests.at(-1)?.query.get("sendInitialEvents")).toBe("true");
  });

  test("a history that went back (a restored backup) is noticed by its bookmark", async ({
    world,
    expect,
  }) => {
    world.put("a");
    const { informer, problems } = world.follow();
    await world.synced(informer);
    world.server.bookmark(50);
    await eventually(() => world.server.requests.length === 2);
    expect(problems).toEqual(["Gone"]);
    expect(informer.hasSynced()).toBe(true);
  });
});
