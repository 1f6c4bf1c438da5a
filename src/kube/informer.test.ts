import { describe } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { type ConfigMap, test } from "../../test/support/followed-config-maps.ts";

describe.concurrent("Informer", () => {
  test("a handler that throws is reported, and the others hear of everything", async ({ world, expect }) => {
    const errors: unknown[] = [];
    const { informer, changes } = world.follow({ onHandlerError: (error) => errors.push(error) });
    informer.addHandler({
      add: () => {
        throw new Error("bad handler");
      },
    });
    await world.synced(informer);
    world.put("a");
    world.put("b");
    await eventually(() => changes.length === 2);
    expect(errors).toHaveLength(2);
  });

  test("keeps no more of an object than it is told to, in the cache and for handlers", async ({
    world,
    expect,
  }) => {
    const trim = ({ data: _, ...kept }: ConfigMap): ConfigMap => kept;
    world.put("early", { long: "text" });
    const { informer, changes } = world.follow({ trim });
    const told: unknown[] = [];
    informer.addHandler({ add: ({ data }) => told.push(data) });
    await world.synced(informer);
    world.put("late", { long: "text" });
    await eventually(() => changes.length === 2);
    expect(informer.store.list().map(({ data }) => data)).toEqual([undefined, undefined]);
    expect(told).toEqual([undefined, undefined]);
  });

  test("says how long the server has been silent", async ({ world, expect }) => {
    const { informer } = world.follow();
    expect(informer.silentMs()).toBe(Number.POSITIVE_INFINITY);
    expect(informer.hasSynced()).toBe(false);
    await world.synced(informer);
    expect(informer.silentMs()).toBeLessThan(2000);
  });
});
