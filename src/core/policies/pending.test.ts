import { describe, expect, test } from "vitest";
import {
  aCluster,
  aFlight,
  aJob,
  aLook,
  anApplication,
  aRow,
  aSpec,
  aTrigger,
  decideOn,
  MINUTE,
  type Scene,
  SECOND,
} from "../../../test/support/builders.ts";

const sent = aJob().trigger(aTrigger().sent({ ago: 10 * SECOND }));

describe("while this process's own request is under way", () => {
  test("main() runs: that is all there is to say, and nothing is sent beside it", () => {
    const step = decideOn({ job: sent, flight: aFlight(), look: aLook() });
    expect(step).toMatchObject({ rule: "mainRuns", effect: undefined });
    expect(step.status?.trigger).toMatchObject({ state: "pending", reason: "MainRunning" });
  });

  test("a quick one costs no status write", () => {
    const step = decideOn({ job: sent, flight: aFlight("sending", 500) });
    expect(step).toMatchObject({ rule: "underWay", status: undefined, requeueAfterMs: 1_000 });
  });

  test("an answer that never comes: each minute it is looked whether main() runs at all", () => {
    const job = aJob().trigger(aTrigger().sent({ ago: 3 * MINUTE }));
    const waitedFor = (ms: number, scene: Partial<Scene> = {}) =>
      decideOn({ job, flight: aFlight("sending", ms), ...scene });
    expect(waitedFor(30 * SECOND)).toMatchObject({ rule: "mainRuns", requeueAfterMs: 30 * SECOND });
    expect(waitedFor(MINUTE)).toMatchObject({ rule: "lookUp", status: undefined });
    expect(waitedFor(MINUTE, { look: aLook({ mains: 1 }) })).toMatchObject({
      rule: "mainRuns",
      requeueAfterMs: MINUTE,
    });
    // Another process, which would not know.
    expect(waitedFor(MINUTE, { look: aLook({ incarnation: "other" }) }).rule).toBe("mainRuns");
    const lost = waitedFor(MINUTE, { look: aLook() });
    expect(lost).toMatchObject({
      ...{ rule: "answerIsLost", settlesFlight: true },
      status: { trigger: { state: "pending", reason: "OutcomeUnknown" } },
    });
    expect(decideOn({ job: job.status(lost.status!), look: aLook() }).rule).toBe("sendAgain");
    const v23 = { cluster: aCluster().v23(), look: anApplication("FAILED", 0) };
    const ended = waitedFor(2 * MINUTE, v23);
    expect(ended.rule).toBe("answerIsLost");
    expect(decideOn({ job: job.status(ended.status!), ...v23 }).rule).toBe("applicationFailed");
  });

  test("the JAR's way is told", () => {
    const spec = aSpec({ jar: { uri: "http://repo/word-count.jar" } });
    const job = aJob(spec).trigger(aTrigger({ spec }).sent());
    const step = decideOn({ job, flight: aFlight("fetchingJar") });
    expect(step.status?.trigger).toMatchObject({ reason: "FetchingJar", state: "pending" });
  });

  test("a listed job is ours, answered or not", () => {
    const step = decideOn({ job: sent, flight: aFlight(), cluster: aCluster().listing(aRow()) });
    expect(step.status?.trigger?.state).toBe("running");
  });

  test("a job listed while the JAR is still fetched: the request must not go out any more", () => {
    const step = decideOn({ job: sent, flight: aFlight("fetchingJar"), cluster: aCluster().listing(aRow()) });
    expect(step).toMatchObject({ effect: { kind: "abandonFlight" }, status: undefined });
  });
});

describe("spec.submission.timeout", () => {
  const limited = sent.spec({ submission: { maxAttempts: 5, timeout: "30s" } });

  test("main() has its time", () => {
    const step = decideOn({ job: limited, flight: aFlight("sending", 10 * SECOND) });
    expect(step).toMatchObject({ rule: "mainRuns", requeueAfterMs: 20 * SECOND });
  });

  test("then the trigger has failed, though it is not over: its JobID may still come to life", () => {
    const step = decideOn({ job: limited, flight: aFlight("sending", 30 * SECOND) });
    expect(step.status?.trigger).toMatchObject({ state: "failed", reason: "SubmissionTimedOut" });
    expect(step.status?.trigger).not.toHaveProperty("finishedAt");
  });

  test("fetching the JAR is not main()'s time", () => {
    const job = limited.trigger(aTrigger().sent({ ago: 5 * MINUTE }));
    expect(decideOn({ job, flight: aFlight("sending", 10 * SECOND) }).rule).toBe("mainRuns");
  });

  test("it counts for a main() that is only seen, and for an application", () => {
    const job = limited.trigger(aTrigger().sent({ ago: 31 * SECOND }));
    expect(decideOn({ job, look: aLook({ mains: 1 }) }).rule).toBe("submissionTimedOut");
    expect(decideOn({ job, cluster: aCluster().v23(), look: anApplication("RUNNING") }).rule).toBe(
      "submissionTimedOut",
    );
    const early = limited.trigger(aTrigger().sent({ ago: 29 * SECOND }));
    expect(decideOn({ job: early, look: aLook({ mains: 1 }) }).rule).toBe("mainMayRun");
  });
});
