import { describe, expect, test } from "vitest";
import {
  aCluster,
  ago,
  aJob,
  aLook,
  aRow,
  aSpec,
  aTrigger,
  connecting,
  decideOn,
  MINUTE,
  NOW,
  observed,
  P1,
  SECOND,
  UID,
  URL_A,
  URL_B,
  unreachable,
} from "../../../test/support/builders.ts";
import { decide } from "../decide.ts";
import { jobIdOf, runHash } from "../identity.ts";

describe("write ahead", () => {
  test("a send comes with a status that names JobID, process and one send more", () => {
    const step = decideOn({ job: aJob() });
    const jobId = jobIdOf(UID, "g1", 1);
    expect(step.effect).toMatchObject({ kind: "submit", jobId, url: URL_A, incarnation: P1 });
    expect(step.status?.trigger).toMatchObject({
      jobId,
      sends: 1,
      tries: 1,
      sentAt: ago(0),
      triedAt: ago(0),
      sentTo: { url: URL_A, incarnation: P1, flinkVersion: "1.20.5" },
      protection: "RunningJobs",
    });
  });

  test("the second send counts on and names the process it goes to", () => {
    const job = aJob().trigger(aTrigger().sent({ to: P1 }));
    const step = decideOn({ job, look: aLook() });
    expect(step).toMatchObject({ rule: "sendAgain", effect: { jobId: jobIdOf(UID, "g1", 1) } });
    expect(step.status?.trigger).toMatchObject({ sends: 2, tries: 2, jobId: jobIdOf(UID, "g1", 1) });
  });

  test("a user's own trigger ID names the JobID", () => {
    const step = decideOn({ job: aJob({ trigger: { id: "release-7" } }) });
    expect(step.effect).toMatchObject({ jobId: jobIdOf(UID, "release-7", 1) });
  });

  test("Flink 2.3 is asked for an application", () => {
    const step = decideOn({ job: aJob(), cluster: aCluster().v23() });
    expect(step.effect).toMatchObject({
      application: true,
      request: { applicationId: jobIdOf(UID, "g1", 1) },
    });
  });
});

describe("nothing is sent", () => {
  test.each([
    ["unreachable", unreachable, "ClusterUnreachable"],
    ["not there", { kind: "notFound", name: "lab" } as const, "ClusterNotFound"],
    ["forbidden", { kind: "notAllowed", url: URL_A, message: "no" } as const, "DestinationNotAllowed"],
  ])("to a cluster that is %s; the trigger says so and waits", (_, cluster, reason) => {
    const step = decideOn({ job: aJob(), cluster });
    expect(step.effect).toBeUndefined();
    expect(step.status?.trigger).toMatchObject({ state: "pending", reason, sends: 0 });
  });

  test.each([
    ["comes to be", "Deploying", "ClusterDeploying", "FlinkCluster lab is being deployed."],
    ["is rolled", "Rolling", "ClusterDeploying", "FlinkCluster lab is being deployed."],
    ["lacks its image", "ImagePullFailed", "ImagePullFailed", "FlinkCluster lab: in its words"],
  ] as const)("to a managed cluster that %s: its FlinkCluster knows why", (_, says, reason, message) => {
    const cluster = { ...unreachable, says: { name: "lab", reason: says, message: "in its words" } };
    const step = decideOn({ job: aJob(), cluster });
    expect(step.effect).toBeUndefined();
    expect(step.status?.trigger).toMatchObject({ state: "pending", reason, message, sends: 0 });
  });

  test("where Flink accepts no JARs", () => {
    const step = decideOn({ job: aJob(), cluster: aCluster().view({ submitEnabled: false }) });
    expect(step.effect).toBeUndefined();
    expect(step.status?.trigger?.failure?.reason).toBe("SubmissionDisabled");
  });

  test("where Flink would drop the configuration without a word", () => {
    const cluster = aCluster().view({ supportsFlinkConfiguration: false });
    const refused = decideOn({ job: aJob({ flinkConfiguration: { "pipeline.name": "x" } }), cluster });
    expect(refused.status?.trigger?.failure?.reason).toBe("ConfigurationNotSupported");
    expect(decideOn({ job: aJob({ flinkConfiguration: {} }), cluster }).effect?.kind).toBe("submit");
  });
});

