import { describe, expect, test } from "vitest";
import {
  aCluster,
  ago,
  aJob,
  aLook,
  anAnswer,
  anApplication,
  aRow,
  aSpec,
  aTrigger,
  decideOn,
  SECOND,
  UID,
  unreachable,
} from "../../../test/support/builders.ts";
import { jobIdOf, runHash } from "../identity.ts";
import type { RunOutcome } from "../observed.ts";

const failed: RunOutcome = {
  kind: "failed",
  reason: "MainFailed",
  message: "no such table",
  retryable: false,
};
const duplicate: RunOutcome = { kind: "duplicate", message: "Job has already been submitted." };
const unknown: RunOutcome = { kind: "unknown", reason: "Timeout", message: "no answer" };
const notSent: RunOutcome = {
  kind: "notSent",
  reason: "ClusterUnreachable",
  message: "refused",
  retryable: true,
};
const sent = aJob().trigger(aTrigger().sent());

describe("accepted", () => {
  test("the job runs as soon as it is listed", () => {
    const step = decideOn({
      job: sent,
      flight: anAnswer({ kind: "accepted" }),
      cluster: aCluster().listing(aRow()),
    });
    expect(step).toMatchObject({ settlesFlight: true, status: { trigger: { state: "running" } } });
    expect(step.events.map(({ reason }) => reason)).toEqual(["Submitted", "TasksRunning"]);
  });

  test("a job that is not listed yet gets a moment, then its acceptance is written", () => {
    const early = decideOn({ job: sent, flight: anAnswer({ kind: "accepted" }, 100) });
    expect(early).toMatchObject({ status: undefined, requeueAfterMs: 500, settlesFlight: undefined });
    const step = decideOn({ job: sent, flight: anAnswer({ kind: "accepted" }, 600) });
    expect(step).toMatchObject({ settlesFlight: true });
    expect(step.status?.trigger).toMatchObject({ state: "running", acceptedAt: ago(0) });
  });

  test("an application is accepted before its main() has run", () => {
    const applicationId = jobIdOf(UID, "g1", 1);
    const step = decideOn({ job: sent, flight: anAnswer({ kind: "accepted", applicationId }) });
    expect(step.status?.trigger).toMatchObject({ state: "pending", reason: "MainRunning", applicationId });
    // Who looks next sees the same, and has nothing to write.
    const look = anApplication("RUNNING");
    expect(decideOn({ job: sent.status(step.status!), look })).toMatchObject({
      rule: "mainRuns",
      status: undefined,
    });
    expect(step.status?.trigger?.acceptedAt).toBe(ago(0));
  });

  test("the answer settles which content runs", () => {
    const two = aSpec({ entryClass: "shop.Two" });
    const doubtful = aTrigger({ spec: two })
      .sent({ sends: 2 })
      .with({ unsettledHash: runHash(aSpec()) });
    const step = decideOn({ job: aJob(two).trigger(doubtful), flight: anAnswer({ kind: "accepted" }) });
    expect(step.status?.trigger?.runHash).toBe(runHash(two));
    expect(step.status?.trigger).not.toHaveProperty("unsettledHash");
  });
});

describe("400, 500 and time-outs are looked up, never believed", () => {
  test.each([
    ["failed", failed],
    ["duplicate", duplicate],
  ])("%s", (_, outcome) => {
    const step = decideOn({ job: sent, flight: anAnswer(outcome) });
    expect(step).toMatchObject({ rule: "lookUp", status: undefined, effect: { kind: "lookUp" } });
  });

  test("unknown is a state: it is written, and then looked up", () => {
    const step = decideOn({ job: sent, flight: anAnswer(unknown) });
    expect(step).toMatchObject({ effect: undefined, settlesFlight: true });
    expect(step.status?.trigger).toMatchObject({ state: "pending", reason: "OutcomeUnknown", sends: 1 });
    expect(decideOn({ job: sent.status(step.status!) }).effect?.kind).toBe("lookUp");
  });

  test("nothing is concluded while the cluster cannot be asked", () => {
    for (const outcome of [failed, duplicate]) {
      const step = decideOn({ job: sent, flight: anAnswer(outcome), cluster: unreachable });
      expect(step).toMatchObject({ rule: "cannotLook", status: undefined, effect: undefined });
    }
  });
});

