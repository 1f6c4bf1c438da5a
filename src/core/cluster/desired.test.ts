import { expect, test } from "vitest";
import { stringify } from "yaml";
import { aDesign } from "../../../test/support/cluster-builders.ts";
import type { ManagedClusterInput } from "../../api/managed-cluster.ts";
import { desiredCluster } from "./desired.ts";
import { CLUSTER_LABEL } from "./objects.ts";

const full: ManagedClusterInput = {
  flinkVersion: "1.20",
  image: "registry.example/flink:1.20",
  imagePullPolicy: "Always",
  imagePullSecrets: [{ name: "registry" }],
  storage: { uri: "s3://bucket/flink" },
  jobManager: { replicas: 2, resources: { requests: { cpu: "500m" }, limits: { memory: "2Gi" } } },
  taskManager: {
    replicas: 3,
    slots: 4,
    resources: { requests: { cpu: 2, memory: "4Gi" } },
    podTemplate: {
      metadata: { annotations: { note: "for the eye" } },
      spec: {
        nodeSelector: { disk: "fast" },
        containers: [
          { name: "flink-main-container", env: [{ name: "AWS_REGION", value: "eu" }] },
          { name: "logs", image: "logs:1" },
        ],
      },
    },
  },
  flinkConfiguration: { "execution.checkpointing.interval": "10 s", "rest.port": 1 },
  logging: { level: "WARN", loggers: { "org.apache.flink": "INFO" } },
  ingress: { host: "flink.example", className: "nginx", tlsSecretName: "flink-tls" },
};

const application: Partial<ManagedClusterInput> = {
  application: {
    jobId: "0123456789abcdef0123456789abcdef",
    jar: { uri: "https://jars.example/orders.jar", sha256: "0".repeat(64) },
    entryClass: "com.example.Orders",
    args: ["--region", "eu"],
    parallelism: 2,
    savepointPath: "s3://bucket/savepoints/savepoint-1",
  },
};

const native: Partial<ManagedClusterInput> = {
  mode: "native",
  taskManager: {
    slots: 2,
    resources: { requests: { cpu: "500m", "ephemeral-storage": "1Gi" }, limits: { memory: "2Gi" } },
    podTemplate: { metadata: { labels: { team: "a" } }, spec: { nodeSelector: { disk: "fast" } } },
  },
};

// Whoever changes what these show replaces the pods of every managed cluster with the operator's next version.
test.each([
  ["smallest", {}],
  ["largest", full],
  ["application", application],
  ["native", native],
])("the %s cluster, for the eye", async (name, patch) => {
  const { objects } = desiredCluster(aDesign(patch));
  const text = objects.map((object) => stringify(object, { lineWidth: 0 })).join("---\n");
  await expect(text).toMatchFileSnapshot(`fixtures/${name}.yaml`);
});

test("everything bears the cluster's label, none the one by which Flink knows its own", () => {
  for (const { metadata } of desiredCluster(aDesign(full)).objects) {
    expect(metadata.labels).toMatchObject({ [CLUSTER_LABEL]: "orders" });
    expect(metadata.labels).not.toHaveProperty("app");
    expect(metadata.ownerReferences).toBeUndefined();
    expect(metadata.namespace).toBe("team-a");
  }
});

test("what cannot be is refused, and said in full", () => {
  const template = { spec: { containers: [{ name: "flink-main-container", args: ["x"] }] } };
  expect(desiredCluster(aDesign({ jobManager: { podTemplate: template } })).refusal).toEqual({
    reason: "InvalidPodTemplate",
    message:
      "spec.managed.jobManager.podTemplate: flink-main-container must not set args: the operator says what it runs. The pods stay as they are.",
  });
  expect(
    desiredCluster(aDesign({ flinkConfiguration: { "parallelism.default": "x" } })).refusal,
  ).toMatchObject({
    reason: "InvalidConfiguration",
    message: expect.stringMatching(
      /^spec\.managed\.flinkConfiguration: parallelism\.default: "x" must be a whole number/,
    ),
  });
});

test("what loses is told without being refused", () => {
  const { configuration, refusal } = desiredCluster(aDesign(full));
  expect(configuration).toEqual({ overridden: [{ key: "rest.port", by: "operator" }] });
  expect(refusal).toBeUndefined();
});
