import { describe } from "vitest";
import { eventually } from "../support/eventually.ts";
import { names, test } from "../support/followed-config-maps.ts";

describe.concurrent("the reflector after an outage, in real time", () => {
  test("after a restart the watch is back within 2 s, even when the server first answers with errors", async ({
    world,
    expect,
  }) => {
    world.put("a");
    const { informer } = world.follow({ random: Math.random });
    await world.synced(informer);
    await world.server.stop();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const before = world.server.requests.length;
    await world.server.start();
    const started = performance.now();
    let answers = 0;
    world.server.fault = () => (answers++ < 1 ? { status: 403, reason: "Forbidden" } : undefined);
    world.put("b");
    await eventually(() => names(informer).includes("b"), 10_000);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(world.server.requests.length - before).toBeLessThan(4);
  });

  test.for([
    ["refused us", "Unreachable"],
    ["cut a watch of some seconds", "Network"],
  ] as const)(
    "a server that has just %s is not believed when it asks for five seconds",
    { timeout: 15_000 },
    async ([, sign], { world, expect }) => {
      const { informer, problems } = world.follow();
      await world.synced(informer);
      let answers = 0;
      world.server.fault = () => (answers++ < 1 ? { status: 503, retryAfter: 5 } : undefined);
      if (sign === "Network") {
        await new Promise((resolve) => setTimeout(resolve, 5_100));
        world.server.breakWatches("reset");
      } else {
        await world.server.stop();
        await eventually(() => problems.includes(sign));
        await world.server.start();
      }
      const started = performance.now();
      world.put("b");
      await eventually(() => names(informer).includes("b"), 10_000);
      expect(problems).toEqual(expect.arrayContaining([sign, "Unavailable"]));
      expect(performance.now() - started).toBeLessThan(2_000);
    },
  );
});
