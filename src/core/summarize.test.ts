import { describe, expect, test } from "vitest";
import {
  ago,
  aJob,
  aRow,
  aTrigger,
  type JobBuilder,
  NOW,
  observed,
  type TriggerBuilder,
} from "../../test/support/builders.ts";
import { assertConditionsConform, conditionFaults } from "../../test/support/conditions.ts";
import { contextOf } from "./context.ts";
import type { Verdict } from "./step.ts";
import { sameStatus, summarize } from "./summarize.ts";

const status = (job: JobBuilder, verdict: Partial<Verdict> = {}) =>
  summarize(contextOf(observed({ job }), NOW), { rule: "test", ...verdict });
const of = (trigger: TriggerBuilder, patch: (job: JobBuilder) => JobBuilder = (job) => job) =>
  status(patch(aJob()), { trigger: trigger.build() });
const words = (summary: ReturnType<typeof status>) =>
  Object.fromEntries((summary.conditions ?? []).map(({ type, status: word }) => [type, word]));

describe("conditions follow kstatus", () => {
  const [T, F, U] = ["True", "False", "Unknown"];
  const gone = aTrigger().running().with({ reason: "ClusterUnreachable" });
  test.each([
    // state, Ready, Reconciling, Stalled, Submitted, Succeeded
    ["recorded", aTrigger(), "Pending", F, T, F, U, U],
    ["sent", aTrigger().sent(), "Pending", F, T, F, U, U],
    ["accepted", aTrigger().running().with({ reason: "WaitingForTasks" }), "Starting", F, T, F, T, U],
    ["its tasks run", aTrigger().running(), "Running", T, F, F, T, U],
    ["out of sight", gone, "Unknown", U, T, F, T, U],
    ["replaced", aTrigger().running().with({ reason: "Replacing" }), "Starting", F, T, F, T, U],
    ["finished", aTrigger().finished(), "Finished", T, F, F, T, T],
    ["failed", aTrigger().failed(), "Failed", F, F, T, T, F],
    ["never accepted", aTrigger().timedOut(), "Failed", F, F, T, F, F],
    ["cancelled", aTrigger().canceled(), "Canceled", F, F, T, T, F],
  ])("%s", (_, trigger, state, Ready, Reconciling, Stalled, Submitted, Succeeded) => {
    const summary = of(trigger);
    expect(summary.state).toBe(state);
    expect(words(summary)).toEqual({ Ready, Reconciling, Stalled, Submitted, Succeeded });
    assertConditionsConform(aJob().status(summary).build());
  });

  test("while it is deleted it is neither ready nor stalled", () => {
    for (const trigger of [aTrigger().running(), aTrigger().finished(), aTrigger().failed()]) {
      const summary = of(trigger, (job) => job.deleted());
      expect(summary.state).toBe("Deleting");
      expect(words(summary)).toMatchObject({ Ready: "False", Reconciling: "True", Stalled: "False" });
      assertConditionsConform(aJob().deleted().status(summary).build());
    }
  });

  test("a refused spec stalls the object and leaves what its trigger achieved", () => {
    const refused = { reason: "TriggerIdReused", message: "used before" } as const;
    const summary = status(aJob(), { trigger: aTrigger().running().build(), refused });
    expect(words(summary)).toMatchObject({ Ready: "False", Stalled: "True", Submitted: "True" });
    const submitted = summary.conditions?.find(({ type }) => type === "Submitted");
    expect(submitted?.reason).toBe("TasksRunning");
    assertConditionsConform(aJob().status(summary).build());
  });

  test("a transition time moves with the status and only then", () => {
    const job = aJob().trigger(aTrigger().sent());
    const before = job.build().status!;
    const same = status(job, { trigger: aTrigger().sent().with({ message: "other" }).build() });
    expect(same.conditions?.map((one) => one.lastTransitionTime)).toEqual(
      before.conditions?.map((one) => one.lastTransitionTime),
    );
    const after = status(job, { trigger: aTrigger().running().build() });
    const moved = after.conditions
      ?.filter((one) => one.lastTransitionTime === ago(0))
      .map(({ type }) => type);
    expect(moved).toEqual(["Ready", "Reconciling", "Submitted"]);
    assertConditionsConform(job.status(after).build(), before);
  });
});

