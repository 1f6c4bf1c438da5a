import { describe, expect, test } from "vitest";
import { objectOf, objectsOf, settled } from "../../../test/support/cluster-builders.ts";
import { type Pod, troubleOf } from "./pods.ts";

type Container = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];
const aPod = (container: Partial<Container>, more: object = {}): Pod => ({
  metadata: { name: "orders-jobmanager-x" },
  status: { containerStatuses: [{ name: "main", ...container }], ...more },
});
const where = "orders-jobmanager-x (main)";

describe("the trouble of pods is told", () => {
  test.each([
    [
      "an image that is not there",
      aPod({ state: { waiting: { reason: "ErrImagePull", message: "not found" } } }),
      { reason: "ImagePullFailed", message: `${where}: not found`, stalled: true },
    ],
    [
      "the same, while the kubelet waits",
      aPod({
        state: {
          waiting: {
            reason: "ImagePullBackOff",
            message: 'Back-off pulling image "a": ErrImagePull: not found',
          },
        },
      }),
      { reason: "ImagePullFailed", message: `${where}: not found`, stalled: true },
    ],
    [
      "a Secret that is missing",
      aPod({ state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "s" not found' } } }),
      { reason: "PodsRefused", message: `${where}: secret "s" not found`, stalled: true },
    ],
    [
      "a container that ends again and again, with its last words",
      aPod({
        restartCount: 2,
        state: {},
        lastState: { terminated: { exitCode: 239, reason: "Error", message: `${"x".repeat(600)}cause\n` } },
      }),
      {
        reason: "CrashLooping",
        message: `${where} ended with exit code 239, restarted 2 times: …${"x".repeat(495)}cause`,
        stalled: true,
      },
    ],
    [
      "what a JVM threw, without the stack",
      aPod({
        restartCount: 2,
        lastState: {
          terminated: {
            exitCode: 1,
            message:
              "log line\nException: outer\n\tat a.B.c(B.java:1)\nCaused by: inner\n\tat a.B.d(B.java:2)\n\t... 3 more\n",
          },
        },
      }),
      {
        reason: "CrashLooping",
        message: `${where} ended with exit code 1, restarted 2 times: log line\nException: outer\nCaused by: inner`,
        stalled: true,
      },
    ],
    [
      "one that was killed for its memory",
      aPod({
        restartCount: 1,
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } },
      }),
      {
        reason: "CrashLooping",
        message: `${where} ended with exit code 137 (OOMKilled), restarted 1 times`,
        stalled: true,
      },
    ],
    [
      "no node that has room",
      aPod(
        {},
        { conditions: [{ type: "PodScheduled", status: "False", message: "0/1 nodes are available" }] },
      ),
      { reason: "Unschedulable", message: "orders-jobmanager-x: 0/1 nodes are available", stalled: false },
    ],
  ])("%s", (_what, pod, want) => expect(troubleOf([pod], [])).toEqual(want));

  test("pods that are not even admitted", () => {
    const deployment = objectOf(settled(objectsOf()), "Deployment", "orders-jobmanager");
    const conditions = [
      { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "exceeded quota" },
    ];
    expect(troubleOf([], [{ ...deployment, status: { conditions } }])).toEqual({
      reason: "PodsRefused",
      message: "orders-jobmanager: exceeded quota",
      stalled: true,
    });
  });
});

describe("none is told", () => {
  test.each([
    [
      "of a container that starts",
      aPod({ ready: false, restartCount: 0, state: { waiting: { reason: "ContainerCreating" } } }),
    ],
    [
      "of one that was restarted once, a failover",
      aPod({ ready: false, restartCount: 1, lastState: { terminated: { exitCode: 137 } } }),
    ],
    [
      "of one that runs again",
      aPod({ ready: true, restartCount: 5, lastState: { terminated: { exitCode: 1 } } }),
    ],
    [
      "of a pod that goes",
      {
        ...aPod({ state: { waiting: { reason: "ErrImagePull" } } }),
        metadata: { name: "a", deletionTimestamp: "2026-01-01T00:00:00Z" },
      },
    ],
  ])("%s", (_what, pod) => expect(troubleOf([pod], [])).toBeUndefined());
});
