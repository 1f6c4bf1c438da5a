import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  aSession,
  creates,
  DescriptorStage,
  external,
  givenUpWith,
  onItsWay,
  ready,
  sessionSpec,
  stalled,
} from "../../test/support/descriptor-stage.ts";
import { eventually } from "../../test/support/eventually.ts";
import { CLUSTER_FINALIZER } from "../api/group.ts";
import { KubernetesClusterDescriptor } from "./kubernetes-cluster-descriptor.ts";

let stage: DescriptorStage;
beforeEach(async () => {
  stage = await DescriptorStage.open();
});
afterEach(() => stage.close());

describe("deploySession", () => {
  test("creates a FlinkCluster, waits until it answers, and gives its client", async () => {
    const spec = { ...sessionSpec, taskManager: { replicas: 2 } };
    const deploying = stage.descriptor.deploySession("orders", spec);
    const cluster = await stage.cluster("orders");
    expect(cluster.spec).toMatchObject({ managed: { image: "flink:2.3", taskManager: { replicas: 2 } } });
    await stage.tell(cluster, "Deploying", onItsWay);
    await stage.tell(cluster, "Reachable", ready);
    const client = await deploying;
    expect(await client.describe()).toMatchObject({ flinkVersion: "2.3.0" });
    expect(stage.asked).toEqual(["http://orders-rest.team-a.svc:8081"]);
    await client.close();
  });

  test("the same again is the same cluster, whatever the API server added", async () => {
    const first = stage.descriptor.deploySession("orders", sessionSpec);
    const cluster = await stage.cluster("orders");
    await stage.tell(cluster, "Reachable", ready);
    await (await first).close();
    const again = { ...sessionSpec, jobManager: { replicas: 1 } };
    await (await stage.descriptor.deploySession("orders", again)).close();
    const { uid } = cluster.metadata;
    expect((await stage.cluster("orders")).metadata).toMatchObject({ uid, generation: 1 });
  });

  test("another spec under the name is told field by field, and changes nothing", async () => {
    await stage.put(aSession("orders"));
    const other = { ...sessionSpec, image: "flink:2.3.1", taskManager: { slots: 4 } };
    await expect(stage.descriptor.deploySession("orders", other)).rejects.toMatchObject({
      code: "SpecDiffers",
      retry: "never",
      differences: ["spec.managed.image", "spec.managed.taskManager.slots"],
      message:
        "FlinkCluster team-a/orders exists, and is not as asked for: spec.managed.image, spec.managed.taskManager.slots",
    });
    expect((await stage.cluster("orders")).spec.managed).toMatchObject({ image: "flink:2.3" });
  });

  test("an answer that is lost is asked for again, and makes one cluster", async () => {
    stage.faulty(creates, "lose-answer");
    const deploying = stage.descriptor.deploySession("orders", sessionSpec);
    await stage.tell(await stage.cluster("orders"), "Reachable", ready);
    await (await deploying).close();
    expect(stage.api.requests.filter(creates)).toHaveLength(2);
    expect((await stage.cluster("orders")).metadata.generation).toBe(1);
  });

  test("a trouble that waiting does not mend ends the wait at once; the cluster stays", async () => {
    const deploying = stage.descriptor.deploySession("orders", sessionSpec);
    const refused = expect(deploying).rejects.toMatchObject({
      name: "DeploymentError",
      code: "DeploymentFailed",
      reason: "ImagePullFailed",
      retry: "never",
      message: "FlinkCluster team-a/orders: orders-jobmanager: no such image",
    });
    const message = "orders-jobmanager: no such image";
    await stage.tell(await stage.cluster("orders"), "ImagePullFailed", stalled, { message });
    await refused;
    expect((await stage.cluster("orders")).metadata.deletionTimestamp).toBeUndefined();
  });

  test("what was said of an earlier spec says nothing", async () => {
    const deploying = stage.descriptor.deploySession("orders", sessionSpec);
    const cluster = await stage.cluster("orders");
    await stage.tell(cluster, "CrashLooping", stalled, { observedGeneration: 0 });
    await stage.watched();
    await stage.tell(cluster, "Reachable", ready);
    await (await deploying).close();
  });

  test("a time-out says how far it came", async () => {
    await stage.put(aSession("orders"));
    const deploy = (timeoutMs: number) =>
      stage.descriptor.deploySession("orders", sessionSpec, { timeoutMs });
    const late = "not in the time given: FlinkCluster team-a/orders:";
    await givenUpWith(`${late} no operator has looked at it yet (does one run, for this namespace?)`, deploy);
    const message = "Ready are 0 of 1 JobManagers.";
    await stage.tell(await stage.cluster("orders"), "Deploying", onItsWay, { message });
    await givenUpWith(`${late} Deploying: ${message}`, deploy);
  });

  test("given up by the caller", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const deploying = stage.descriptor.deploySession("orders", sessionSpec, { signal });
    const refused = expect(deploying).rejects.toMatchObject({ code: "Aborted", retry: "never" });
    await stage.watched();
    controller.abort();
    await refused;
    await eventually(() => stage.api.watches === 0);
    const aborted = stage.descriptor.deploySession("orders", sessionSpec, { signal });
    await expect(aborted).rejects.toMatchObject({ name: "FlinkError", code: "Aborted" });
  });

  test("what had the name is being deleted", async () => {
    const old = external("orders", [CLUSTER_FINALIZER]);
    await stage.put(old);
    await stage.order(old);
    await expect(stage.descriptor.deploySession("orders", sessionSpec)).rejects.toMatchObject({
      code: "BeingDeleted",
      retry: "backoff",
    });
  });

  test("refused by the API server: once is enough", async () => {
    const storage = { claimName: "a", uri: "s3://b" };
    const invalid = stage.descriptor.deploySession("orders", { ...sessionSpec, storage });
    await expect(invalid).rejects.toMatchObject({
      code: "RequestRefused",
      reason: "Invalid",
      retry: "never",
      cause: { name: "KubeError" },
    });
    const misspelt = { ...sessionSpec, taskManagers: { replicas: 2 } };
    await expect(stage.descriptor.deploySession("orders", misspelt)).rejects.toMatchObject({
      code: "RequestRefused",
      reason: "BadRequest",
      message: expect.stringContaining('unknown field "spec.managed.taskManagers"'),
    });
    stage.faulty(creates, { status: 403, reason: "Forbidden", message: "no" });
    await expect(stage.descriptor.deploySession("orders", sessionSpec)).rejects.toMatchObject({
      code: "RequestRefused",
      reason: "Forbidden",
    });
    expect(stage.api.requests.filter(creates)).toHaveLength(3);
  });

  test("a cluster of one job is none", async () => {
    const spec = { ...sessionSpec, application: { jobId: "0".repeat(32), jar: { local: "/a.jar" } } };
    await expect(stage.descriptor.deploySession("orders", spec)).rejects.toThrow(TypeError);
    expect(stage.api.requests).toEqual([]);
  });

  test("an API server that is away at the beginning", async () => {
    await stage.api.stop();
    const options = { patienceMs: 50 };
    await expect(stage.descriptor.deploySession("orders", sessionSpec, options)).rejects.toMatchObject({
      code: "RequestFailed",
      reason: "Unreachable",
      retry: "backoff",
    });
  });
});

