import { describe, expect, test } from "vitest";
import { aJob, aTrigger, UID } from "../../../test/support/builders.ts";
import { type aManaged, aManagedCluster } from "../../../test/support/cluster-builders.ts";
import { deleted, edit, endsAlike, play, type Story } from "../../../test/support/cluster-stories.ts";
import { aFlinkConfigMap, aReplicaSet, ClusterWorld, Killed } from "../../../test/support/cluster-world.ts";
import { JOB_LABEL, JOB_UID_LABEL } from "../../api/group.ts";
import type { FlinkJob } from "../../api/objects.ts";
import { restUrl } from "../../core/cluster/names.ts";

const deployed = async (): Promise<ClusterWorld> => {
  const world = new ClusterWorld(aManagedCluster());
  await play(world, isDeployed);
  return world;
};
const isDeployed = (world: ClusterWorld) => world.names().includes("Deployment/orders-taskmanager");
const isRolled = (world: ClusterWorld) =>
  [...world.objects.values()].filter(({ spec }) => JSON.stringify(spec ?? {}).includes("flink:2.3.1"))
    .length === 2;

const stories: Record<string, Story> = {
  "deploy one job's": {
    begin: async () => {
      const jar = { uri: "https://jars.example/orders.jar" };
      return new ClusterWorld(
        aManagedCluster({ application: { jobId: "0123456789abcdef0123456789abcdef", jar } }),
      );
    },
    isOver: isDeployed,
  },
  deploy: { begin: async () => new ClusterWorld(aManagedCluster()), isOver: isDeployed },
  roll: {
    begin: async () => {
      const world = await deployed();
      world.cluster = edit(world.cluster, {
        image: "flink:2.3.1",
        ingress: { host: "flink.example" },
        flinkConfiguration: { "parallelism.default": 2 },
      });
      return world;
    },
    isOver: isRolled,
  },
  "tear down": {
    begin: async () => {
      const world = await deployed();
      world.put(aFlinkConfigMap("orders"));
      world.put(aFlinkConfigMap("neighbour"));
      return deleted(world);
    },
    isOver: ({ cluster }) => cluster.metadata.finalizers?.length === 0,
  },
  "tear down what a Deployment left": {
    begin: async () => {
      const world = await deployed();
      world.objects.delete("Deployment/orders-taskmanager");
      world.put(aReplicaSet("orders-taskmanager-1"));
      world.settle();
      return deleted(world);
    },
    isOver: ({ cluster }) => cluster.metadata.finalizers?.length === 0,
  },
};

describe.each(Object.entries(stories))("%s", (_name, story) => endsAlike(story));

test("what is taken away goes in order, and nothing of others", async () => {
  const { begin, isOver } = stories["tear down"]!;
  const world = await begin();
  const from = world.calls.length;
  await play(world, isOver);
  const deletions = world.calls.slice(from).filter((call) => call.startsWith("delete"));
  expect(deletions.slice(0, 2).sort()).toEqual([
    "delete Deployment/orders-jobmanager",
    "delete Deployment/orders-taskmanager",
  ]);
  // What Flink remembers outlives nothing that could still write it.
  expect(world.calls.filter((call) => !call.startsWith("list")).slice(-3)).toEqual([
    "delete ConfigMap/orders-cluster-config-map",
    "create Pod/orders-storage-cleaner",
    "delete Pod/orders-storage-cleaner",
  ]);
  expect(world.names()).toEqual(["ConfigMap/neighbour-cluster-config-map"]);
});

describe("an operator with another image to fetch JARs", () => {
  const application = {
    jobId: "0123456789abcdef0123456789abcdef",
    jar: { uri: "https://jars.example/orders.jar" },
  };
  const image = ({ objects }: ClusterWorld) =>
    /"image":"(operator:\d)"/.exec(JSON.stringify(objects.get("Deployment/orders-jobmanager")))?.[1];
  const upgraded = async (readyReplicas: number | undefined): Promise<ClusterWorld> => {
    const world = new ClusterWorld(aManagedCluster({ application }));
    await play(world, isDeployed);
    expect(image(world)).toBe("operator:1");
    const deployment = world.objects.get("Deployment/orders-jobmanager")!;
    const status = { ...(deployment.status as object), readyReplicas };
    world.put({ ...deployment, status });
    world.jarFetcher = { image: "operator:2", args: [] };
    world.restart();
    await world.step();
    return world;
  };

  test("replaces no JobManager that is ready", async () => {
    const world = await upgraded(1);
    expect(image(world)).toBe("operator:1");
  });

  test("replaces one that cannot start: the image may be why", async () => {
    const world = await upgraded(undefined);
    expect(image(world)).toBe("operator:2");
  });
});

