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
        lastState: { terminated: { exitCode: 239, reason: "Error", message: `${"x".repeat(900)}cause\n` } },
      }),
      {
        reason: "CrashLooping",
        message: `${where} ended with exit code 239, restarted 2 times: …${"x".repeat(795)}cause`,
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
              "log line\nException: outer\n\tat a.B.c(B.java:1)\nCaused by: inner\n\tat a.B.d(B.java:2)\n\t... 3 more\n ... suppressed 12 lines\n",
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

  const wrongSum = "JarChecksumMismatch: https://h/x.jar: has SHA-256 1, not 2";
  test.each([
    ["has just failed", { state: { terminated: { exitCode: 1, message: wrongSum } } }],
    [
      "waits for its next try",
      {
        restartCount: 3,
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { exitCode: 1, message: wrongSum } },
      },
    ],
    [
      "tries again",
      { restartCount: 1, state: {}, lastState: { terminated: { exitCode: 1, message: wrongSum } } },
    ],
  ])("a JAR that cannot be fetched, while its step %s", (_what, step) => {
    const pod = aPod({}, { initContainerStatuses: [{ name: "fetch-jar", ...step }] });
    expect(troubleOf([pod], [])).toEqual({
      reason: "JarChecksumMismatch",
      message: "orders-jobmanager-x: https://h/x.jar: has SHA-256 1, not 2",
      stalled: true,
    });
  });

  test.each([
    ["JarFetchFailed: https://h/x.jar: connect ECONNREFUSED", "JarFetchFailed", false],
    ["JarFetchTimeout: https://h/x.jar: not transferred in time", "JarFetchTimeout", false],
    ["JarNotFound: https://h/x.jar: HTTP 404", "JarNotFound", true],
    ["DestinationNotAllowed: https://h/x.jar: 10.0.0.1 is denied", "DestinationNotAllowed", true],
  ])("%s: somebody has to do something, or not", (message, reason, stalled) => {
    const steps = [{ name: "fetch-jar", state: { terminated: { exitCode: 1, message } } }];
    expect(troubleOf([aPod({}, { initContainerStatuses: steps })], [])).toMatchObject({ reason, stalled });
  });

  test("a step that fetches a JAR and has no words for its end is told as any container", () => {
    const steps = [
      {
        name: "fetch-jar",
        restartCount: 1,
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } },
      },
    ];
    expect(troubleOf([aPod({}, { initContainerStatuses: steps })], [])).toEqual({
      reason: "CrashLooping",
      message: "orders-jobmanager-x (fetch-jar) ended with exit code 137 (OOMKilled), restarted 1 times",
      stalled: true,
    });
  });

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
      "of a JAR that was fetched in the end",
      aPod(
        {},
        {
          initContainerStatuses: [
            {
              name: "fetch-jar",
              restartCount: 1,
              state: { terminated: { exitCode: 0 } },
              lastState: { terminated: { exitCode: 1, message: "JarFetchFailed: https://h/x.jar: reset" } },
            },
          ],
        },
      ),
    ],
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
