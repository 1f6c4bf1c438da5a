import { describe, expect, test } from "vitest";
import { aManagedCluster } from "../../../test/support/cluster-builders.ts";
import { deleted, edit, endsAlike, play, type Story } from "../../../test/support/cluster-stories.ts";
import { aFlinkConfigMap, aTaskManagerPod, ClusterWorld } from "../../../test/support/cluster-world.ts";

const MADE = "orders-taskmanager-1-1";
/** In mode native, with a job that has got a TaskManager. */
const deployedNative = async (): Promise<ClusterWorld> => {
  const world = new ClusterWorld(aManagedCluster({ mode: "native" }));
  await play(world, ({ objects }) => objects.has("Deployment/orders"));
  world.put(aTaskManagerPod(world, MADE));
  return world;
};
const stories = {
  roll: {
    begin: async () => {
      const world = await deployedNative();
      world.cluster = edit(world.cluster, { mode: "native", image: "flink:2.3.1" });
      return world;
    },
    isOver: (world) => !world.names().includes(`Pod/${MADE}`),
  },
  "tear down": {
    begin: async () => {
      const world = await deployedNative();
      world.put(aFlinkConfigMap("orders"));
      return deleted(world);
    },
    isOver: ({ cluster }) => cluster.metadata.finalizers?.length === 0,
  },
} satisfies Record<string, Story>;

describe.each(Object.entries(stories))("%s", (_name, story) => endsAlike(story));

describe("where the JobManager makes the TaskManagers' pods", () => {
  test("those of the spec stay, and count", async () => {
    const world = await deployedNative();
    const { view } = await world.step();
    expect(view?.state).toEqual({ kind: "deployed", held: false });
    expect(world.names()).toContain(`Pod/${MADE}`);
    expect(world.names()).not.toContain("Deployment/orders-taskmanager");
  });

  test("those of an older spec go once the new JobManager looks after their jobs", async () => {
    const world = await stories.roll.begin();
    for (let round = 0; round < 3; round++) {
      // Not available yet, for nobody settles it.
      expect((await world.step()).view?.state).toEqual({ kind: "deployed", held: true });
      expect(world.names()).toContain(`Pod/${MADE}`);
    }
    world.settle();
    await world.step();
    expect(world.names()).not.toContain(`Pod/${MADE}`);
    // What the new JobManager makes stays.
    world.put(aTaskManagerPod(world, "orders-taskmanager-2-1"));
    expect((await world.step()).view?.state).toEqual({ kind: "deployed", held: false });
    expect(world.names()).toContain("Pod/orders-taskmanager-2-1");
  });

  test("those that Flink has given up are left to it", async () => {
    const world = await stories.roll.begin();
    const pod = world.objects.get(`Pod/${MADE}`)!;
    world.put({ ...pod, status: { phase: "Failed" } });
    await world.step();
    world.settle();
    expect((await world.step()).view?.state).toEqual({ kind: "deployed", held: false });
    expect(world.names()).toContain(`Pod/${MADE}`);
  });

  test("all are gone before what Flink remembers goes", async () => {
    const world = await stories["tear down"].begin();
    const from = world.calls.length;
    await play(world, stories["tear down"].isOver);
    const deletions = world.calls.slice(from).filter((call) => call.startsWith("delete"));
    expect(deletions[0]).toBe("delete Deployment/orders");
    expect(deletions).not.toContain(`delete Pod/${MADE}`);
    expect(deletions).toContain("delete ConfigMap/orders-cluster-config-map");
    expect(world.names()).toEqual([]);
  });
});