describe("tries are bounded, with backoff", () => {
  const unsent = (tries: number, triedAgo: number) =>
    aJob().trigger(aTrigger().with({ tries, triedAt: ago(triedAgo) }));

  test.each([
    [1, 5 * SECOND],
    [2, 10 * SECOND],
    [3, 20 * SECOND],
    [4, 40 * SECOND],
  ])("after %i tries it waits %i ms", (tries, wait) => {
    const early = decideOn({ job: unsent(tries, wait - 1) });
    expect(early).toMatchObject({ rule: "backingOff", effect: undefined, requeueAfterMs: 1 });
    expect(decideOn({ job: unsent(tries, wait) }).effect?.kind).toBe("submit");
  });

  test("a try in the future is no reason to wait for it: the clock was set back", () => {
    const tried = aJob().trigger(aTrigger().with({ tries: 1, triedAt: ago(-60 * MINUTE) }));
    expect(decideOn({ job: tried }).effect).toMatchObject({ kind: "submit" });
  });

  test("the operator's options may say how long the first wait is", () => {
    const third = (triedAgo: number) => ({
      ...observed({ job: unsent(3, triedAgo) }),
      submissionBackoffMs: 100,
    });
    expect(decide(third(399), NOW)).toMatchObject({ rule: "backingOff", requeueAfterMs: 1 });
    expect(decide(third(400), NOW).effect?.kind).toBe("submit");
  });

  test("however short the backoff, none is sent beside a request that may still arrive", () => {
    const hasty = (sentAgo: number) => ({
      ...observed({ job: aJob().trigger(aTrigger().sent({ ago: sentAgo })), look: aLook() }),
      submissionBackoffMs: 100,
    });
    expect(decide(hasty(4 * SECOND), NOW)).toMatchObject({ rule: "backingOff", requeueAfterMs: SECOND });
    // What was looked at while it could still arrive may have missed it.
    expect(decide(hasty(5 * SECOND), NOW).effect?.kind).toBe("lookUp");
    expect(decide(hasty(6 * SECOND), NOW).effect?.kind).toBe("submit");
  });

  test("after maxAttempts it gives up", () => {
    const step = decideOn({ job: unsent(5, SECOND) });
    expect(step.effect).toBeUndefined();
    expect(step.status?.trigger).toMatchObject({ state: "failed", reason: "AttemptsExhausted" });
  });

  test("what was sent last may still arrive, so the last try is waited for before it is given up", () => {
    const sent = (sentAgo: number) => aJob().trigger(aTrigger().sent({ sends: 5, ago: sentAgo }));
    expect(decideOn({ job: sent(79 * SECOND), look: aLook() })).toMatchObject({
      rule: "backingOff",
      requeueAfterMs: SECOND,
    });
    const step = decideOn({ job: sent(80 * SECOND), look: aLook() });
    expect(step.status?.trigger).toMatchObject({ state: "failed", reason: "AttemptsExhausted" });
  });
});

describe("what lives under the FlinkJob's prefix is its own", () => {
  const other = (state: Parameters<typeof aRow>[0]) => aRow(state, { id: jobIdOf(UID, "g0", 1) });

  test("a status that was wiped: the live job is adopted and nothing runs", () => {
    const step = decideOn({ job: aJob().edited({}), cluster: aCluster().listing(other("RUNNING")) });
    expect(step).toMatchObject({ rule: "adopt", effect: undefined });
    expect(step.status?.trigger).toMatchObject({ state: "running", jobId: other("RUNNING").id, sends: 1 });
  });

  test("wiped while the cluster did not answer: adopted when it does", () => {
    const waiting = decideOn({ job: aJob(), cluster: unreachable }).status!;
    const step = decideOn({ job: aJob().status(waiting), cluster: aCluster().listing(other("RUNNING")) });
    expect(step).toMatchObject({ rule: "adopt", effect: undefined });
  });

  test("wiped, and this very trigger has ended: its end is recorded and it is not run again", () => {
    const step = decideOn({ job: aJob(), cluster: aCluster().listing(aRow("FINISHED")) });
    expect(step.effect).toBeUndefined();
    expect(step.status?.trigger).toMatchObject({ state: "finished", jobId: jobIdOf(UID, "g1", 1) });
  });

  test("the same of one that failed: whose cause is being read is on record, or the answer would be nobody's", () => {
    const cluster = aCluster().listing(aRow("FAILED"));
    const step = decideOn({ job: aJob(), cluster });
    expect(step).toMatchObject({ rule: "readEnd", effect: { kind: "lookUp", jobId: aRow().id } });
    const failure = { reason: "JobFailed" as const, message: "disk full" };
    const look = aLook({ found: true, failure });
    const next = decideOn({ job: aJob().status(step.status!), cluster, look });
    expect(next.status?.trigger).toMatchObject({ state: "failed", failure });
  });

  test("a live job goes before an ended one", () => {
    const cluster = aCluster().listing(aRow("FINISHED"), other("RUNNING"));
    expect(decideOn({ job: aJob(), cluster }).status?.trigger?.jobId).toBe(other("RUNNING").id);
  });

  test("a trigger that seems unsent and is listed is not sent again", () => {
    const step = decideOn({ job: aJob().trigger(aTrigger()), cluster: aCluster().listing(aRow()) });
    expect(step.effect).toBeUndefined();
    expect(step.status?.trigger).toMatchObject({ state: "running", sends: 1 });
  });

  test("an earlier job that lives is cancelled and seen to end before the next is sent", () => {
    const job = aJob()
      .trigger(aTrigger({ id: "g2" }))
      .history(aTrigger().failed("OutcomeLost"));
    const scene = (state: Parameters<typeof aRow>[0]) => ({ job, cluster: aCluster().listing(aRow(state)) });
    expect(decideOn(scene("RUNNING"))).toMatchObject({
      rule: "cancelEarlier",
      effect: { kind: "cancelJob", jobId: aRow().id },
      requeueAfterMs: 5_000,
    });
    expect(decideOn(scene("CANCELLING"))).toMatchObject({ rule: "cancelEarlier", effect: undefined });
    expect(decideOn(scene("CANCELED")).effect).toMatchObject({
      kind: "submit",
      jobId: jobIdOf(UID, "g2", 1),
    });
  });
});

