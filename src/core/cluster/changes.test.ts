import { describe, expect, test } from "vitest";
import { available, objectOf, objectsOf, settled } from "../../../test/support/cluster-builders.ts";
import { changesOf, type DeploymentStatus, isSettled } from "./changes.ts";
import type { ClusterObject } from "./objects.ts";

const objects = objectsOf();
const names = (list: readonly (ClusterObject | { kind: string; name: string })[]) =>
  list.map(
    (each) => `${each.kind}/${"metadata" in each ? (each as ClusterObject).metadata.name : each.name}`,
  );
const without = (list: readonly ClusterObject[], ...gone: ClusterObject[]) =>
  list.filter((object) => !gone.includes(object));

test("everything is made at first, the JobManager before the TaskManagers", () => {
  const { apply, remove, held } = changesOf(objects, []);
  expect(apply).toEqual(objects);
  expect(names(apply).slice(-2)).toEqual(["Deployment/orders-jobmanager", "Deployment/orders-taskmanager"]);
  expect([remove, held]).toEqual([[], undefined]);
});

test("nothing is done while all is as it should be, ready or not", () => {
  const none = { apply: [], remove: [] };
  expect(changesOf(objects, settled(objects))).toEqual(none);
  expect(changesOf(objects, objects)).toEqual(none);
});

test("what is gone or was changed is brought back, and nothing else", () => {
  const live = settled(objects);
  const service = objectOf(live, "Service", "orders-rest");
  const changed = { ...service, spec: { ...(service.spec as object), type: "NodePort" } };
  const role = objectOf(live, "Role", "orders-taskmanager");
  const { apply } = changesOf(objects, [...without(live, service, role), changed]);
  expect(names(apply)).toEqual(["Role/orders-taskmanager", "Service/orders-rest"]);
});

test("what is no longer wanted goes", () => {
  const live = settled(objectsOf({ ingress: { host: "flink.example" }, jobManager: { replicas: 2 } }));
  const { remove } = changesOf(objects, live);
  expect(names(remove)).toEqual(["PodDisruptionBudget/orders-jobmanager", "Ingress/orders-rest"]);
});

describe("a change that replaces pods", () => {
  const next = objectsOf({ flinkConfiguration: { "parallelism.default": 2 } });
  const newLeader = objectOf(next, "Deployment", "orders-jobmanager");
  const config = objectOf(objects, "ConfigMap", "orders-config");
  const leader = objectOf(objects, "Deployment", "orders-jobmanager");
  /** After the first step: new objects, new JobManager, old TaskManagers. */
  const half = (jobManager: ClusterObject) => [
    ...without(
      settled(objects),
      config,
      objectOf(settled(objects), "Deployment", "orders-jobmanager"),
    ).filter(({ metadata }) => metadata.name !== leader.metadata.name || metadata.labels === undefined),
    config,
    objectOf(next, "ConfigMap", "orders-config"),
    ...objects.filter(
      ({ kind, metadata }) => kind !== "Deployment" && metadata.name === leader.metadata.name,
    ),
    jobManager,
  ];

  test("begins with the JobManager", () => {
    const { apply, remove, held } = changesOf(next, settled(objects));
    expect(names(apply)).toEqual([
      `ConfigMap/${objectOf(next, "ConfigMap", "orders-config").metadata.name}`,
      "Deployment/orders-jobmanager",
    ]);
    expect(held).toBe("jobManager");
    // Its pods may still start anew.
    expect(remove).toEqual([]);
  });

  test("waits while the new JobManager is not available", () => {
    const { apply, remove, held } = changesOf(next, half(available(newLeader, 0)));
    expect([apply, remove, held]).toEqual([[], [], "jobManager"]);
  });

  test("goes on with the TaskManagers", () => {
    const { apply, remove, held } = changesOf(next, half(available(newLeader)));
    expect(names(apply)).toEqual(["Deployment/orders-taskmanager"]);
    expect([remove, held]).toEqual([[], undefined]);
  });

  test("ends with the old configuration's removal", () => {
    const { apply, remove } = changesOf(next, [...settled(next), config]);
    expect([names(apply), names(remove)]).toEqual([[], [`ConfigMap/${config.metadata.name}`]]);
  });
});

test("TaskManagers are scaled at once, whatever the JobManager does", () => {
  const live = settled(objects).map((object) =>
    object.metadata.name === "orders-jobmanager" && object.kind === "Deployment"
      ? available(object, 0)
      : object,
  );
  const more = objectsOf({ taskManager: { replicas: 3 } });
  expect(names(changesOf(more, live).apply)).toEqual([
    "PodDisruptionBudget/orders-taskmanager",
    "Deployment/orders-taskmanager",
  ]);
});

describe("a Deployment is settled", () => {
  const wanted = objectOf(objectsOf({ taskManager: { replicas: 2 } }), "Deployment", "orders-taskmanager");
  const live = available(wanted);
  const reporting = (patch: DeploymentStatus) => ({
    ...live,
    status: { ...(live.status as object), ...patch },
  });

  test("when its pods are the newest, all there and available", () =>
    expect(isSettled(wanted, live)).toBe(true));

  test.each([
    ["some are of an older template", { updatedReplicas: 1 }],
    ["older ones are there too", { replicas: 3 }],
    ["one is not available", { availableReplicas: 1 }],
    ["its controller has not seen the change", { observedGeneration: 0 }],
  ])("but not while %s", (_what, patch) => expect(isSettled(wanted, reporting(patch))).toBe(false));

  test("nor when it is not there, or of another template", () => {
    expect(isSettled(wanted, undefined)).toBe(false);
    expect(
      isSettled(wanted, available(objectOf(objectsOf({ image: "x" }), "Deployment", "orders-taskmanager"))),
    ).toBe(false);
  });
});
