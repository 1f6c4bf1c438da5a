import { describe, expect, test } from "vitest";
import {
  aCluster,
  aFlight,
  ago,
  aJob,
  aLook,
  anAnswer,
  anApplication,
  aRow,
  aTrigger,
  connecting,
  decideOn,
  HOUR,
  MINUTE,
  P2,
  SECOND,
  UID,
  unreachable,
} from "../../../test/support/builders.ts";
import { jobIdOf } from "../identity.ts";

describe("a finished job is never run again", () => {
  test.each([
    ["the list is empty", aCluster()],
    ["the JobManager is another", aCluster().process(P2)],
    ["without HA the JobManager is another", aCluster("JobManagerLifetime").process(P2)],
    ["the cluster does not answer", unreachable],
    ["the cluster is gone", { kind: "notFound", name: "lab" } as const],
    ["nobody has asked yet", connecting],
  ])("though %s", (_, cluster) => {
    for (const ended of [aTrigger().finished(), aTrigger().canceled(), aTrigger().failed()]) {
      const job = aJob({ lostPolicy: "Resubmit" }).trigger(ended);
      for (const look of [undefined, aLook({ incarnation: P2 })]) {
        expect(decideOn({ job, cluster, look })).toMatchObject({ rule: "over", effect: undefined });
      }
    }
  });

  test("when Flink itself brings it back, the status follows what is", () => {
    const job = aJob().trigger(aTrigger().failed());
    const step = decideOn({ job, cluster: aCluster().listing(aRow()) });
    expect(step).toMatchObject({ rule: "reappeared", effect: undefined });
    expect(step.status?.trigger).toMatchObject({ state: "running" });
    expect(step.status?.trigger).not.toHaveProperty("failure");
    expect(step.status?.trigger).not.toHaveProperty("finishedAt");
  });

  test("an answer that comes after the end is settled", () => {
    const step = decideOn({
      job: aJob().trigger(aTrigger().finished()),
      flight: anAnswer({ kind: "accepted" }),
    });
    expect(step).toMatchObject({ rule: "over", settlesFlight: true });
  });
});

describe("lostPolicy", () => {
  const lost = aTrigger()
    .running(20 * SECOND)
    .failed("JobLost", 0)
    .with({ acceptedAt: ago(20 * SECOND) });
  const cluster = aCluster("JobManagerLifetime").process(P2);
  const resubmit = aJob({ lostPolicy: "Resubmit" });

  test("Fail: nothing runs", () => {
    expect(decideOn({ job: aJob().trigger(lost), cluster }).effect).toBeUndefined();
  });

  test("Resubmit: a new attempt with its own JobID; the old one is history", () => {
    const step = decideOn({ job: resubmit.trigger(lost), cluster });
    const jobId = jobIdOf(UID, "g1", 2);
    expect(step).toMatchObject({ rule: "resubmit", effect: { kind: "submit", jobId } });
    expect(step.status?.trigger).toMatchObject({ id: "g1", attempt: 2, jobId, sends: 1, tries: 2 });
    expect(step.status?.history).toMatchObject([{ id: "g1", attempt: 1 }]);
  });

  test.each(["OutcomeLost", "JobFailed", "AttemptsExhausted", "MainFailed"] as const)(
    "Resubmit runs nothing after %s",
    (reason) => {
      const step = decideOn({ job: resubmit.trigger(aTrigger().failed(reason)), cluster });
      expect(step.effect).toBeUndefined();
    },
  );

  test("Resubmit waits between tries: the new attempt is recorded once and says so", () => {
    const quick = lost.with({ tries: 3, triedAt: ago(5 * SECOND) });
    const job = resubmit.trigger(quick);
    const step = decideOn({ job, cluster });
    expect(step).toMatchObject({ effect: undefined, requeueAfterMs: 15 * SECOND });
    expect(step.status?.trigger).toMatchObject({
      attempt: 2,
      state: "pending",
      reason: "BackingOff",
      sends: 0,
    });
    const again = decideOn({ job: job.status(step.status!), cluster });
    expect(again).toMatchObject({ rule: "backingOff", status: undefined, requeueAfterMs: 15 * SECOND });
    expect(step.status?.history).toHaveLength(1);
  });

  test("Resubmit stops what still fetches its JAR for the lost job", () => {
    const step = decideOn({ job: resubmit.trigger(lost), cluster, flight: aFlight("fetchingJar") });
    expect(step).toMatchObject({ effect: { kind: "abandonFlight" }, status: undefined });
  });

  test("Resubmit is bounded: a job that takes its JobManager down each time stops", () => {
    const step = decideOn({ job: resubmit.trigger(lost.with({ tries: 5 })), cluster });
    expect(step.effect).toBeUndefined();
    expect(step.status?.trigger).toMatchObject({ attempt: 2, state: "failed", reason: "AttemptsExhausted" });
  });

  test("a job that ran well counts anew", () => {
    const well = lost.with({ tries: 5, acceptedAt: ago(HOUR), triedAt: ago(HOUR) });
    expect(decideOn({ job: resubmit.trigger(well), cluster }).status?.trigger?.tries).toBe(1);
  });

  test("a cluster that was not asked yet: the history does not grow", () => {
    const step = decideOn({ job: resubmit.trigger(lost), cluster: connecting });
    expect(step).toMatchObject({ status: undefined, effect: undefined });
  });
});