describe("the checker finds what it is there for", () => {
  const good = of(aTrigger().running());
  const broken = (type: string, patch: object) => {
    const conditions = good.conditions?.map((one) => (one.type === type ? { ...one, ...patch } : one)) ?? [];
    return conditionFaults(
      aJob()
        .status({ ...good, conditions })
        .build(),
      good,
    );
  };
  test.each([
    ["Stalled", { status: "True" }],
    ["Reconciling", { status: "True" }],
    ["Ready", { status: "False" }],
    ["Ready", { reason: "" }],
    ["Ready", { reason: "not one word" }],
    ["Ready", { message: "x".repeat(2_000) }],
    ["Ready", { observedGeneration: 7 }],
    ["Ready", { lastTransitionTime: ago(-1) }],
    ["Ready", { type: "Fine" }],
    ["Succeeded", { type: "Ready" }],
  ])("%s with %o", (type, patch) => {
    expect(broken(type, {})).toEqual([]);
    expect(broken(type, patch)).not.toEqual([]);
  });

  test("another generation", () => {
    expect(conditionFaults(aJob().edited({}).status(good).build())).not.toEqual([]);
  });
});

describe("the rest of the status", () => {
  test("the job as Flink tells it, with a link to it", () => {
    const summary = status(aJob(), { trigger: aTrigger().running().build(), job: aRow() });
    expect(summary.job).toEqual({
      id: aRow().id,
      name: "orders",
      state: "RUNNING",
      startTime: ago(60_000),
      webUrl: `http://a.flink:8081/#/job/${aRow().id}/overview`,
    });
  });

  test("a verdict without a job leaves it, one with null takes it away", () => {
    const job = aJob().status(status(aJob(), { trigger: aTrigger().running().build(), job: aRow() }));
    expect(status(job).job?.id).toBe(aRow().id);
    expect(status(job, { job: null })).not.toHaveProperty("job");
  });

  test("the last ten triggers, newest first", () => {
    const past = (id: string) => aTrigger({ id }).finished();
    const old = Array.from({ length: 10 }, (_, n) => past(`t${n}`));
    const next = past("new").build();
    const { history } = status(aJob().history(...old), { past: next });
    expect(history).toHaveLength(10);
    expect(history?.map(({ id }) => id).slice(0, 2)).toEqual(["new", "t0"]);
  });

  test("messages are bounded, and stay so", () => {
    const long = aTrigger()
      .sent()
      .with({ message: "x".repeat(5_000) });
    const summary = of(long);
    expect(summary.trigger?.message).toHaveLength(1_024);
    expect(summary.trigger?.message?.endsWith("…")).toBe(true);
    expect(status(aJob().status(summary))).toEqual(summary);
  });

  test("the cluster by name, or by host", () => {
    expect(status(aJob({ cluster: { name: "lab" } })).cluster).toBe("lab");
    expect(status(aJob({ cluster: { url: "https://flink.example/prod" } })).cluster).toBe("flink.example");
  });
});

describe("the same status", () => {
  const same: [object, object][] = [
    [{ a: 1, b: undefined }, { a: 1 }],
    [{ a: 1 }, { a: 1, b: undefined }],
    [{ a: [{ b: "x" }] }, { a: [{ b: "x" }] }],
  ];
  test.each(same)("%j and %j: an absent field and an undefined one are the same", (a, b) => {
    expect(sameStatus(a, b)).toBe(true);
  });

  const different: [object, object][] = [
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: "1" }],
    [{ a: 1 }, {}],
    [{}, { a: 1 }],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [{ a: [1] }, { a: [1, 2] }],
    [{ a: {} }, { a: [] }],
    [{ a: null }, { a: {} }],
  ];
  test.each(different)("%j is not %j", (a, b) => {
    expect(sameStatus(a, b)).toBe(false);
  });
});