describe("an unsettled request whose content changed", () => {
  const [one, two, three] = ["One", "Two", "Three"].map((name) => aSpec({ entryClass: `shop.${name}` })) as [
    ReturnType<typeof aSpec>,
    ReturnType<typeof aSpec>,
    ReturnType<typeof aSpec>,
  ];
  const sent = aTrigger({ spec: one }).sent();
  const again = (trigger: typeof sent, spec: ReturnType<typeof aSpec>) =>
    decideOn({ job: aJob(spec).meta({ generation: 2 }).trigger(trigger), look: aLook() }).status?.trigger;

  test("is sent again from the spec as it is now, and what may run instead is remembered", () => {
    expect(again(sent, two)).toMatchObject({
      runHash: runHash(two),
      unsettledHash: runHash(one),
      generation: 2,
    });
  });

  test("the same content leaves no doubt", () => {
    expect(again(sent, one)).not.toHaveProperty("unsettledHash");
  });

  test("changed back, the one in between is in doubt", () => {
    const doubtful = sent.with({ runHash: runHash(two), unsettledHash: runHash(one) });
    expect(again(doubtful, one)).toMatchObject({ runHash: runHash(one), unsettledHash: runHash(two) });
    expect(again(doubtful, three)).toMatchObject({ runHash: runHash(three), unsettledHash: runHash(one) });
  });

  test("found to run, it is known by what it may be, so that the difference asks for a new run", () => {
    const doubtful = sent.with({ runHash: runHash(two), unsettledHash: runHash(one) });
    const job = aJob(two).meta({ generation: 2 }).trigger(doubtful);
    const step = decideOn({ job, cluster: aCluster().listing(aRow()) });
    expect(step.status?.trigger).toMatchObject({ state: "running", runHash: runHash(one) });
    const next = decideOn({ job: job.status(step.status!), cluster: aCluster().listing(aRow()) });
    expect(next).toMatchObject({ rule: "cancelStopped", effect: { kind: "cancelJob" } });
    // Changed back by now: then it is the other one that may run and is not asked for.
    const reverted = aJob(one).meta({ generation: 3 }).trigger(doubtful);
    const known = decideOn({ job: reverted, cluster: aCluster().listing(aRow()) });
    expect(known.status?.trigger).toMatchObject({ state: "running", runHash: runHash(two) });
  });
});

describe("spec.cluster leads elsewhere while a request is unsettled", () => {
  const job = aJob({ cluster: { url: URL_B } })
    .meta({ generation: 2 })
    .trigger(aTrigger().sent());
  const moved = { job, cluster: aCluster(), wantedUrl: URL_B };

  test("it is not sent again to the old cluster", () => {
    const step = decideOn({ ...moved, look: aLook() });
    expect(step).toMatchObject({ rule: "movedAway", effect: undefined });
    expect(step.status?.trigger).toMatchObject({
      state: "failed",
      reason: "OutcomeLost",
      finishedAt: ago(0),
    });
    const next = decideOn({
      job: job.status(step.status!),
      cluster: aCluster().with({ url: URL_B }),
      wantedUrl: URL_B,
    });
    expect(next.effect).toMatchObject({ kind: "submit", url: URL_B, jobId: jobIdOf(UID, "g2", 1) });
  });

  test("it is awaited while a main() runs there", () => {
    expect(decideOn({ ...moved, look: aLook({ mains: 1 }) }).rule).toBe("mainMayRun");
  });

  test("what was sent a moment ago may not have arrived yet", () => {
    const fresh = job.trigger(aTrigger().sent({ ago: SECOND }));
    expect(decideOn({ ...moved, job: fresh, look: aLook() }).rule).toBe("backingOff");
  });

  test("a FlinkCluster that was deleted is awaited", () => {
    const step = decideOn({ ...moved, wantedUrl: undefined, look: aLook() });
    expect(step.effect).toBeUndefined();
    expect(step.status?.trigger).toMatchObject({ state: "pending", reason: "ClusterNotFound", sends: 1 });
  });
});

test("a cluster that was not asked yet leaves the trigger as it is", () => {
  const job = aJob().trigger(aTrigger().sent({ ago: MINUTE }));
  expect(decideOn({ job, cluster: connecting })).toMatchObject({ status: undefined, effect: undefined });
});