test("what a pod cleans is told, and what it says stays", async () => {
  const { begin, isOver } = stories["tear down"]!;
  const world = await begin();
  let steps = 0;
  while (!world.names().includes("Pod/orders-storage-cleaner") && steps++ < 20) {
    await world.step();
    world.settle();
  }
  const { view, finalizer, events } = await world.step();
  expect([view, finalizer]).toEqual([undefined, "remove"]);
  expect(events).toEqual([
    {
      type: "Normal",
      reason: "StorageCleaned",
      message: "team-a/orders of the claim flink was cleaned. Nothing stays.",
    },
  ]);
  expect(isOver(world)).toBe(true);
});

test("pods whose Deployment is gone are left to the garbage collector for a moment", async () => {
  const world = await stories["tear down what a Deployment left"]!.begin();
  const pod = "Pod/orders-taskmanager-1-x";
  const deletions: string[] = [];
  for (let rounds = 0; world.names().includes(pod) && rounds < 20; rounds++) {
    await world.step();
    world.settle();
    deletions.push(world.calls.findLast((call) => /^delete (Pod|ReplicaSet)/.test(call)) ?? "none");
  }
  // The JobManager's Deployment goes first; then two looks pass.
  expect(deletions).toEqual(["none", "none", "none", `delete ${pod}`]);
  expect(world.names().filter((name) => /^(Pod|ReplicaSet)/.test(name))).toEqual([]);
});

test("while FlinkJobs name it, nothing is taken away", async () => {
  const world = await stories["tear down"]!.begin();
  world.jobs = [aJob().build()];
  const before = world.names();
  const { view, finalizer } = await world.step();
  expect(view?.state).toMatchObject({ kind: "blocked", reason: "InUse", stalled: false });
  expect([finalizer, world.names()]).toEqual(["keep", before]);
});

describe("one that was made for a FlinkJob alone, which no cache shows to have a job there", () => {
  const url = restUrl("team-a", "orders");
  const begun = aTrigger().with({ sends: 1, sentTo: { url, incarnation: "", flinkVersion: "2.3" } });
  const cluster = { name: "orders", mode: "application", releasedAt: "2026-03-01T12:00:00Z" } as const;
  const asked = async (job: FlinkJob | undefined) => {
    const world = await stories["tear down"]!.begin();
    const { metadata } = world.cluster;
    const labels = { [JOB_LABEL]: "orders", [JOB_UID_LABEL]: UID };
    world.cluster = { ...world.cluster, metadata: { ...metadata, labels } };
    world.newestJob = job;
    return { before: world.names(), outcome: await world.step(), world };
  };

  const own = { name: "orders", mode: "application" } as const;
  test.each([
    ["its job may run", begun],
    ["what its job has counted is not read yet", begun.finished().with({ cluster: own })],
  ])("keeps its pods while the API server knows better: %s", async (_, trigger) => {
    const { outcome, before, world } = await asked(aJob().trigger(trigger).build());
    expect(outcome.view?.state).toMatchObject({ kind: "blocked", reason: "InUse" });
    expect([outcome.finalizer, world.names(), world.deleting()]).toEqual(["keep", before, []]);
  });

  test.each([
    ["it has let go of it", aJob().trigger(begun.with({ cluster })).build()],
    ["it is another of the same name", aJob().trigger(begun).meta({ uid: "another" }).build()],
    ["it is gone", undefined],
  ])("loses them when %s", async (_, job) => {
    const { world } = await asked(job);
    expect(world.deleting()).toEqual(["Deployment/orders-jobmanager", "Deployment/orders-taskmanager"]);
  });
});

test("somebody who changes an object back with each write of ours does not keep us busy", async () => {
  const world = await deployed();
  const name = "Role/orders-taskmanager";
  for (let round = 0; round < 5; round++) {
    // Nothing of it is a change by the API server's own count.
    world.objects.set(name, { ...world.objects.get(name)!, rules: [] });
    await world.step();
  }
  expect(world.calls.filter((call) => call === `apply ${name}`).length).toBeLessThanOrEqual(2);
});

describe("an operator that wakes up late makes nothing again that another has taken away", () => {
  const asleep = async (patch: Parameters<typeof aManaged>[0]): Promise<ClusterWorld> => {
    const world = await deployed();
    world.cluster = edit(world.cluster, patch);
    // Its caches are filled when it falls asleep, at the first call that it makes.
    world.dies = { at: world.calls.length, after: false };
    await expect(world.step()).rejects.toThrow(Killed);
    world.dies = undefined;
    world.takeAway();
    return world;
  };

  test("not what was there", async () => {
    const world = await asleep({ image: "flink:2.3.1" });
    await expect(world.step(true)).rejects.toMatchObject({ code: "Conflict" });
    expect(world.names()).toEqual([]);
  });

  test("nor anything new", async () => {
    const world = await asleep({ ingress: { host: "flink.example" } });
    expect(await world.step(true)).toEqual({ finalizer: "keep" });
    expect(world.names()).toEqual([]);
  });
});
