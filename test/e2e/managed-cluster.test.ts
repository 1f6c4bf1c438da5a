import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkCluster } from "../../src/api/objects.ts";
import { clusterKinds } from "../../src/controller/managed/kinds.ts";
import type { ClusterObject } from "../../src/core/cluster/objects.ts";
import { MAIN_CONTAINER } from "../../src/core/cluster/pod-template.ts";
import { flinkClusters } from "../../src/kube/resources.ts";
import { eventually } from "../support/eventually.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import type { Operator } from "../support/operator.ts";
import { World } from "../support/world.ts";

// A real API server with its controllers, and no kubelet: its part is played here.

let world: World;
let operator: Operator;

beforeAll(async () => {
  world = await World.open("managed");
  // The pods hold what the restricted level asks for.
  await world.kubectl([
    "label",
    "namespace",
    world.namespace,
    "pod-security.kubernetes.io/enforce=restricted",
  ]);
  operator = await world.operator();
});
afterAll(() => world.close());

const managed = {
  flinkVersion: "2.3",
  image: "flink:2.3",
  storage: { claimName: "flink" },
  taskManager: { replicas: 2 },
} as const;

async function created(name: string, spec: object = {}): Promise<ManagedSubject> {
  await world.createCluster(name, { managed: { ...managed, ...spec } });
  return new ManagedSubject(world, name);
}

async function running(name: string, spec: object = {}): Promise<ManagedSubject> {
  const subject = await created(name, spec);
  await subject.makeReady("jobmanager", 1);
  await subject.makeReady("taskmanager", 2);
  await settled(subject);
  return subject;
}

const settled = (subject: ManagedSubject) =>
  eventually(async () => {
    const { status } = await subject.cluster;
    return status?.jobManagers?.ready === 1 && status.taskManagers?.ready === 2;
  }, 20_000);

const image = (deployment: ClusterObject) =>
  (deployment.spec as { template: { spec: { containers: { image: string }[] } } }).template.spec
    .containers[0]!.image;
const writes = () =>
  Promise.all(
    ["POST", "PUT", "PATCH", "DELETE"].map((method) =>
      operator.metric("rest_client_requests_total", { method }),
    ),
  );