describe("failed", () => {
  test("with the job listed alive, it runs all the same and the user is told", () => {
    const step = decideOn({ job: sent, flight: anAnswer(failed), cluster: aCluster().listing(aRow()) });
    expect(step.status?.trigger?.state).toBe("running");
    expect(step.events.at(-1)).toMatchObject({ type: "Warning", reason: "MainFailed" });
  });

  test("with the job known but not listed yet, the list is awaited", () => {
    const step = decideOn({ job: sent, flight: anAnswer(failed), look: aLook({ found: true }) });
    expect(step).toMatchObject({ rule: "listedSoon", status: undefined, requeueAfterMs: 250 });
  });

  test("with the job registered as FAILED, its JobID is burnt and the answer names the cause", () => {
    const savepoint: RunOutcome = { ...failed, reason: "SavepointNotFound", message: "no such file" };
    const step = decideOn({
      job: sent,
      flight: anAnswer(savepoint),
      cluster: aCluster().listing(aRow("FAILED")),
    });
    expect(step.status?.trigger).toMatchObject({ state: "failed", failure: { reason: "SavepointNotFound" } });
  });

  test("nowhere to be found, the trigger has failed with Flink's cause", () => {
    const step = decideOn({ job: sent, flight: anAnswer(failed), look: aLook({ mains: 1 }) });
    expect(step.status?.trigger).toMatchObject({
      state: "failed",
      failure: { reason: "MainFailed", message: "no such table" },
    });
  });

  test("an earlier request of the JobID may still be at it: its main() is awaited", () => {
    const job = aJob().trigger(aTrigger().sent({ sends: 2 }));
    const step = decideOn({ job, flight: anAnswer(failed), look: aLook({ mains: 1 }) });
    expect(step).toMatchObject({ rule: "mainMayRun", settlesFlight: undefined });
    expect(step.status?.trigger?.state).toBe("pending");
  });

  test("an earlier request of the JobID may still be at it: its application is adopted", () => {
    const job = aJob().trigger(aTrigger().sent({ sends: 2 }));
    const step = decideOn({ job, flight: anAnswer(failed), look: anApplication("RUNNING") });
    expect(step.status?.trigger).toMatchObject({
      state: "pending",
      reason: "MainRunning",
      acceptedAt: ago(0),
    });
  });
});

describe("duplicate", () => {
  test("with the job listed, it is adopted", () => {
    const step = decideOn({ job: sent, flight: anAnswer(duplicate), cluster: aCluster().listing(aRow()) });
    expect(step).toMatchObject({ effect: undefined, settlesFlight: true });
    expect(step.status?.trigger?.state).toBe("running");
  });

  test("with the application alive, it is adopted", () => {
    const step = decideOn({ job: sent, flight: anAnswer(duplicate), look: anApplication("CREATED") });
    expect(step).toMatchObject({ rule: "adoptedApplication", settlesFlight: true });
  });

  test("and absent once, it is looked up again", () => {
    const step = decideOn({ job: sent, flight: anAnswer(duplicate, SECOND), look: aLook() });
    expect(step).toMatchObject({ rule: "duplicateButAbsent", status: undefined });
    expect(step.requeueAfterMs).toBeGreaterThan(0);
  });

  test("and absent twice, it ran and ended unseen: OutcomeLost, and nothing runs", () => {
    const job = sent.spec({ lostPolicy: "Resubmit" });
    const step = decideOn({ job, flight: anAnswer(duplicate, 5 * SECOND), look: aLook() });
    expect(step).toMatchObject({ rule: "outcomeLost", effect: undefined, settlesFlight: true });
    expect(step.status?.trigger?.failure).toMatchObject({ reason: "OutcomeLost", retryable: false });
    expect(decideOn({ job: job.status(step.status!) }).effect).toBeUndefined();
  });

  test("and absent while a main() runs, that is awaited; as long as the user allows", () => {
    const scene = { flight: anAnswer(duplicate, 5 * SECOND), look: aLook({ mains: 1 }) };
    expect(decideOn({ job: sent, ...scene })).toMatchObject({ rule: "mainMayRun" });
    const impatient = sent.spec({ submission: { maxAttempts: 5, timeout: "2s" } });
    expect(decideOn({ job: impatient, ...scene }).status?.trigger?.reason).toBe("SubmissionTimedOut");
  });
});

