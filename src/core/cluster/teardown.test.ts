import { expect, test } from "vitest";
import { objectsOf } from "../../../test/support/cluster-builders.ts";
import { tearDown } from "./teardown.ts";

const objects = objectsOf();
const alive = { metadata: { name: "orders-jobmanager-x" } };
const pod = { metadata: { ...alive.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
const going = (list: typeof objects) =>
  list.map((object) => ({
    ...object,
    metadata: { ...object.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" },
  }));
const workloads = objects.filter(({ kind }) => kind === "Deployment");
const rest = objects.filter(({ kind }) => kind !== "Deployment");

test("FlinkJobs go first; ten of them are named", () => {
  const users = Array.from({ length: 12 }, (_, n) => `job-${String.fromCharCode(108 - n)}`);
  expect(tearDown({ users, objects, pods: [pod] })).toEqual({
    kind: "wait",
    reason: "InUse",
    message:
      "FlinkJobs name this cluster and go first: job-a, job-b, job-c, job-d, job-e, job-f, job-g, job-h, job-i, job-j and 2 more.",
  });
});

test.each([
  ["the Deployments", { objects, pods: [pod] }, { kind: "remove", objects: workloads.length }],
  [
    "nothing while Deployments go",
    { objects: [...going(workloads), ...rest], pods: [pod] },
    { kind: "wait" },
  ],
  ["nothing while pods go", { objects: rest, pods: [pod] }, { kind: "wait" }],
  [
    "what is left, once the pods are gone",
    { objects: rest, pods: [] },
    { kind: "remove", objects: rest.length },
  ],
  ["nothing while that goes", { objects: going(rest), pods: [] }, { kind: "wait" }],
  ["the FlinkCluster itself, at last", { objects: [], pods: [] }, { kind: "letGo" }],
] as const)("then goes %s", (_what, seen, want) => {
  const step = tearDown({ users: [], ...seen });
  expect({ kind: step.kind, ...("objects" in step ? { objects: step.objects.length } : {}) }).toEqual(want);
});

test.each([
  [{ objects, pods: [pod, pod] }, "2 pods are still there."],
  [{ objects: rest, pods: [pod] }, "1 pod is still there."],
  [{ objects, pods: [] }, `${workloads.length} Deployments are still there.`],
  [{ objects: rest, pods: [] }, `${rest.length} objects are still there.`],
])("and says what is left: %#", (seen, message) => {
  expect(tearDown({ users: [], ...seen })).toMatchObject({ message });
});

test("pods that nobody takes away, for their Deployments went without them, are told apart", () => {
  const orphans = { kind: "orphans", pods: [alive], message: "2 pods are still there." };
  expect(tearDown({ users: [], objects: rest, pods: [pod, alive] })).toEqual(orphans);
  expect(tearDown({ users: [], objects: going(objects), pods: [alive] }).kind).toBe("wait");
  expect(tearDown({ users: ["job"], objects: rest, pods: [alive] })).toMatchObject({ reason: "InUse" });
});