describe("a managed FlinkCluster", () => {
  test("becomes the objects that Flink needs, and says how far it has come", async () => {
    const subject = await created("orders");
    const { status, metadata } = await subject.untilReason("Deploying");
    expect(metadata.finalizers).toEqual(["flinkjob.dev/tear-down"]);
    expect(status).toMatchObject({
      url: `http://orders-rest.${world.namespace}.svc:8081`,
      clusterId: "orders",
      jobManagers: { wanted: 1, ready: 0 },
      taskManagers: { wanted: 2, ready: 0 },
    });
    expect(
      (await subject.objects()).map((name) => name.replace(/config-[0-9a-f]{8}$/, "config-HASH")),
    ).toEqual([
      "ConfigMap/orders-config-HASH",
      "Deployment/orders-jobmanager",
      "Deployment/orders-taskmanager",
      "PodDisruptionBudget/orders-taskmanager",
      "Role/orders-jobmanager",
      "Role/orders-taskmanager",
      "RoleBinding/orders-jobmanager",
      "RoleBinding/orders-taskmanager",
      "Service/orders-rest",
      "ServiceAccount/orders-jobmanager",
      "ServiceAccount/orders-taskmanager",
    ]);
    // Applied together with it, a FlinkJob waits, and says for what.
    const spec = { cluster: { name: "orders" }, jar: { id: "a.jar" } };
    const { metadata: job } = await world.createJob("early", spec);
    const reason = async () => (await world.job(job.name)).status?.trigger?.reason;
    await eventually(async () => expect(await reason()).toBe("ClusterDeploying"), 20_000);
    await subject.makeReady("jobmanager", 1);
    await subject.makeReady("taskmanager", 2);
    // Nothing answers at the Service's address here.
    const unreachable = await subject.untilReason("ClusterUnreachable");
    expect(unreachable.status).toMatchObject({
      jobManagers: { wanted: 1, ready: 1 },
      taskManagers: { wanted: 2, ready: 2 },
    });
    await eventually(async () => expect(await reason()).toBe("ClusterUnreachable"), 20_000);
    await world.kubectl(["delete", "fj/early"]);
  });

  test("costs no write while nothing changes, not even by an operator that starts anew", async () => {
    await running("calm");
    await new ManagedSubject(world, "calm").untilReason("ClusterUnreachable");
    await operator.restart("SIGTERM");
    // It has looked at everything, and asked the JobManager in vain.
    const asked = () => operator.metric("flinkjob_flink_requests_total");
    await eventually(async () => (await asked()) > 1, 20_000);
    const reconciled = () =>
      operator.metric("controller_runtime_reconcile_total", { controller: "flinkcluster" });
    const before = await reconciled();
    await world.kubectl(["annotate", "fc/calm", "touched=yes"]);
    await eventually(async () => (await reconciled()) > before, 10_000);
    expect(await writes()).toEqual([0, 0, 0, 0]);
  });

  test("is brought back to what it should be, whoever changed it", async () => {
    const subject = await running("drift");
    const { namespace, kube } = world;
    const change = (kind: keyof typeof clusterKinds, name: string, body: object) =>
      kube.patch(clusterKinds[kind], { namespace, name }, { type: "merge", body });
    await change("Service", "drift-rest", { spec: { selector: { "flinkjob.dev/cluster": "other" } } });
    await change("Deployment", "drift-taskmanager", { spec: { replicas: 7 } });
    await change("Role", "drift-taskmanager", { rules: [] });
    await change("Deployment", "drift-jobmanager", {
      metadata: { labels: { "flinkjob.dev/cluster": null } },
    });
    await kube.delete(clusterKinds.ServiceAccount, { namespace, name: "drift-jobmanager" });
    await eventually(async () => {
      const service = await subject.get("Service", "drift-rest");
      expect(service.spec).toMatchObject({ selector: { "flinkjob.dev/cluster": "drift" } });
      expect((await subject.get("Deployment", "drift-taskmanager")).spec).toMatchObject({ replicas: 2 });
      expect((await subject.get("Role", "drift-taskmanager")).rules).toHaveLength(1);
      expect(await subject.exists("ServiceAccount", "drift-jobmanager")).toBe(true);
      expect(await subject.objects()).toContain("Deployment/drift-jobmanager");
    }, 20_000);
  });

  test("is scaled without a word to the JobManager", async () => {
    const subject = await running("scaled");
    const before = await subject.get("Deployment", "scaled-jobmanager");
    await subject.edit({ taskManager: { replicas: 3 } });
    await subject.makeReady("taskmanager", 3);
    await eventually(async () => (await subject.cluster).status?.taskManagers?.ready === 3, 20_000);
    const after = await subject.get("Deployment", "scaled-jobmanager");
    expect(after.metadata.generation).toBe(before.metadata.generation);
  });

  test("is rolled with the JobManager first, and keeps the old configuration until then", async () => {
    const subject = await running("rolled");
    const configMaps = async () => (await subject.objects()).filter((name) => name.startsWith("ConfigMap"));
    const [old] = await configMaps();
    await subject.edit({ image: "flink:2.3.1", flinkConfiguration: { "parallelism.default": 2 } });
    await subject.untilReason("Rolling");
    expect(image(await subject.get("Deployment", "rolled-jobmanager"))).toBe("flink:2.3.1");
    expect(image(await subject.get("Deployment", "rolled-taskmanager"))).toBe("flink:2.3");
    expect(await configMaps()).toContain(old);
    await subject.makeReady("jobmanager", 1);
    await eventually(
      async () => image(await subject.get("Deployment", "rolled-taskmanager")) === "flink:2.3.1",
      20_000,
    );
    await subject.makeReady("taskmanager", 2);
    await eventually(async () => {
      const left = await configMaps();
      expect(left).toHaveLength(1);
      expect(left).not.toContain(old);
    }, 20_000);
  });
});

