import { describe, expect, test } from "vitest";
import {
  aCluster,
  aJob,
  aLook,
  anAnswer,
  aRow,
  aTrigger,
  connecting,
  decideOn,
  NOW,
  SECOND,
  unreachable,
} from "../../test/support/builders.ts";
import { assertConditionsConform } from "../../test/support/conditions.ts";
import { jobIdOf } from "./identity.ts";

describe("before anything else", () => {
  test("nothing is sent for an object without our finalizer", () => {
    const step = decideOn({ job: aJob().meta({ finalizers: ["other/one"] }) });
    expect(step).toMatchObject({ rule: "addFinalizer", effect: { kind: "addFinalizer" }, status: undefined });
  });

  test("a cluster that was not asked yet says nothing", () => {
    const step = decideOn({ job: aJob(), cluster: connecting });
    expect(step).toMatchObject({ rule: "connecting", status: undefined, effect: undefined });
  });

  test("the first decision writes a whole status", () => {
    const job = aJob();
    const { status } = decideOn({ job });
    expect(status).toMatchObject({ observedGeneration: 1, state: "Pending", cluster: "a.flink:8081" });
    assertConditionsConform(job.status(status!).build());
  });
});

test("an answer that changes nothing is followed by another decision: the spec may have waited for it", () => {
  const job = aJob()
    .trigger(aTrigger().running())
    .edited({ args: ["other"] });
  const step = decideOn({
    job: job.status({ ...job.build().status!, observedGeneration: 2 }),
    cluster: aCluster().listing(aRow()),
    flight: anAnswer({ kind: "accepted" }),
  });
  expect(step).toMatchObject({ settlesFlight: true });
  expect(step.status === undefined ? step.requeueAfterMs : 0).toBe(0);
});

describe("a look-up counts only while it is fresh", () => {
  const job = aJob().trigger(aTrigger().sent());
  const rule = (look: Parameters<typeof aLook>[0]) => decideOn({ job, look: aLook(look) }).rule;

  test("it is taken again when it is old", () => {
    expect(rule({ at: NOW - 1_600, endedAt: NOW - 1_501 })).toBe("lookUp");
    expect(rule({ at: NOW - 1_600, endedAt: NOW - 1_500 })).not.toBe("lookUp");
  });

  test("a slow look-up is fresh all the same: else a slow JobManager would be asked for ever", () => {
    expect(rule({ at: NOW - 20 * SECOND, endedAt: NOW - 10 })).not.toBe("lookUp");
  });

  test("it is taken again when the clock was set back", () => {
    expect(rule({ at: NOW + 60 * SECOND, endedAt: NOW + 60 * SECOND })).toBe("lookUp");
  });

  test("it is taken again when it began before the answer came", () => {
    const flight = anAnswer({ kind: "duplicate", message: "" }, 20);
    expect(decideOn({ job, flight, look: aLook({ at: NOW - 40 }) }).rule).toBe("lookUp");
    expect(decideOn({ job, flight, look: aLook({ at: NOW - 20 }) }).rule).not.toBe("lookUp");
  });

  test("what is known of another JobID says nothing", () => {
    const other = "f".repeat(32);
    const flight = { ...anAnswer({ kind: "accepted" }, 5 * SECOND), jobId: other };
    expect(decideOn({ job, flight, look: aLook({ jobId: other, found: true }) }).rule).toBe("lookUp");
  });
});

test("a status that would stand as it is, is not written", () => {
  const job = aJob().trigger(aTrigger().running());
  const scene = { cluster: aCluster().listing(aRow()) };
  const first = decideOn({ job, ...scene });
  expect(first.status?.trigger?.reason).toBe("TasksRunning");
  expect(decideOn({ job: job.status(first.status!), ...scene }).status).toBeUndefined();
});

test("a new generation is acknowledged even where it asks for no run", () => {
  const job = aJob().trigger(aTrigger().running()).edited({ ttlSecondsAfterFinished: 60 });
  for (const cluster of [aCluster().listing(aRow()), unreachable]) {
    expect(decideOn({ job, cluster }).status?.observedGeneration).toBe(2);
  }
});

test("a status that came along from another object is not believed", () => {
  const job = aJob().trigger(aTrigger().running()).meta({ uid: "another-uid" });
  const step = decideOn({ job });
  expect(step).toMatchObject({ rule: "send", effect: { kind: "submit" } });
  expect(step.status?.trigger?.jobId).toBe(jobIdOf("another-uid", "g1", 1));
  expect(step.status?.history).toBeUndefined();
});
