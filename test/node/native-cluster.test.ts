import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { smallCluster } from "../../dev/node/small-cluster.ts";
import { flinkClusters } from "../../src/kube/resources.ts";
import { eventually } from "../support/eventually.ts";
import { JarServer } from "../support/jar-server.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import { SCALED_AT_ONCE } from "../support/scaled-at-once.ts";
import { scenario, World } from "../support/world.ts";
import { type Pod, Pods } from "./pods.ts";

const version = "2.3";

// A JobManager that makes the TaskManagers' pods, from the first to the last of them.
describe("a cluster in mode native, in pods", () => {
  let world: World;
  let pods: Pods;
  let jars: JarServer;
  let subject: ManagedSubject;
  let first: Pod;

  beforeAll(async () => {
    world = await World.open("native");
    pods = await Pods.open(world.namespace);
    jars = await JarServer.start(await buildJobsJar(version));
    world.onClose(() => jars.close());
    await world.operator("--operator-image", inject("images").operator!);
    subject = new ManagedSubject(world, "orders");
  });
  afterAll(() => world.close());

  const taskManagers = () =>
    pods.list({ "flinkjob.dev/cluster": "orders", "app.kubernetes.io/component": "taskmanager" });

  /** Those that the JobManager knows, and how many of their two slots are free. */
  const flinksOwn = async () => {
    const address = await pods.serviceAddress("orders-rest");
    const response = await fetch(`http://${address}:8081/taskmanagers`);
    return ((await response.json()) as { taskmanagers: { id: string; freeSlots: number }[] }).taskmanagers;
  };

  test("comes up with no TaskManager", async () => {
    const hostPath = await pods.node.sharedDirectory(world.namespace);
    const small = smallCluster(version, inject("images")[version]!, hostPath);
    const flinkConfiguration = { ...small.flinkConfiguration, ...SCALED_AT_ONCE };
    await world.createCluster("orders", { managed: { ...small, flinkConfiguration, mode: "native" } });
    await pods.kubectl(["wait", "--for=condition=Ready", "--timeout=90s", "fc/orders"]);
    expect((await subject.cluster).status).toMatchObject({
      protection: "Durable",
      jobManagers: { wanted: 1, ready: 1 },
      taskManagers: { wanted: 0, ready: 0 },
    });
    expect(await taskManagers()).toEqual([]);
  });

  test("gets one for a FlinkJob, as safe as the operator's own", async () => {
    await world.createJob("counts", {
      cluster: { name: "orders" },
      ...scenario(["stream"], { uri: jars.uri(), sha256: jars.sha256 }),
      parallelism: 1,
    });
    const job = await world.untilReason("counts", "TasksRunning", 90_000);
    expect(job.status?.trigger).toMatchObject({ protection: "Durable", sends: 1 });
    const made = await taskManagers();
    expect(made).toHaveLength(1);
    first = made[0]!;
    const [pod] = await subject.pods("taskmanager");
    expect(pod?.spec).toMatchObject({
      serviceAccountName: "orders-taskmanager",
      securityContext: { runAsNonRoot: true, runAsUser: 9999, seccompProfile: { type: "RuntimeDefault" } },
      containers: [{ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }],
    });
    await eventually(async () => (await subject.cluster).status?.taskManagers?.ready === 1, 30_000);
    await subject.untilReason("Reachable", 30_000);
  });

  test("gets another when that one is killed, and the job goes on", async () => {
    const before = await world.job("counts");
    await pods.node.containers.kill(first.containerId);
    const taken = await eventually(async () => {
      const [other] = (await flinksOwn()).filter(({ id }) => id !== first.name);
      return other?.freeSlots === 1 ? other.id : false;
    }, 90_000);
    expect((await taskManagers()).map(({ name }) => name)).toContain(taken);
    const after = await world.untilReason("counts", "TasksRunning", 90_000);
    const { jobId } = before.status?.trigger ?? {};
    expect(after.status?.trigger).toMatchObject({ jobId, sends: 1, attempt: 1 });
  });

  test("gets one more for a job that is scaled as it runs", async () => {
    const { jobId } = (await world.job("counts")).status?.trigger ?? {};
    await world.editJob("counts", { parallelism: 3 });
    const { status } = await world.until(
      "counts",
      ({ status }) => status?.trigger?.parallelism === 3 && status.trigger.reason === "TasksRunning",
      90_000,
    );
    expect(status?.trigger).toMatchObject({ jobId, sends: 1, attempt: 1, scaling: { tasks: 3 } });
    // The one that was killed may be known for a while.
    await eventually(async () => {
      const living = (await flinksOwn()).filter(({ id }) => id !== first.name);
      return living.length === 2 && living.reduce((free, { freeSlots }) => free + freeSlots, 0) === 1;
    }, 60_000);
  });

  test("goes after the FlinkJob with all its pods, and leaves nothing", async () => {
    const { namespace, kube } = world;
    expect(await subject.leftByFlink()).not.toEqual([]);
    await kube.delete(flinkClusters, { namespace, name: "orders" }, { propagation: "Foreground" });
    await world.deleteJob("counts");
    await world.untilGone("counts", 30_000);
    await subject.untilGone(60_000);
    expect(await subject.left()).toEqual([]);
  });
});