describe("what is wrong with it is said", () => {
  test("a pod template that takes what is the operator's", async () => {
    const subject = await created("template", {
      jobManager: { podTemplate: { spec: { containers: [{ name: MAIN_CONTAINER, args: ["bash"] }] } } },
    });
    const { status } = await subject.untilReason("InvalidPodTemplate");
    expect(status?.conditions).toMatchObject([{ status: "False" }, { status: "False" }, { status: "True" }]);
    expect(await subject.objects()).toEqual([]);
  });

  test("what the API server refuses", async () => {
    const subject = await created("refused", {
      taskManager: { podTemplate: { spec: { containers: [{ name: "side car", image: "x" }] } } },
    });
    const { status } = await subject.untilReason("ObjectRefused");
    expect(status?.conditions?.[0]?.message).toContain("side car");
  });

  test("a name that somebody else has", async () => {
    const { namespace, kube } = world;
    const service = { metadata: { name: "taken-rest", namespace }, spec: { ports: [{ port: 80 }] } };
    await kube.create(clusterKinds.Service, service as never);
    const subject = await created("taken");
    await subject.untilReason("NameTaken");
    expect((await subject.get("Service", "taken-rest")).spec).toMatchObject({ ports: [{ port: 80 }] });
  });

  test("an image that cannot be pulled, and a container that ends again and again", async () => {
    const subject = await created("troubled");
    const [pod] = await eventually(async () => {
      const found = await subject.pods("jobmanager");
      return found.length === 1 ? found : false;
    });
    const name = pod!.metadata.name;
    const container = { name: MAIN_CONTAINER, image: "flink:2.3", imageID: "", ready: false };
    const waiting = {
      reason: "ImagePullBackOff",
      message: 'Back-off pulling image "flink:2.3": ErrImagePull: not found',
    };
    await subject.report(name, {
      containerStatuses: [{ ...container, restartCount: 0, state: { waiting } }],
    });
    const { status } = await subject.untilReason("ImagePullFailed");
    expect(status?.conditions).toMatchObject([
      { type: "Ready", status: "False", message: `${name} (${MAIN_CONTAINER}): not found` },
      { type: "Reconciling", status: "False" },
      { type: "Stalled", status: "True" },
    ]);
    const terminated = {
      exitCode: 1,
      reason: "Error",
      message: "java.lang.IllegalConfigurationException: too small",
    };
    await subject.report(name, {
      containerStatuses: [
        {
          ...container,
          restartCount: 3,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated },
        },
      ],
    });
    const crashing = await subject.untilReason("CrashLooping");
    expect(crashing.status?.conditions?.[0]?.message).toBe(
      `${name} (${MAIN_CONTAINER}) ended with exit code 1, restarted 3 times: java.lang.IllegalConfigurationException: too small`,
    );
  });
});

describe("its deletion", () => {
  test("waits for the FlinkJobs that name it, whichever way it is deleted, then leaves nothing", async () => {
    const subject = await running("doomed");
    const { namespace, kube } = world;
    await world.createJob("user", { cluster: { name: "doomed" }, jar: { id: "a.jar" } });
    const labels = { app: "doomed", type: "flink-native-kubernetes" };
    const flinks = (name: string, more: Record<string, string>) =>
      kube.create(clusterKinds.ConfigMap, { metadata: { name, namespace, labels: more } } as never);
    await flinks("doomed-cluster-config-map", labels);
    await flinks("neighbour-cluster-config-map", { ...labels, app: "neighbour" });
    const before = await subject.objects();
    await kube.delete(flinkClusters, { namespace, name: "doomed" }, { propagation: "Foreground" });
    const { status } = await subject.untilReason("InUse");
    expect(status?.conditions?.[0]?.message).toBe("FlinkJobs name this cluster and go first: user.");
    expect(await subject.objects()).toEqual(before);

    // Somebody takes a Deployment away from its pods, which nobody would take away then.
    const workers = { namespace, name: "doomed-taskmanager" };
    await kube.delete(clusterKinds.Deployment, workers, { propagation: "Orphan" });
    await eventually(async () => !(await subject.exists("Deployment", workers.name)), 20_000, 50);
    expect(await subject.pods("taskmanager")).not.toEqual([]);
    await world.kubectl(["patch", "fj/user", "--type=merge", "-p", '{"metadata":{"finalizers":null}}']);
    await world.deleteJob("user");
    await world.untilGone("user");
    await subject.untilGone();
    expect(await subject.objects()).toEqual([]);
    expect(await subject.pods()).toEqual([]);
    const sets = ["get", "replicasets", "-l", "flinkjob.dev/cluster=doomed", "-o", "name"];
    expect((await world.kubectl(sets)).stdout).toBe("");
    expect(await subject.exists("ConfigMap", "doomed-cluster-config-map")).toBe(false);
    expect(await subject.exists("ConfigMap", "neighbour-cluster-config-map")).toBe(true);
  });
});

test("storage, mode and kind of a FlinkCluster cannot be changed", async () => {
  const subject = await created("fixed");
  await expect(subject.edit({ storage: { claimName: "other" } })).rejects.toMatchObject({ code: "Invalid" });
  await expect(subject.edit({ mode: "native" })).rejects.toMatchObject({
    code: "Invalid",
    message: expect.stringContaining("spec.managed.mode cannot be changed"),
  });
  // What is meant without a word.
  await expect(subject.edit({ mode: "standalone" })).resolves.toMatchObject({ kind: "FlinkCluster" });
  const body = { spec: { managed: null, url: "http://a:8081" } };
  const change = world.kube.patch<FlinkCluster>(
    flinkClusters,
    { namespace: world.namespace, name: "fixed" },
    { type: "merge", body },
  );
  await expect(change).rejects.toMatchObject({ code: "Invalid" });
});
