import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import type { LocalNode } from "../../dev/node/node.ts";
import { smallCluster } from "../../dev/node/small-cluster.ts";
import { flinkClusters } from "../../src/kube/resources.ts";
import { eventually } from "../support/eventually.ts";
import { JarServer } from "../support/jar-server.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";
import { Pods } from "./pods.ts";

// From a FlinkCluster to a Flink that runs, on a real kubelet, by an operator that is outside of the cluster.
describe.each(["1.20", "2.3"] as const)("a managed cluster of Flink %s in pods", (version) => {
  let world: World;
  let pods: Pods;
  let node: LocalNode;
  let jars: JarServer;
  let subject: ManagedSubject;
  let directory: string;
  let operator: Operator;

  beforeAll(async () => {
    world = await World.open(`managed-${version.replace(".", "-")}`);
    pods = await Pods.open(world.namespace);
    node = pods.node;
    jars = await JarServer.start(await buildJobsJar(version));
    world.onClose(() => jars.close());
    operator = await world.operator("--operator-image", inject("images").operator!);
    subject = new ManagedSubject(world, "orders");
  });
  afterAll(() => world.close());

  /**
   * Kills the operator, and starts it again, whenever the FlinkCluster says something new; of each of its sentences once. Not in the
   * last step: the event that tells its outcome is written once, and one that is killed may take it along.
   */
  function killer() {
    const told = new Set<string>();
    return async () => {
      const [ready] = (await subject.cluster).status?.conditions ?? [];
      const sentence = `${ready?.reason}: ${ready?.message}`;
      if (told.has(sentence) || ready?.reason === "CleaningStorage") return;
      told.add(sentence);
      await operator.restart();
    };
  }

  test("becomes Ready, and is Durable", async () => {
    const hostPath = await node.sharedDirectory(world.namespace);
    directory = join(hostPath, world.namespace, "orders");
    // A JobManager that is killed may leave a checkpoint behind that it was about to delete, and no other knows of it.
    const storage = { hostPath, keep: "Savepoints" } as const;
    await world.createCluster("orders", {
      managed: { ...smallCluster(version, inject("images")[version]!, hostPath), storage },
    });
    await pods.kubectl(["wait", "--for=condition=Ready", "--timeout=90s", "fc/orders"]);
    expect((await subject.cluster).status).toMatchObject({
      flinkVersion: expect.stringMatching(`^${version}`),
      protection: "Durable",
      jobManagers: { wanted: 1, ready: 1 },
      taskManagers: { wanted: 1, ready: 1 },
    });
  });

  test("runs a FlinkJob that names it", async () => {
    await world.createJob("counts", {
      cluster: { name: "orders" },
      ...scenario(["stream"], { uri: jars.uri(), sha256: jars.sha256 }),
    });
    const job = await world.untilReason("counts", "TasksRunning", 60_000);
    expect(job.status?.trigger).toMatchObject({ protection: "Durable", sends: 1 });
  });

  test("keeps the job when its JobManager is killed", async () => {
    const { incarnation } = (await subject.cluster).status ?? {};
    const before = await world.job("counts");
    const [leader] = await pods.list(role("jobmanager"));
    await node.containers.kill(leader!.containerId);
    await eventually(async () => (await subject.cluster).status?.incarnation !== incarnation, 60_000, 100);
    await subject.untilReason("Reachable", 60_000);
    const after = await world.untilReason("counts", "TasksRunning", 60_000);
    expect(after.status?.trigger).toMatchObject({
      jobId: before.status?.trigger?.jobId,
      sends: 1,
      attempt: 1,
    });
  });

  test("keeps the job when a change of its configuration replaces all pods, the JobManager's first, whenever the operator is killed", async () => {
    const [[oldLeader], [oldWorker]] = [
      await pods.list(role("jobmanager")),
      await pods.list(role("taskmanager")),
    ];
    await subject.edit({ flinkConfiguration: { "jobmanager.execution.attempts-history-size": 7 } });
    const order: string[] = [];
    const kill = killer();
    await eventually(
      async () => {
        await kill();
        const [[leader], [worker]] = [
          await pods.list(role("jobmanager")),
          await pods.list(role("taskmanager")),
        ];
        if (leader && leader.name !== oldLeader!.name && !order.includes("jobmanager"))
          order.push("jobmanager");
        if (worker && worker.name !== oldWorker!.name && !order.includes("taskmanager"))
          order.push("taskmanager");
        return order.length === 2;
      },
      90_000,
      100,
    );
    expect(order).toEqual(["jobmanager", "taskmanager"]);
    await subject.untilReason("Reachable", 60_000);
    const after = await world.untilReason("counts", "TasksRunning", 60_000);
    expect(after.status?.trigger).toMatchObject({ sends: 1, attempt: 1 });
    expect(after.status?.history).toBeUndefined();
  });

  test("goes after the FlinkJob, and leaves nothing but savepoints, whenever the operator is killed", async () => {
    const { namespace, kube } = world;
    expect(await subject.leftByFlink()).not.toEqual([]);
    await kube.delete(flinkClusters, { namespace, name: "orders" }, { propagation: "Foreground" });
    await subject.untilReason("InUse");
    expect(await pods.list(role("jobmanager"))).toHaveLength(1);
    const savepoint = "savepoints/savepoint-012345-1";
    await mkdir(join(directory, savepoint), { recursive: true });
    expect(await readdir(directory)).toEqual(expect.arrayContaining(["checkpoints", "ha", "savepoints"]));
    await world.deleteJob("counts");
    await subject.untilGone(90_000, killer());
    await world.untilGone("counts", 30_000);
    expect(await subject.left()).toEqual([]);
    expect(await readdir(directory, { recursive: true })).toEqual(["savepoints", savepoint]);
    const told = await eventually(async () => {
      const events = await world.events("orders", namespace, "FlinkCluster");
      return events.find(({ reason }) => reason === "StorageCleaned") ?? false;
    }, 5_000);
    expect(told.note).toContain(`These stay: ${savepoint}.`);
  });
});

const role = (name: string) => ({ "flinkjob.dev/cluster": "orders", "app.kubernetes.io/component": name });
