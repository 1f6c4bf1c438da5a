import { describe } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { test } from "../../test/support/followed-config-maps.ts";

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

  test("says how long the server has been silent", async ({ world, expect }) => {
    const { informer } = world.follow();
    expect(informer.silentMs()).toBe(Number.POSITIVE_INFINITY);
    expect(informer.hasSynced()).toBe(false);
    await world.synced(informer);
    expect(informer.silentMs()).toBeLessThan(2000);
  });
});
