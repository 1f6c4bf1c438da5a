import { describe, expect, test } from "vitest";
import { aCluster, connecting, NOW, unreachable } from "../../../test/support/builders.ts";
import {
  aDesign,
  aManagedCluster,
  available,
  objectsOf,
  settled,
} from "../../../test/support/cluster-builders.ts";
import type { FlinkCluster } from "../../api/objects.ts";
import type { ClusterObservation, ReachableCluster } from "../observed.ts";
import { desiredCluster } from "./desired.ts";
import { type ManagedView, managedStatus } from "./managed-status.ts";
import type { Pod } from "./pods.ts";

const desired = objectsOf();
const view = (patch: Partial<ManagedView> = {}): ManagedView => ({
  state: { kind: "deployed", held: false },
  desired,
  configuration: null,
  live: settled(desired),
  pods: [],
  ...patch,
});
const reachable = (patch: Partial<ReachableCluster["jobManager"]> = {}): ClusterObservation => {
  const cluster = aCluster("Durable").build() as ReachableCluster;
  return { ...cluster, jobManager: { ...cluster.jobManager, flinkVersion: "2.3.0", ...patch } };
};
const told = (seen: ManagedView, observed: ClusterObservation, cluster = aManagedCluster()) => {
  const status = managedStatus(cluster, seen, observed, NOW);
  const [ready, reconciling, stalled] = status?.conditions ?? [];
  return status && [ready?.status, reconciling?.status, stalled?.status, ready?.reason];
};
const half = desired.map((object) => (object.kind === "Deployment" ? available(object, 0) : object));
const before = (reason: string): FlinkCluster => ({
  ...aManagedCluster(),
  status: {
    observedGeneration: 1,
    conditions: [
      { type: "Ready", status: "True", observedGeneration: 1, lastTransitionTime: "", reason, message: "" },
    ],
  },
});

describe("a managed cluster says of itself", () => {
  test.each([
    ["that it is ready", view(), reachable(), ["True", "False", "False", "Reachable"]],
    ["that pods start", view({ live: half }), connecting, ["False", "True", "False", "Deploying"]],
    [
      "that pods start, although the old JobManager answers",
      view({ live: half }),
      reachable(),
      ["False", "True", "False", "Deploying"],
    ],
    [
      "that it is rolled",
      view({ live: half, state: { kind: "deployed", held: true } }),
      reachable(),
      ["False", "True", "False", "Rolling"],
    ],
    [
      "that nothing is known of the JobManager yet",
      view(),
      connecting,
      ["False", "True", "False", "Deploying"],
    ],
    [
      "that the JobManager does not answer",
      view(),
      unreachable,
      ["False", "True", "False", "ClusterUnreachable"],
    ],
    [
      "that the image is another",
      view(),
      reachable({ flinkVersion: "1.20.5" }),
      ["False", "False", "True", "VersionMismatch"],
    ],
    [
      "that JARs are refused",
      view(),
      reachable({ submitEnabled: false }),
      ["False", "False", "True", "SubmissionDisabled"],
    ],
    [
      "why nothing can be done",
      view({ state: { kind: "blocked", reason: "NameTaken", message: "x", stalled: true } }),
      reachable(),
      ["False", "False", "True", "NameTaken"],
    ],
    [
      "that it is in use",
      view({ state: { kind: "blocked", reason: "InUse", message: "x", stalled: false } }),
      connecting,
      ["False", "True", "False", "InUse"],
    ],
    [
      "what a pod is in trouble with",
      view({
        live: half,
        pods: [
          {
            metadata: { name: "p" },
            status: { containerStatuses: [{ name: "c", state: { waiting: { reason: "ErrImagePull" } } }] },
          },
        ],
      }),
      connecting,
      ["False", "False", "True", "ImagePullFailed"],
    ],
  ] as const)("%s", (_what, seen, observed, want) => expect(told(seen, observed)).toEqual(want));
});

