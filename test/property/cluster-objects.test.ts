import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { API_VERSION } from "../../src/api/group.ts";
import {
  DEPLOYED_VERSIONS,
  type ManagedCluster,
  type ManagedClusterInput,
  managedCluster,
} from "../../src/api/managed-cluster.ts";
import type { FlinkCluster } from "../../src/api/objects.ts";
import { clusterKinds, pods } from "../../src/controller/managed/kinds.ts";
import { designOf } from "../../src/core/cluster/design.ts";
import { desiredCluster } from "../../src/core/cluster/desired.ts";
import { isNative } from "../../src/core/cluster/native.ts";
import { podAsked } from "../../src/core/cluster/native-pods.ts";
import { CLUSTER_LABEL, hashOf } from "../../src/core/cluster/objects.ts";
import { cleanerPod } from "../../src/core/storage/cleaner-pod.ts";
import { storageEndOf } from "../../src/core/storage/target.ts";
import { lazyOptions } from "../../src/flink/options/option-catalogue.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { Transport } from "../../src/kube/transport.ts";
import { jarFetcher } from "../support/cluster-builders.ts";
import { kubeTarget } from "../support/kube-target.ts";

let transport: Transport;
let client: KubeClient;

beforeAll(async () => {
  transport = new Transport(await kubeTarget());
  client = new KubeClient(transport, { fieldManager: "test" });
});
afterAll(() => transport.close());

const name = fc
  .stringMatching(/^[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?$/)
  .filter((text) => !text.includes(".."));
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,12}[a-z0-9])?$/);
const memory = fc.constantFrom<string | number>("1Gi", "768Mi", "1.5Gi", "2G", 1_000_000_000);
const resources = fc.record(
  {
    requests: fc.record(
      { cpu: fc.constantFrom<string | number>("100m", 1, "1.5"), memory },
      { requiredKeys: [] },
    ),
    limits: fc.record(
      { memory: fc.constantFrom<string | number>("2Gi", "4Gi", 2 ** 32) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
const podTemplate = fc.record(
  {
    metadata: fc.record({ labels: fc.dictionary(label, label, { maxKeys: 2 }) }),
    spec: fc.record(
      {
        nodeSelector: fc.dictionary(label, label, { maxKeys: 2 }),
        tolerations: fc.constant([{ key: "dedicated", operator: "Exists" }]),
        terminationGracePeriodSeconds: fc.nat(600),
        containers: fc.constantFrom(
          [{ name: "flink-main-container", env: [{ name: "A", value: "b" }] }],
          [{ name: "side", image: "busybox" }],
          [
            {
              name: "flink-main-container",
              volumeMounts: [{ name: "more", mountPath: "/more" }],
              ports: [{ containerPort: 9249, name: "metrics" }],
            },
          ],
        ),
        volumes: fc.constant([{ name: "more", emptyDir: {} }]),
      },
      { requiredKeys: ["volumes"] },
    ),
  },
  { requiredKeys: [] },
);
const managed: fc.Arbitrary<ManagedClusterInput> = fc.record(
  {
    flinkVersion: fc.constantFrom(...DEPLOYED_VERSIONS),
    image: fc.constantFrom("flink:2.3", `registry.example:5000/team/flink@sha256:${"0".repeat(64)}`),
    storage: fc.constantFrom({ claimName: "flink" }, { hostPath: "/data" }, { uri: "s3://bucket/flink/" }),
    imagePullPolicy: fc.constantFrom("Always", "IfNotPresent"),
    imagePullSecrets: fc.constant([{ name: "registry" }]),
    serviceAccountName: fc.constant("own"),
    jobManager: fc.record(
      { replicas: fc.integer({ min: 1, max: 3 }), resources, podTemplate },
      { requiredKeys: [] },
    ),
    taskManager: fc.record(
      { replicas: fc.nat(9), slots: fc.integer({ min: 1, max: 8 }), resources, podTemplate },
      { requiredKeys: [] },
    ),
    flinkConfiguration: fc.dictionary(
      fc.constantFrom("parallelism.default", "rest.port", "my.option"),
      fc.nat(99),
    ),
    logging: fc.record(
      { level: fc.constantFrom("WARN", "DEBUG"), loggers: fc.dictionary(label, fc.constant("ERROR")) },
      { requiredKeys: [] },
    ),
    application: fc.record(
      {
        jobId: fc.constant("0123456789abcdef0123456789abcdef"),
        jar: fc.constantFrom(
          { uri: "https://jars.example/a.jar?x=$(HOME)" },
          { local: "/opt/flink/usrlib/a.jar" },
        ),
        entryClass: fc.constant("com.example.Main"),
        args: fc.array(fc.constantFrom("-D", "$(POD_IP)", "", "$$"), { maxLength: 3 }),
        parallelism: fc.integer({ min: 1, max: 9 }),
        savepointPath: fc.constant("s3://bucket/sp"),
      },
      { requiredKeys: ["jobId", "jar"] },
    ),
    ingress: fc.record(
      {
        host: fc.constant("flink.example.com"),
        className: fc.constant("nginx"),
        tlsSecretName: fc.constant("tls"),
      },
      { requiredKeys: ["host"] },
    ),
    mode: fc.constantFrom("standalone", "native"),
  },
  { requiredKeys: ["flinkVersion", "image", "storage"] },
) as fc.Arbitrary<ManagedClusterInput>;

const nobody = { jobs: [], clusters: [], savepoints: [] };
const clusterOf = (name: string, managed: ManagedCluster): FlinkCluster => ({
  apiVersion: API_VERSION,
  kind: "FlinkCluster",
  metadata: { name, namespace: "default" },
  spec: { managed },
});

test("every object of every cluster is what a real API server takes, and stays the same for the same spec", async () => {
  const findOptions = lazyOptions();
  const property = fc.asyncProperty(name, managed, async (cluster, input) => {
    const design = () =>
      designOf("default", cluster, managedCluster.parse(input), { findOptions, jarFetcher });
    const { objects, refusal } = desiredCluster(design());
    expect(refusal).toBeUndefined();
    expect(objects.map(hashOf)).toEqual(desiredCluster(design()).objects.map(hashOf));
    for (const object of objects) {
      expect(object.metadata.labels?.[CLUSTER_LABEL]).toBe(design().names.clusterId);
      expect(object.metadata.labels).not.toHaveProperty("app");
      await client.apply(clusterKinds[object.kind], object, { force: true, dryRun: true });
    }
    if (isNative(design())) {
      // Nothing was made, not even its account.
      const { spec, ...pod } = podAsked(design());
      const asked = { ...pod, spec: { ...spec, serviceAccountName: "default" } };
      await client.create(pods, asked, { dryRun: true, strict: true });
    }
    const end = storageEndOf(clusterOf(cluster, managedCluster.parse(input)), nobody);
    if (end.kind !== "clean") return;
    await client.create(pods, cleanerPod(end.target, "operator:1", 300), { dryRun: true, strict: true });
  });
  await fc.assert(property, { seed: 20_170_403, numRuns: 40 });
});

test("what was taken away is not made again by somebody who knew it", async () => {
  const spec = managedCluster.parse({ flinkVersion: "2.3", image: "i", storage: { uri: "s3://b/f" } });
  for (const object of desiredCluster(designOf("default", "gone", spec)).objects) {
    const known = {
      ...object,
      metadata: { ...object.metadata, uid: "7d4bd0a2-8a0e-4c0c-9a51-7f7a2f1f6c11" },
    };
    const again = client.apply(clusterKinds[object.kind], known, { force: true, dryRun: true });
    await expect(again).rejects.toMatchObject({ code: "Conflict" });
  }
});
