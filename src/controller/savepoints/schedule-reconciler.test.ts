import { describe, expect, test } from "vitest";
import { aJob, aTrigger, HOUR, NOW } from "../../../test/support/builders.ts";
import { aSavepoint } from "../../../test/support/savepoint-builders.ts";
import { savepoints as lifecycle } from "../../api/lifecycle.ts";
import type { FlinkSavepoint } from "../../api/objects.ts";
import { KubeError, type KubeErrorCode } from "../../kube/errors.ts";
import { FakeClock } from "../../kube/fake-clock.ts";
import { ScheduleReconciler } from "./schedule-reconciler.ts";

const { signal } = new AbortController();
const job = aJob({ savepoints: lifecycle.parse({ interval: "1h", historyLimit: 1 }) })
  .trigger(aTrigger().running(1.5 * HOUR))
  .build();

function reconciler(savepoints: FlinkSavepoint[], refusal?: KubeError) {
  const requests: unknown[] = [];
  const answer = async (...request: unknown[]) => {
    requests.push(request);
    if (refusal) throw refusal;
    return {} as never;
  };
  const schedule = new ScheduleReconciler({
    kube: { create: answer, delete: answer },
    flinkJob: (key) => (key === "shop/orders" ? job : undefined),
    savepointsOf: () => savepoints,
    clock: Object.assign(new FakeClock(), { now: () => NOW }),
  });
  return { schedule, requests };
}

const refusal = (code: KubeErrorCode, cause?: string) =>
  new KubeError(code, code, cause ? { details: { causes: [{ reason: cause }] } } : {});

test("makes what is due, and looks again when the next is", async () => {
  const { schedule, requests } = reconciler([]);
  expect(await schedule.reconcile("shop/orders", signal)).toEqual({ requeueAfterMs: HOUR / 2 });
  expect(requests).toMatchObject([[{ kind: "FlinkSavepoint" }, { spec: { job: { name: "orders" } } }, {}]]);
});

test("deletes the one that is too many, and no namesake of it", async () => {
  const complete = (name: string) =>
    aSavepoint()
      .periodic()
      .completed(name)
      .meta({ name, uid: `uid-${name}` })
      .build();
  const { schedule, requests } = reconciler([complete("a"), complete("b")]);
  expect(await schedule.reconcile("shop/orders", signal)).toBeUndefined();
  expect(requests).toMatchObject([
    [{ kind: "FlinkSavepoint" }, { name: "a" }, { preconditions: { uid: "uid-a" } }],
  ]);
});

test("does nothing for a FlinkJob that is gone", async () => {
  const { schedule, requests } = reconciler([]);
  expect(await schedule.reconcile("shop/other", signal)).toBeUndefined();
  expect(requests).toEqual([]);
});

describe("a refusal", () => {
  test.each([
    ["because another leader was faster is none", refusal("AlreadyExists")],
    ["because the namespace goes is final", refusal("Forbidden", "NamespaceTerminating")],
  ])("%s", async (_, error) => {
    const { schedule } = reconciler([], error);
    expect(await schedule.reconcile("shop/orders", signal)).toEqual({ requeueAfterMs: HOUR / 2 });
  });

  test.each([["Forbidden"], ["Network"]] as const)("%s is told, and tried again", async (code) => {
    const { schedule } = reconciler([], refusal(code));
    await expect(schedule.reconcile("shop/orders", signal)).rejects.toThrow(code);
  });
});