describe("not sent", () => {
  test("nobody was home: that is no try, and nothing is unknown", () => {
    const trigger = decideOn({ job: sent, flight: anAnswer(notSent) }).status?.trigger;
    expect(trigger).toMatchObject({ state: "pending", sends: 0, tries: 0 });
    expect(trigger).not.toHaveProperty("sentTo");
    expect(trigger).not.toHaveProperty("sentAt");
  });

  test("an earlier request stays in doubt, and the process that it went to is remembered", () => {
    const job = aJob().trigger(aTrigger().sent({ sends: 2 }));
    const trigger = decideOn({ job, flight: anAnswer(notSent) }).status?.trigger;
    expect(trigger).toMatchObject({ sends: 1, sentTo: { url: "http://a.flink:8081" } });
  });

  test("a JAR that cannot be had counts as a try", () => {
    const outcome: RunOutcome = { ...notSent, reason: "JarFetchFailed" };
    expect(decideOn({ job: sent, flight: anAnswer(outcome) }).status?.trigger).toMatchObject({
      tries: 1,
      sends: 0,
    });
  });

  test("what will never work has failed", () => {
    const outcome: RunOutcome = { ...notSent, reason: "JarNotFound", retryable: false };
    const step = decideOn({ job: sent, flight: anAnswer(outcome) });
    expect(step.status?.trigger).toMatchObject({ state: "failed", failure: { reason: "JarNotFound" } });
  });

  test("while an earlier request is in doubt, looking decides", () => {
    const flight = anAnswer({ ...notSent, reason: "JarNotFound", retryable: false });
    const job = aJob().trigger(aTrigger().sent({ sends: 2 }));
    expect(decideOn({ job, flight })).toMatchObject({ status: undefined, effect: { kind: "lookUp" } });
    expect(decideOn({ job, flight, look: aLook({ mains: 1 }) }).status?.trigger).toMatchObject({
      state: "pending",
      reason: "MainRunning",
    });
    expect(decideOn({ job, flight, look: aLook({ found: true }) }).rule).toBe("listedSoon");
    expect(decideOn({ job, flight, look: anApplication("RUNNING") }).rule).toBe("adoptedApplication");
    expect(decideOn({ job, flight, look: anApplication("FAILED") }).status?.trigger?.state).toBe("pending");
    const failure = { reason: "JarNotFound" };
    expect(decideOn({ job, flight, look: aLook() }).status?.trigger).toMatchObject({
      state: "failed",
      failure,
    });
  });

  test("a job that is listed all the same is ours", () => {
    const outcome: RunOutcome = { ...notSent, reason: "JarNotFound", retryable: false };
    const step = decideOn({ job: sent, flight: anAnswer(outcome), cluster: aCluster().listing(aRow()) });
    expect(step).toMatchObject({ settlesFlight: true, status: { trigger: { state: "running", sends: 1 } } });
  });
});

test("a request that was not sent is taken back once, though the write's answer is lost", () => {
  const trigger = aTrigger().sent({ sends: 2 });
  const { sentAt } = trigger.build();
  const earlierSentAt = ago(60_000);
  const unsent = anAnswer({ kind: "notSent", reason: "ClusterUnreachable", message: "", retryable: true });
  const flight = { ...unsent, sentAt, earlierSentAt };
  const job = aJob().trigger(trigger);
  const { status } = decideOn({ job, flight });
  expect(status?.trigger).toMatchObject({ sends: 1, sentAt: earlierSentAt });
  expect(decideOn({ job: job.status(status!), flight }).status?.trigger?.sends ?? 1).toBe(1);
});
