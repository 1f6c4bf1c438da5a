import { describe, expect, test } from "vitest";
import { aDesign, aManagedCluster } from "../../../test/support/cluster-builders.ts";
import { deleted, edit, endsAlike, play, type Story } from "../../../test/support/cluster-stories.ts";
import { aFlinkConfigMap, aTaskManagerPod, ClusterWorld } from "../../../test/support/cluster-world.ts";
import type { Pod } from "../../core/cluster/pods.ts";
import { KubeError } from "../../kube/errors.ts";
import { NativeTaskManagers } from "./native-task-managers.ts";

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

describe("a job that waits in vain", () => {
  const design = aDesign({ mode: "native", taskManager: { resources: { requests: { cpu: "500m" } } } });
  const quota = new KubeError(
    "Forbidden",
    'POST /api/v1/namespaces/team-a/pods: pods "x" is forbidden: quota',
  );
  const aPod = (status: NonNullable<Pod["status"]>): Pod => ({
    metadata: { name: "p", labels: { "app.kubernetes.io/component": "taskmanager" } },
    status,
  });
  const ready = aPod({ conditions: [{ type: "Ready", status: "True" }] });
  const asking = (answer?: KubeError, pods: Pod[] = []) => {
    const asked: unknown[] = [];
    const create = async (_: unknown, object: unknown, options: unknown) => {
      asked.push([object, options]);
      if (answer) throw answer;
      return object as never;
    };
    const native = new NativeTaskManagers({
      kube: { create: create as never },
      owned: { podsOf: () => pods },
      writer: { removePod: async () => {} },
    });
    const signal = new AbortController().signal;
    return { asked, pods, told: (waits = true, of = design) => native.trouble(of, waits, signal) };
  };

  test("is told what its JobManager is refused, once it has waited for a while", async () => {
    const { told, asked } = asking(quota, [ready]);
    expect(await told()).toBeUndefined();
    expect(asked).toEqual([]);
    const refusal = {
      reason: "PodsRefused",
      message: 'A job waits for a TaskManager, and its JobManager gets no pod: pods "x" is forbidden: quota',
      stalled: true,
    };
    expect([await told(), await told()]).toEqual([refusal, refusal]);
    expect(await told(false)).toBeUndefined();
    expect(await told()).toBeUndefined();
  });

  test("is asked about with a pod as Flink makes it, which nobody stores", async () => {
    const { told, asked } = asking();
    await told();
    expect(await told()).toBeUndefined();
    expect(asked).toEqual([
      [
        expect.objectContaining({
          metadata: expect.objectContaining({ namespace: "team-a" }),
          spec: expect.objectContaining({
            restartPolicy: "Never",
            serviceAccountName: "orders-taskmanager",
            containers: [
              expect.objectContaining({
                image: "flink:2.3",
                resources: {
                  requests: { cpu: "0.5", memory: String(1728 * 2 ** 20) },
                  limits: { cpu: "1", memory: String(1728 * 2 ** 20) },
                },
              }),
            ],
          }),
        }),
        expect.objectContaining({ dryRun: true }),
      ],
    ]);
  });

  test("is told nothing once a pod is on its way, and waits anew after that", async () => {
    const { told, pods, asked } = asking(quota, [ready]);
    await told();
    pods.push(aPod({}));
    expect(await told()).toBeUndefined();
    pods.pop();
    expect(await told()).toBeUndefined();
    expect(asked).toEqual([]);
    expect(await told()).toMatchObject({ reason: "PodsRefused" });
  });

  test.each([
    ["a pod is on its way", asking(quota, [ready, aPod({})]), design],
    ["it is not known", asking(new KubeError("BadRequest", "the webhook does not support dry run")), design],
    ["the operator makes the pods", asking(quota), aDesign()],
  ])("is told nothing while %s", async (_what, { told }, of) => {
    expect([await told(true, of), await told(true, of), await told(true, of)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  const ended = (uid: string, exitCode: number, message = ""): Pod => ({
    ...aPod({
      phase: "Failed",
      containerStatuses: [{ name: "c", state: { terminated: { exitCode, message } } }],
    }),
    metadata: { ...ready.metadata, name: `pod-${uid}`, uid },
  });

  test("is told how its pods end, one after the other, and no more once one is ready", async () => {
    const { told, pods } = asking();
    pods.push(ended("1", 1, "no such class"));
    expect([await told(), await told()]).toEqual([undefined, undefined]);
    const loop = {
      reason: "CrashLooping",
      message: "pod-1 ended with exit code 1: no such class. Those that follow it end, too.",
      stalled: true,
    };
    for (const uid of ["2", "3"]) {
      pods.splice(0, 1, ended(uid, 1, "other words"));
      expect(await told()).toEqual(loop);
    }
    // Flink takes them away.
    pods.splice(0, 1);
    expect(await told()).toEqual(loop);
    pods.push(aPod({}));
    expect(await told()).toEqual(loop);
    pods.splice(0, 1, ready);
    expect(await told()).toBeUndefined();
  });

  test("is told nothing of pods that were told to end", async () => {
    const { told, pods } = asking();
    const deletionTimestamp = "2026-03-01T12:00:00Z";
    const killed = ended("k", 137);
    for (const pod of [
      ended("1", 143),
      ended("2", 143),
      ended("3", 0),
      { ...killed, metadata: { ...killed.metadata, deletionTimestamp } },
      ended("4", 1),
    ]) {
      pods.splice(0, 1, pod);
      expect(await told()).toBeUndefined();
    }
    pods.splice(0, 1, ended("5", 137));
    expect(await told()).toMatchObject({ reason: "CrashLooping" });
  });
});
