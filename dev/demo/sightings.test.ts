import { expect, test } from "vitest";
import type { FlinkJob } from "../../src/api/objects.ts";
import type { Pod } from "../../src/core/cluster/pods.ts";
import { NoNodeError, refuseWithoutNode } from "./node-stage.ts";
import { changes, nothingYet, type Sight } from "./sightings.ts";

const cluster = "orders-ab78aab7db";
const pod = (name: string, status: Pod["status"], more = {}): Pod => ({
  metadata: { name: `${cluster}-${name}`, ...more },
  status: status!,
});
const job = (trigger: string, state: string | undefined, ready: string, reason: string): FlinkJob =>
  ({
    metadata: { name: "orders" },
    status: {
      trigger: { state: trigger },
      ...(state && { job: { state } }),
      conditions: [{ type: "Ready", status: ready, reason }],
    },
  }) as unknown as FlinkJob;
const seen = (patch: Partial<Sight>): Sight => ({ ...nothingYet, cluster, ...patch });
const told = (before: Sight, now: Sight) => changes(before, now).map(({ text }) => text);

test("a FlinkJob is told when its columns change, and not before it has a status", () => {
  const fresh = { metadata: { name: "orders" } } as FlinkJob;
  const deploying = job("pending", undefined, "False", "ClusterDeploying");
  const running = job("running", "RUNNING", "True", "TasksRunning");
  expect(told(nothingYet, seen({ job: fresh }))).toEqual([]);
  expect(told(seen({ job: fresh }), seen({ job: deploying }))).toEqual([
    "flinkjob  pending  -         False ClusterDeploying",
  ]);
  expect(told(seen({ job: deploying }), seen({ job: structuredClone(deploying) }))).toEqual([]);
  expect(told(seen({ job: deploying }), seen({ job: running }))).toEqual([
    "flinkjob  running  RUNNING   True  TasksRunning",
  ]);
  expect(told(seen({ job: running }), seen({}))).toEqual(["flinkjob  gone"]);
});

test("objects come and go together, counted by their kinds", () => {
  const objects = [
    { kind: "FlinkCluster", name: cluster },
    { kind: "Deployment", name: `${cluster}-jobmanager` },
    { kind: "Deployment", name: `${cluster}-taskmanager` },
  ];
  const [made] = changes(seen({}), seen({ objects }));
  expect(made?.text).toBe("objects   + FlinkCluster, 2 Deployments");
  expect(made?.data.made).toEqual(objects.map(({ kind, name }) => `${kind}/${name}`));
  expect(told(seen({ objects }), seen({ objects: objects.slice(0, 1) }))).toEqual([
    "objects   - 2 Deployments",
  ]);
});

test("a pod is told with each state that it comes to, by its name without the cluster's", () => {
  const states: Sight[] = [
    seen({ pods: [pod("jobmanager-x", { phase: "Pending" })] }),
    seen({
      pods: [
        pod("jobmanager-x", {
          phase: "Pending",
          containerStatuses: [{ name: "main", state: { waiting: { reason: "ContainerCreating" } } }],
        }),
      ],
    }),
    seen({ pods: [pod("jobmanager-x", { phase: "Running" })] }),
    seen({
      pods: [pod("jobmanager-x", { phase: "Running", conditions: [{ type: "Ready", status: "True" }] })],
    }),
    seen({
      pods: [pod("jobmanager-x", { phase: "Running" }, { deletionTimestamp: "2026-11-26T12:00:00Z" })],
    }),
    seen({ pods: [] }),
  ];
  const words = states.flatMap((state, i) => told(states[i - 1] ?? nothingYet, state));
  expect(words.map((text) => text.split(/\s+/).slice(1))).toEqual([
    ["Pending", "jobmanager-x"],
    ["ContainerCreating", "jobmanager-x"],
    ["Running", "jobmanager-x"],
    ["Ready", "jobmanager-x"],
    ["Terminating", "jobmanager-x"],
    ["gone", "jobmanager-x"],
  ]);
});

test.each([
  ["darwin", 0, false],
  ["linux", 1000, false],
  ["linux", 0, true],
] as const)("pods on %s as user %d: %s", (platform, uid, can) => {
  const refusal = () => refuseWithoutNode({ platform, getuid: () => uid });
  if (can) expect(refusal).not.toThrow();
  else expect(refusal).toThrow(NoNodeError);
});