describe("SubmissionTimedOut: the late job is cancelled", () => {
  const job = aJob().trigger(aTrigger().timedOut());

  test("when it appears", () => {
    const step = decideOn({ job, cluster: aCluster().listing(aRow("INITIALIZING")) });
    expect(step).toMatchObject({ effect: { kind: "cancelJob", jobId: aRow().id }, requeueAfterMs: 5_000 });
  });

  test("its application as well, while main() runs", () => {
    const step = decideOn({ job, cluster: aCluster().v23(), look: anApplication("RUNNING") });
    expect(step).toMatchObject({ effect: { kind: "cancelApplication" }, requeueAfterMs: 5_000 });
  });

  test.each([
    ["a main() runs", { look: aLook({ mains: 1 }) }],
    ["its request is unanswered", { look: aLook(), flight: aFlight() }],
    ["its application ends", { look: anApplication("CANCELING") }],
  ])("while %s we come back", (_, scene) => {
    expect(decideOn({ job, ...scene })).toMatchObject({
      rule: "lateMainRuns",
      effect: undefined,
      requeueAfterMs: 5_000,
    });
  });

  test.each([
    ["the job was seen to end", { cluster: aCluster().listing(aRow("CANCELED")) }],
    ["there is neither job nor main()", { look: aLook() }],
  ])("it is over once %s", (_, scene) => {
    const step = decideOn({ job, ...scene });
    expect(step.status?.trigger).toMatchObject({ reason: "SubmissionTimedOut", finishedAt: ago(0) });
    expect(step.settlesFlight).toBe(true);
  });

  test("it is looked for, and nothing is concluded while the cluster does not answer", () => {
    expect(decideOn({ job }).effect?.kind).toBe("lookUp");
    const step = decideOn({ job, cluster: unreachable });
    expect(step).toMatchObject({ rule: "lateJobOutOfSight", status: undefined, effect: undefined });
    const edited = decideOn({ job: job.edited({ ttlSecondsAfterFinished: 1 }), cluster: unreachable });
    expect(edited.status?.observedGeneration).toBe(2);
  });
});

describe("ttlSecondsAfterFinished", () => {
  const job = aJob({ ttlSecondsAfterFinished: 120 });

  test("the FlinkJob is deleted when its time is over", () => {
    const waiting = decideOn({ job: job.trigger(aTrigger().finished(MINUTE)) });
    expect(waiting).toMatchObject({ effect: undefined, requeueAfterMs: MINUTE });
    const step = decideOn({ job: job.trigger(aTrigger().finished(2 * MINUTE)) });
    expect(step).toMatchObject({ rule: "expired", effect: { kind: "deleteFlinkJob" } });
  });

  test("not while its trigger runs, or is not over", () => {
    for (const trigger of [aTrigger().running(HOUR), aTrigger().timedOut()]) {
      expect(decideOn({ job: job.trigger(trigger) }).effect?.kind).not.toBe("deleteFlinkJob");
    }
  });
});

test("a request that timed out and may still arrive is not over", () => {
  const late = aTrigger()
    .timedOut()
    .with({ sentAt: ago(3_000) });
  const step = decideOn({ job: aJob().trigger(late), look: aLook() });
  expect(step).toMatchObject({ rule: "lateRequestOnItsWay", status: undefined, requeueAfterMs: 2_000 });
});