describe("retrieve", () => {
  test("an external FlinkCluster", async () => {
    await stage.put(external("main"));
    const client = await stage.descriptor.retrieve({ cluster: "main" });
    expect(await client.describe()).toMatchObject({ flinkVersion: "2.3.0" });
    expect(stage.asked).toEqual(["http://flink:8081"]);
    await client.close();
  });

  test("what is not there", async () => {
    const cluster = stage.descriptor.retrieve({ cluster: "none" });
    await expect(cluster).rejects.toMatchObject({
      code: "NotFound",
      message: "there is no FlinkCluster team-a/none",
    });
    const job = stage.descriptor.retrieve({ job: "none" });
    await expect(job).rejects.toMatchObject({
      code: "NotFound",
      message: "there is no FlinkJob team-a/none",
    });
  });

  test("an address that cannot be reached from here is Flink's error", async () => {
    const other = await DescriptorStage.open({ reach: () => "http://127.0.0.1:1" });
    await other.put(external("main"));
    const retrieved = other.descriptor.retrieve({ cluster: "main" });
    await expect(retrieved).rejects.toMatchObject({ name: "FlinkError", code: "ConnectionRefused" });
    await other.close();
  });
});

test("no kubeconfig", async () => {
  const opened = KubernetesClusterDescriptor.open({ kubeconfig: "/nowhere/config" });
  await expect(opened).rejects.toMatchObject({
    name: "DeploymentError",
    code: "RequestRefused",
    reason: "BadConfig",
    retry: "never",
  });
});

test("says which clusters it finds", async () => {
  const { server } = stage.api.access;
  const { descriptor } = stage;
  expect(descriptor.getClusterDescription()).toBe(`Flink clusters in the namespace team-a of ${server}`);
});
