import { describe, expect, test } from "vitest";
import { aJob, aTrigger, NOW, unreachable } from "../../../test/support/builders.ts";
import {
  aSavepoint,
  decideOnSavepoint,
  JOB_ID,
  newsOf,
  PATH,
  type SavepointBuilder,
  type SavepointScene,
} from "../../../test/support/savepoint-builders.ts";

const disposable = aSavepoint({ disposeOnDelete: true });

describe("the finalizer", () => {
  test("is there before anything is asked for", () => {
    expect(decideOnSavepoint({ savepoint: disposable })).toMatchObject({
      effect: { kind: "addFinalizer" },
      status: undefined,
    });
  });

  test("comes and goes with the wish", () => {
    expect(
      decideOnSavepoint({ savepoint: aSavepoint({ disposeOnDelete: true }).completed() }).effect,
    ).toEqual({ kind: "addFinalizer" });
    const held = aSavepoint().disposable().completed().spec({ disposeOnDelete: false });
    expect(decideOnSavepoint({ savepoint: held }).effect).toEqual({ kind: "removeFinalizer" });
  });
});

describe("an import", () => {
  const wish = aSavepoint({ alreadyExists: { path: PATH, jobId: JOB_ID } });

  test("is complete without asking anybody", () => {
    expect(decideOnSavepoint({ savepoint: wish, job: undefined, cluster: undefined })).toMatchObject({
      effect: undefined,
      events: [],
      status: {
        state: "completed",
        reason: "Imported",
        path: PATH,
        jobId: JOB_ID,
        completedAt: new Date(NOW).toISOString(),
      },
    });
  });

  test("stays as it is", () => {
    const { status } = decideOnSavepoint({ savepoint: wish });
    const { observedGeneration: _, conditions: __, ...facts } = status!;
    expect(decideOnSavepoint({ savepoint: wish.facts(facts), now: NOW + 1_000 })).toMatchObject({
      status: undefined,
      effect: undefined,
    });
  });
});

describe("over: nothing is asked, nothing is written", () => {
  const over = (state: "failed" | "abandoned") =>
    aSavepoint().asked(1, 0, { state, reason: "JobEnded", message: "Over." });
  test.each<[string, SavepointBuilder, Partial<SavepointScene>]>([
    ["complete", aSavepoint().completed(), {}],
    ["complete, of a job that is gone", aSavepoint().completed(), { job: undefined, cluster: undefined }],
    ["failed", over("failed"), {}],
    [
      "abandoned, and another job runs by now",
      over("abandoned"),
      { job: aJob().trigger(aTrigger({ id: "g2" }).running()) },
    ],
    ["complete, and late news", aSavepoint().completed(), { news: newsOf({ state: "failed", message: "" }) }],
  ])("%s", (_, savepoint, scene) => {
    expect(decideOnSavepoint({ savepoint, ...scene })).toEqual({
      rule: "over",
      status: undefined,
      events: [],
      effect: undefined,
      requeueAfterMs: undefined,
    });
  });
});

test("a request on record that is another object's is not believed", () => {
  const savepoint = aSavepoint().asked().meta({ uid: "restored-from-a-backup" });
  expect(decideOnSavepoint({ savepoint })).toMatchObject({ effect: { kind: "readCheckpoints" } });
});

describe("conditions", () => {
  test.each<[string, SavepointScene, string[]]>([
    ["pending", { savepoint: aSavepoint(), job: undefined }, ["False", "True", "False"]],
    ["inProgress", { savepoint: aSavepoint().asked(), cluster: unreachable }, ["False", "True", "False"]],
    [
      "completed",
      { savepoint: aSavepoint().asked(), news: newsOf({ state: "completed", path: PATH }) },
      ["True", "False", "False"],
    ],
    [
      "failed",
      { savepoint: aSavepoint({ backoffLimit: 0 }).asked(), news: newsOf({ state: "failed", message: "" }) },
      ["False", "False", "True"],
    ],
    [
      "abandoned",
      { savepoint: aSavepoint(), job: aJob().trigger(aTrigger().finished()) },
      ["False", "False", "True"],
    ],
    [
      "being deleted",
      { savepoint: aSavepoint().disposable().completed().deleted() },
      ["False", "True", "False"],
    ],
  ])("%s", (_, scene, want) => {
    const { status } = decideOnSavepoint(scene);
    const { conditions = [] } = status ?? {};
    expect(conditions.map(({ type, status }) => `${type} ${status}`)).toEqual(
      ["Ready", "Reconciling", "Stalled"].map((type, n) => `${type} ${want[n]}`),
    );
    for (const one of conditions) {
      expect(one).toMatchObject({ observedGeneration: 1, reason: status?.reason, message: status?.message });
    }
  });

  test("a transition time moves with its condition only", () => {
    const before = aSavepoint().asked();
    const after = decideOnSavepoint({ savepoint: before, cluster: unreachable }).status?.conditions;
    expect(after?.map((one) => one.lastTransitionTime)).toEqual(
      before.build().status?.conditions?.map((one) => one.lastTransitionTime),
    );
  });

  test("a message is bounded", () => {
    const news = newsOf({ state: "failed", message: "x".repeat(5_000) });
    const { status } = decideOnSavepoint({ savepoint: aSavepoint().asked(), news });
    expect(status?.message?.length).toBe(1_024);
  });
});
