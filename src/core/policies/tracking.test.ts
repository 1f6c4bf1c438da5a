import { describe, expect, test } from "vitest";
import {
  aCluster,
  ago,
  aJob,
  aLook,
  anApplication,
  aRow,
  aTrigger,
  decideOn,
  NOW,
  snapshots,
} from "../../../test/support/builders.ts";

const job = aJob().trigger(aTrigger().running());
const failure = { reason: "MainFailed", message: "out of coffee" } as const;
const canceled = (endedAgo: number) => ({ ...aRow("CANCELED"), endTime: NOW - endedAgo });
const on23 = (endedAgo = 1_000) => aCluster().v23().listing(canceled(endedAgo));

describe("the end of a job that Flink 2.3 cancelled", () => {
  test("is looked into: main() may have failed after its execute()", () => {
    expect(decideOn({ job, cluster: on23() }).effect).toMatchObject({ kind: "lookUp" });
    const step = decideOn({
      job,
      cluster: on23(),
      look: anApplication("FAILED", 1, { found: true, failure }),
    });
    expect(step.status).toMatchObject({ state: "Failed", trigger: { state: "failed", failure } });
  });

  test("waits a moment for the application to end, and not for ever", () => {
    const look = anApplication("FAILING", 1, { found: true });
    expect(decideOn({ job, cluster: on23(), look })).toMatchObject({
      status: undefined,
      requeueAfterMs: 700,
    });
    const stuck = decideOn({ job, cluster: on23(10_000), look });
    expect(stuck.status).toMatchObject({ state: "Canceled" });
    const otherClock = decideOn({ job, cluster: on23(-3_600_000), look });
    expect(otherClock.status).toMatchObject({ state: "Canceled" });
  });

  test("is not asked for a cause that we know: we cancelled it, and its successor waits", () => {
    const replacing = aTrigger().running().with({ reason: "Replacing" });
    const step = decideOn({ job: aJob().trigger(replacing), cluster: on23(100) });
    expect(step.effect).toBeUndefined();
    expect(step.status).toMatchObject({ state: "Canceled" });
  });

  test("an application that was not there yet when it was looked for is looked for again", () => {
    const early = aLook({ found: true });
    expect(decideOn({ job, cluster: on23(), look: early })).toMatchObject({
      rule: "applicationEnds",
      requeueAfterMs: 700,
    });
    expect(decideOn({ job, cluster: on23(10_000), look: early }).status?.state).toBe("Canceled");
  });

  test("is Canceled when the application was cancelled too", () => {
    const look = anApplication("CANCELED", 1, { found: true });
    expect(decideOn({ job, cluster: on23(), look }).status).toMatchObject({ state: "Canceled" });
  });
});

test("before 2.3 a cancelled job is just that", () => {
  const cluster = aCluster().listing(canceled(1_000));
  expect(decideOn({ job, cluster }).status).toMatchObject({ state: "Canceled" });
});

test("a failed job's cause is read before its end is recorded", () => {
  const cluster = aCluster().listing({ ...aRow("FAILED"), endTime: NOW - 10 });
  expect(decideOn({ job, cluster })).toMatchObject({ status: undefined, effect: { kind: "lookUp" } });
  const look = aLook({ found: true, failure: { reason: "JobFailed", message: "disk full" } });
  expect(decideOn({ job, cluster, look }).status?.trigger?.failure?.message).toBe("disk full");
});

test("what failed before it was seen to run was accepted all the same, so that its state is not forgotten", () => {
  const sent = aJob({ upgradeMode: "savepoint" }).trigger(aTrigger().sent());
  const cluster = aCluster()
    .v23()
    .listing({ ...aRow("FAILED"), endTime: NOW - 10_000 });
  const look = anApplication("FAILED", 1, { found: true, failure, snapshots: snapshots() });
  const { status } = decideOn({ job: sent, cluster, look });
  expect(status).toMatchObject({
    trigger: { state: "failed", acceptedAt: ago(0) },
    restorePoint: { kind: "checkpoint" },
  });
});
