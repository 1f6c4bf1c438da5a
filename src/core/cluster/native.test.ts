import { describe, expect, test } from "vitest";
import { aDesign } from "../../../test/support/cluster-builders.ts";
import type { ManagedClusterInput } from "../../api/managed-cluster.ts";
import { clusterConfiguration } from "./configuration.ts";

const configured = (patch: Partial<ManagedClusterInput> = {}) =>
  clusterConfiguration(aDesign({ mode: "native", ...patch }));
const resources = (given: object, slots = 2) =>
  configured({ taskManager: { slots, resources: given } }).entries;

test("pods are asked for as the spec says", () => {
  const { entries } = configured({
    imagePullPolicy: "Always",
    imagePullSecrets: [{ name: "a" }, { name: "b" }],
  });
  expect(entries).toMatchObject({
    "kubernetes.container.image.ref": "flink:2.3",
    "kubernetes.container.image.pull-policy": "Always",
    "kubernetes.container.image.pull-secrets": "a;b",
    "kubernetes.taskmanager.service-account": "orders-taskmanager",
    "taskmanager.rpc.port": "6122",
    "kubernetes.taskmanager.labels": expect.stringContaining("flinkjob.dev/cluster:orders"),
  });
  expect(configured({ serviceAccountName: "own" }).entries).toMatchObject({
    "kubernetes.taskmanager.service-account": "own",
  });
});

test("the operator's own clusters of pods know nothing of that", () => {
  const { entries } = clusterConfiguration(aDesign());
  const keys = Object.keys(entries).filter((key) => key.startsWith("kubernetes."));
  expect(keys).toEqual(["kubernetes.cluster-id", "kubernetes.namespace"]);
});

// Flink sets a limit of CPU in any case.
test.each([
  ["nothing", {}, "2", "1"],
  ["a request", { requests: { cpu: "500m" } }, "0.5", "4"],
  ["a request of more than a core for each slot", { requests: { cpu: 4 } }, "4", "1"],
  ["a limit", { limits: { cpu: 4 } }, "4", "1"],
  ["both", { requests: { cpu: 1 }, limits: { cpu: "1500m" } }, "1", "1.5"],
  ["a request of nothing", { requests: { cpu: 0 } }, "2", "1"],
  [
    "a limit below the request, which Flink would refuse",
    { requests: { cpu: 2 }, limits: { cpu: 1 } },
    "2",
    "1",
  ],
])("CPU with %s given", (_what, given, amount, factor) => {
  expect(resources(given)).toMatchObject({
    "kubernetes.taskmanager.cpu.amount": amount,
    "kubernetes.taskmanager.cpu.limit-factor": factor,
  });
});

describe("options of Flink's Kubernetes module", () => {
  test.each([
    ["kubernetes.container.image.ref", "spec.managed.image"],
    ["kubernetes.service-account", "spec.managed.serviceAccountName"],
    ["kubernetes.taskmanager.cpu.amount", "spec.managed.taskManager.resources"],
    ["kubernetes.pod-template-file.taskmanager", "spec.managed.taskManager.podTemplate"],
    ["kubernetes.taskmanager.labels", "spec.managed.taskManager.podTemplate"],
    ["kubernetes.flink.conf.dir", "operator"],
  ])("%s loses against %s", (key, by) => {
    const { entries, report } = configured({ flinkConfiguration: { [key]: "x" } });
    expect(report).toMatchObject({ ignored: [], overridden: [{ key, by }] });
    expect(entries).toEqual(configured().entries);
  });

  test("others are the user's, without a word", () => {
    const flinkConfiguration = {
      "kubernetes.taskmanager.tolerations": "key:dedicated,operator:Exists",
      "slotmanager.number-of-slots.max": 8,
    };
    const { entries, report } = configured({ flinkConfiguration });
    expect(report).toMatchObject({ ignored: [], overridden: [] });
    expect(entries).toMatchObject({
      "kubernetes.taskmanager.tolerations": "key:dedicated,operator:Exists",
      "slotmanager.number-of-slots.max": "8",
    });
  });
});
