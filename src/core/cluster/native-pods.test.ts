import { describe, expect, test } from "vitest";
import { aDesign, objectOf, objectsOf } from "../../../test/support/cluster-builders.ts";
import type { ManagedClusterInput } from "../../api/managed-cluster.ts";
import { desiredCluster } from "./desired.ts";
import { livingTaskManagers, outdatedPods } from "./native-pods.ts";
import type { Pod } from "./pods.ts";

interface Template {
  metadata: object;
  spec: { securityContext: object; containers: Record<string, unknown>[]; volumes?: object[] };
}
const native = (patch: Partial<ManagedClusterInput> = {}) => ({ mode: "native", ...patch }) as const;
const templateOf = (patch: Partial<ManagedClusterInput> = {}) => {
  const { data } = objectOf(objectsOf(native(patch)), "ConfigMap", "orders-pod-template-");
  return JSON.parse((data as Record<string, string>)["taskmanager-pod-template.yaml"]!) as Template;
};
const madeFrom = (patch: Partial<ManagedClusterInput> = {}) =>
  desiredCluster(aDesign(native(patch))).madeFrom;

test("the pods hold the restricted level", () => {
  const { spec } = templateOf({ storage: { uri: "s3://b/f" } });
  expect(spec.securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 9999,
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect(spec.containers).toMatchObject([
    {
      name: "flink-main-container",
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      readinessProbe: { tcpSocket: { port: 6122 } },
    },
  ]);
  expect(spec).not.toHaveProperty("volumes");
});

test("they have the storage, what Flink has no option for, and the user's template", () => {
  const { metadata, spec } = templateOf({
    taskManager: {
      resources: { requests: { cpu: 1, "ephemeral-storage": "1Gi" }, limits: { memory: "2Gi" } },
      podTemplate: {
        metadata: { annotations: { note: "x" } },
        spec: { containers: [{ name: "flink-main-container", env: [{ name: "A", value: "b" }] }] },
      },
    },
  });
  expect(metadata).toEqual({ annotations: { note: "x" } });
  expect(spec.volumes).toEqual([{ name: "storage", persistentVolumeClaim: { claimName: "flink" } }]);
  expect(spec.containers).toMatchObject([
    {
      resources: { requests: { "ephemeral-storage": "1Gi" }, limits: {} },
      env: [{ name: "A", value: "b" }],
      volumeMounts: [{ name: "storage", mountPath: "/flink/storage" }],
    },
  ]);
});

test("the JobManager finds the template, the pods their configuration, the Deployment has the name that Flink asks for", () => {
  const objects = objectsOf(native());
  expect(objects.filter(({ kind }) => kind === "Deployment").map(({ metadata }) => metadata.name)).toEqual([
    "orders",
  ]);
  const template = objectOf(objects, "ConfigMap", "orders-pod-template-").metadata.name;
  expect(objectOf(objects, "Deployment", "orders").spec).toMatchObject({
    template: {
      spec: {
        containers: [
          {
            args: ["kubernetes-jobmanager.sh", "kubernetes-session"],
            env: [{ name: "POD_IP" }, { name: "_POD_IP_ADDRESS" }],
            volumeMounts: expect.arrayContaining([
              { name: "pod-template", mountPath: "/opt/flink/pod-template" },
            ]),
          },
        ],
        volumes: expect.arrayContaining([{ name: "pod-template", configMap: { name: template } }]),
      },
    },
  });
  const configuration = objectOf(objects, "ConfigMap", "orders-config-");
  expect(objectOf(objects, "ConfigMap", "flink-config-orders").data).toEqual(configuration.data);
});

describe("pods are outdated", () => {
  test.each<[string, Partial<ManagedClusterInput>]>([
    ["the image", { image: "flink:2.3.1" }],
    ["the configuration", { flinkConfiguration: { "parallelism.default": 2 } }],
    ["what is logged", { logging: { level: "WARN" } }],
    ["slots", { taskManager: { slots: 2 } }],
    ["their template", { taskManager: { podTemplate: { spec: { priorityClassName: "high" } } } }],
  ])("by a change of %s", (_what, patch) => expect(madeFrom(patch)).not.toBe(madeFrom()));

  test.each<[string, Partial<ManagedClusterInput>]>([
    ["the JobManager's template", { jobManager: { podTemplate: { spec: { priorityClassName: "high" } } } }],
    ["standbys", { jobManager: { replicas: 2 } }],
    ["an Ingress", { ingress: { host: "flink.example" } }],
    ["what stays of the storage", { storage: { claimName: "flink", keep: "Everything" } }],
  ])("not by %s", (_what, patch) => expect(madeFrom(patch)).toBe(madeFrom()));

  const aPod = (component: string, from: string | undefined, more: object = {}): Pod => ({
    metadata: {
      name: "p",
      labels: {
        "app.kubernetes.io/component": component,
        ...(from === undefined ? {} : { "flinkjob.dev/made-from": from }),
      },
      ...more,
    },
  });
  const deletionTimestamp = "2026-03-01T12:00:00Z";
  test.each([
    ["of another spec", aPod("taskmanager", "b"), 1],
    ["of nobody knows what", aPod("taskmanager", undefined), 1],
    ["of this spec", aPod("taskmanager", "a"), 0],
    ["that goes already", aPod("taskmanager", "b", { deletionTimestamp }), 0],
    [
      "that has ended, which Flink takes away",
      { ...aPod("taskmanager", "b"), status: { phase: "Failed" } },
      0,
    ],
    ["of the JobManager", aPod("jobmanager", undefined), 0],
  ])("one %s", (_what, pod, count) => {
    expect(outdatedPods("a", [pod])).toHaveLength(count);
    expect(livingTaskManagers([pod]).length).toBeGreaterThanOrEqual(count);
  });
});