test("a cluster of one job is ready although it takes no JARs, and says so", () => {
  const jobId = "0123456789abcdef0123456789abcdef";
  const cluster = aManagedCluster({ application: { jobId, jar: { local: "/opt/flink/usrlib/a.jar" } } });
  const refuses = reachable({ submitEnabled: false });
  expect(told(view(), refuses, cluster)).toEqual(["True", "False", "False", "Reachable"]);
  expect(managedStatus(cluster, view(), refuses, NOW)?.conditions?.[0]?.message).toBe(
    `Flink 2.3.0 answers; it runs the job ${jobId} and takes no other.`,
  );
});

test("an operator that starts anew leaves what was known, until it has asked itself", () => {
  expect(told(view(), connecting, before("Reachable"))).toBeUndefined();
  expect(told(view(), connecting, before("ClusterUnreachable"))).toBeUndefined();
  expect(told(view(), connecting, before("Deploying"))).toEqual(["False", "True", "False", "Deploying"]);
  const edited = { ...before("Reachable"), metadata: { ...aManagedCluster().metadata, generation: 2 } };
  expect(told(view(), connecting, edited)).toEqual(["False", "True", "False", "Deploying"]);
});

test("pods are counted, and where it answers is said", () => {
  expect(managedStatus(aManagedCluster(), view({ live: half }), connecting, NOW)).toMatchObject({
    observedGeneration: 1,
    url: "http://orders-rest.team-a.svc:8081",
    clusterId: "orders",
    jobManagers: { wanted: 1, ready: 0 },
    taskManagers: { wanted: 1, ready: 0 },
    conditions: [{ message: "Ready are 0 of 1 JobManagers and 0 of 1 TaskManagers." }, {}, {}],
  });
});

describe("where the JobManager makes the TaskManagers' pods", () => {
  const { objects, madeFrom } = desiredCluster(aDesign({ mode: "native" }));
  const seen = (pods: Pod[], patch: Partial<ManagedView> = {}) =>
    view({ desired: objects, live: settled(objects), madeFrom, pods, ...patch });
  const aPod = (status: NonNullable<Pod["status"]>, from = madeFrom): Pod => ({
    metadata: {
      name: "orders-taskmanager-1-1",
      labels: { "app.kubernetes.io/component": "taskmanager", "flinkjob.dev/made-from": from! },
    },
    status,
  });
  const ready = aPod({ conditions: [{ type: "Ready", status: "True" }] });
  const counted = (pods: Pod[]) =>
    managedStatus(aManagedCluster({ mode: "native" }), seen(pods), reachable(), NOW)?.taskManagers;

  test.each<[string, ManagedView, string[]]>([
    ["with none of them", seen([]), ["True", "False", "False", "Reachable"]],
    [
      "while they start, as they do with each job",
      seen([ready, aPod({})]),
      ["True", "False", "False", "Reachable"],
    ],
    [
      "but not without a JobManager",
      seen([ready], {
        live: objects.map((object) => (object.kind === "Deployment" ? available(object, 0) : object)),
      }),
      ["False", "True", "False", "Deploying"],
    ],
    ["nor with one of another spec", seen([ready, aPod({}, "old")]), ["False", "True", "False", "Deploying"]],
    [
      "nor with one that no node has room for",
      seen([ready, aPod({ conditions: [{ type: "PodScheduled", status: "False", message: "no room" }] })]),
      ["False", "True", "False", "Unschedulable"],
    ],
    [
      "nor with one whose image is not there",
      seen([aPod({ containerStatuses: [{ name: "c", state: { waiting: { reason: "ErrImagePull" } } }] })]),
      ["False", "False", "True", "ImagePullFailed"],
    ],
    [
      "nor while a job gets none",
      seen([ready], { troubleOfJobs: { reason: "PodsRefused", message: "quota", stalled: true } }),
      ["False", "False", "True", "PodsRefused"],
    ],
  ])("it is ready %s", (_what, view, want) => expect(told(view, reachable())).toEqual(want));

  test("those that are there are counted", () => {
    expect(counted([])).toEqual({ wanted: 0, ready: 0 });
    expect(counted([ready, aPod({}), aPod({ phase: "Failed" })])).toEqual({ wanted: 2, ready: 1 });
  });
});
