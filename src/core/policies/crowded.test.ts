import { describe, expect, test } from "vitest";
import {
  aCluster,
  ago,
  aJob,
  anAnswer,
  aRow,
  aTrigger,
  decideOn,
  SECOND,
} from "../../../test/support/builders.ts";

const v23 = aCluster().v23();
const began = { limit: 4, since: undefined };
const waits = { limit: 4, since: Date.parse(ago(2 * SECOND)) };
const is = (step: ReturnType<typeof decideOn>, type: string) =>
  step.status?.conditions?.find((condition) => condition.type === type);

describe("so many main()s run on the cluster that there is no place for another", () => {
  test("nothing is sent, and it is decided again as soon as there is one", () => {
    const step = decideOn({ job: aJob(), cluster: v23, crowd: waits });
    expect(step).toMatchObject({ rule: "waitsForMains", effect: undefined, awaitsPlace: true });
    expect(step.status?.trigger).toMatchObject({
      ...{ state: "pending", reason: "WaitingForMains", sends: 0, tries: 0 },
      message: expect.stringContaining("4 main()s run on http://a.flink:8081 already"),
    });
    expect(is(step, "Reconciling")).toMatchObject({ status: "True", reason: "WaitingForMains" });
    const later = decideOn({ job: aJob().status(step.status!), cluster: v23, crowd: waits });
    expect(later).toMatchObject({ rule: "waitsForMains", status: undefined, requeueAfterMs: 30_000 });
    expect(decideOn({ job: aJob().status(step.status!), cluster: v23 }).effect?.kind).toBe("submit");
  });

  test("a short wait is not worth a word", () => {
    const step = decideOn({ job: aJob(), cluster: v23, crowd: began });
    expect(step).toMatchObject({ status: undefined, awaitsPlace: true, requeueAfterMs: 1_500 });
  });

  test("before 2.3 main() has a thread of its own", () => {
    expect(decideOn({ job: aJob(), crowd: waits }).effect?.kind).toBe("submit");
  });

  test("found out only after the JAR was there: that was no try", () => {
    const job = aJob().trigger(aTrigger().sent({ tries: 2 }));
    const full = { kind: "notSent", reason: "WaitingForMains", message: "full", retryable: true } as const;
    const step = decideOn({ job, cluster: v23, flight: anAnswer(full), crowd: waits });
    expect(step.status?.trigger).toMatchObject({
      state: "pending",
      reason: "WaitingForMains",
      sends: 0,
      tries: 1,
    });
  });

  test("no job is stopped for a successor that would have to wait: it goes on, and Ready says why", () => {
    const job = aJob().trigger(aTrigger().running()).edited({ entryClass: "shop.Two" });
    const cluster = aCluster().v23().listing(aRow());
    const step = decideOn({ job, cluster, crowd: waits });
    expect(step).toMatchObject({ effect: undefined, awaitsPlace: true, requeueAfterMs: 30_000 });
    expect(step.status?.trigger).toMatchObject({ id: "g1", state: "running", reason: "TasksRunning" });
    expect(is(step, "Ready")).toMatchObject({ status: "False", reason: "WaitingForMains" });
    expect(is(step, "Ready")?.message).toContain("the job goes on until");
    const free = decideOn({ job: job.status(step.status!), cluster });
    expect(free.effect?.kind).toBe("cancelJob");
  });

  test("it may be suspended and deleted meanwhile, and what runs too", () => {
    const cluster = aCluster().v23().listing(aRow());
    const running = aJob()
      .trigger(aTrigger().running())
      .edited({ entryClass: "shop.Two", state: "suspended" });
    expect(decideOn({ job: running, cluster, crowd: waits }).effect?.kind).toBe("cancelJob");
    const waiting = aJob().trigger(aTrigger());
    const suspended = decideOn({ job: waiting.edited({ state: "suspended" }), cluster: v23, crowd: waits });
    expect(suspended.status?.trigger).toMatchObject({ state: "canceled", reason: "Suspended" });
    const deleted = decideOn({ job: waiting.deleted(), cluster: v23, crowd: waits });
    expect(deleted.effect?.kind).toBe("removeFinalizer");
  });
});
