import { afterEach, describe, expect, test } from "vitest";
import {
  type Check,
  cacheCheck,
  EventLoopCheck,
  healthEndpoint,
  metricsEndpoint,
  watchCheck,
} from "./health.ts";
import { type HttpEndpoint, ListenError } from "./http-endpoint.ts";

const open: HttpEndpoint[] = [];
afterEach(async () => {
  for (const endpoint of open.splice(0)) await endpoint.close();
});

async function serve(endpoint: HttpEndpoint) {
  open.push(endpoint);
  const { port } = await endpoint.listen({ host: "127.0.0.1", port: 0 });
  const get = async (path: string, method = "GET") => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      body: await response.text(),
    };
  };
  return { port, get };
}

const check = (name: string, problem?: string): Check => ({ name, problem: () => problem });

describe("the endpoint", () => {
  test("says ok, and every check when asked", async () => {
    const { get } = await serve(healthEndpoint({ live: [check("event-loop")], ready: [check("caches")] }));
    expect(await get("/healthz")).toMatchObject({ status: 200, body: "ok\n" });
    expect(await get("/readyz?verbose")).toMatchObject({ status: 200, body: "[+] caches: ok\nok\n" });
  });

  test("a failing check makes its own probe fail, says why, and leaves the other probe alone", async () => {
    const { get } = await serve(
      healthEndpoint({ live: [check("event-loop")], ready: [check("a"), check("b", "not yet")] }),
    );
    expect(await get("/readyz")).toMatchObject({ status: 503, body: "[+] a: ok\n[-] b: not yet\nfailed\n" });
    expect((await get("/healthz")).status).toBe(200);
  });

  test("serves nothing else", async () => {
    const { get } = await serve(healthEndpoint({ live: [], ready: [] }));
    expect(await get("/metrics")).toMatchObject({ status: 404, body: "try /healthz, /readyz\n" });
    expect((await get("/healthz", "POST")).status).toBe(405);
    expect(await get("/healthz", "HEAD")).toMatchObject({ status: 200, body: "" });
  });

  test("a check that throws is a failure, not a crash", async () => {
    const broken: Check = {
      name: "broken",
      problem: () => {
        throw new Error("oh");
      },
    };
    const { get } = await serve(healthEndpoint({ live: [broken], ready: [] }));
    expect(await get("/healthz")).toMatchObject({ status: 500, body: "oh\n" });
  });

  test("metrics keep their content type", async () => {
    const scrape = async () => ({ contentType: "text/plain; version=0.0.4", body: "up 1\n" });
    const { get } = await serve(metricsEndpoint({ scrape }));
    expect(await get("/metrics")).toEqual({ status: 200, type: "text/plain; version=0.0.4", body: "up 1\n" });
  });

  test("an address in use is refused in one line that names it", async () => {
    const { port } = await serve(healthEndpoint({ live: [], ready: [] }));
    const second = healthEndpoint({ live: [], ready: [] });
    const error = await second.listen({ host: "127.0.0.1", port }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ListenError);
    expect(String(error)).toContain(`cannot listen on 127.0.0.1:${port}: `);
  });
});

describe("the checks", () => {
  test("a late event loop fails once it is late by more than the limit", () => {
    const histogram = { mean: 20e6, reset: () => {}, enable: () => true, disable: () => true };
    using loop = new EventLoopCheck(1_000, histogram);
    expect(loop.problem()).toBeUndefined();
    histogram.mean = 2_520e6;
    expect(loop.problem()).toBe("the event loop is 2.5s late on average (limit 1s)");
    histogram.mean = Number.NaN; // what Node says when there was no sample
    expect(loop.problem()).toBeUndefined();
  });

  test("the real event loop of this process is measured", async () => {
    using loop = new EventLoopCheck(20);
    let problem: string | undefined;
    // On a busy machine the tick that tells of the delay may come after the question.
    for (let tries = 0; problem === undefined && tries < 8; tries++) {
      // Node measures from tick to tick, so the first tick must have come.
      await new Promise((resolve) => setTimeout(resolve, 60));
      const until = performance.now() + 400;
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 1));
      problem = loop.problem();
    }
    expect(problem).toMatch(/^the event loop is .* late on average/);
  });

  test("a watch that went silent fails, one that has not begun does not, nor when the API server is away", () => {
    let silent = 300_000;
    let connected = true;
    const caches = {
      flinkjobs: { hasSynced: () => true, silentMs: () => silent },
      flinkclusters: { hasSynced: () => false, silentMs: () => Number.POSITIVE_INFINITY },
    };
    const fresh = watchCheck(caches, 300_000, () => connected);
    expect(fresh.problem()).toBeUndefined();
    silent += 1_000;
    expect(fresh.problem()).toBe("nothing heard of flinkjobs for 5m1s");
    connected = false;
    expect(fresh.problem()).toBeUndefined();
  });

  test("caches are ready when all of them are", () => {
    let synced = false;
    const ready = cacheCheck({
      flinkjobs: { hasSynced: () => true },
      flinkclusters: { hasSynced: () => synced },
    });
    expect(ready.problem()).toBe("waiting for the first list of flinkclusters");
    synced = true;
    expect(ready.problem()).toBeUndefined();
  });
});
