import { expect, test } from "vitest";
import type { FlinkCluster } from "../../src/api/objects.ts";
import { aManaged } from "./cluster-builders.ts";
import { type ClusterWorld, Killed } from "./cluster-world.ts";

/** A story: what somebody wants, and until when the operator has to be asked. */
export interface Story {
  begin: () => Promise<ClusterWorld>;
  isOver: (world: ClusterWorld) => boolean;
}

/** Until it is over and nothing is done any more; the operator that dies is followed by another. */
export async function play(world: ClusterWorld, isOver: Story["isOver"], staleCaches = false): Promise<void> {
  for (let round = 0; round < 60; round++) {
    const calls = world.calls.length;
    try {
      // A cache that is behind shows what was there a reconcile ago.
      await world.step(staleCaches && round % 2 === 1);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      world.dies = undefined;
      world.restart();
    }
    world.settle();
    const quiet = world.calls.length === calls && !(staleCaches && round % 2 === 1);
    if (quiet && isOver(world)) return;
  }
  throw new Error(`It never came to rest: ${world.calls.slice(-10).join(", ")}`);
}

/** The tests of it, within a describe. */
export function endsAlike({ begin, isOver }: Story): void {
  test.each([false, true])(
    "ends alike, wherever the operator dies (caches behind: %s)",
    async (staleCaches) => {
      const golden = await begin();
      const from = golden.calls.length;
      await play(golden, isOver, staleCaches);
      expect(golden.calls.length).toBeGreaterThan(from + 5);
      for (let at = from; at < golden.calls.length; at++) {
        for (const after of [false, true]) {
          const world = await begin();
          world.dies = { at, after };
          await play(world, isOver, staleCaches);
          expect(world.names(), `died ${after ? "after" : "before"} ${golden.calls[at]}`).toEqual(
            golden.names(),
          );
        }
      }
    },
  );
}

/** Its spec changed. */
export const edit = (cluster: FlinkCluster, patch: Parameters<typeof aManaged>[0]): FlinkCluster => ({
  ...cluster,
  metadata: { ...cluster.metadata, generation: 2 },
  spec: { managed: aManaged(patch) },
});
/** Somebody deletes its FlinkCluster. */
export const deleted = (world: ClusterWorld): ClusterWorld => {
  const { metadata } = world.cluster;
  world.cluster = { ...world.cluster, metadata: { ...metadata, deletionTimestamp: "2026-03-01T12:00:00Z" } };
  return world;
};
