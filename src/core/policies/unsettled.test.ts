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
  HOUR,
  MINUTE,
  NOW,
  P2,
  SECOND,
  UID,
  unreachable,
} from "../../../test/support/builders.ts";
import { jobIdOf } from "../identity.ts";

const sent = aJob().trigger(aTrigger().sent());
const otherProcess = aLook({ incarnation: P2 });
const g1 = jobIdOf(UID, "g1", 1);

describe("decided by looking", () => {
  test("that it was not there before another operator saw it proves nothing", () => {
    const trigger = aTrigger()
      .sent({ ago: SECOND })
      .with({ acceptedAt: ago(20) });
    const scene = { job: aJob().trigger(trigger), cluster: aCluster("JobManagerLifetime") };
    const step = decideOn({ ...scene, look: aLook({ at: NOW - 40, endedAt: NOW - 30 }) });
    expect(step).toMatchObject({ rule: "lookUp", status: undefined });
    // Taken since, it does.
    const later = decideOn({ ...scene, look: aLook({ at: NOW - 19, endedAt: NOW - 10 }) });
    expect(later.status?.trigger?.reason).toBe("OutcomeLost");
    // By whose clock it was accepted in the future is not waited for.
    const ahead = { ...scene, job: aJob().trigger(trigger.with({ acceptedAt: ago(-HOUR) })) };
    expect(decideOn({ ...ahead, look: aLook() }).rule).not.toBe("lookUp");
  });

  test("after a crash between status and effect, or after it, the first thing is a look-up", () => {
    expect(decideOn({ job: sent })).toMatchObject({ rule: "lookUp", effect: { kind: "lookUp", jobId: g1 } });
  });

  test("while the cluster does not answer nothing is concluded", () => {
    const step = decideOn({ job: sent, cluster: unreachable, look: aLook() });
    expect(step.effect).toBeUndefined();
    expect(step.status?.trigger).toMatchObject({ state: "pending", reason: "ClusterUnreachable", sends: 1 });
  });

  test("a job that the JobManager knows is awaited in the list", () => {
    expect(decideOn({ job: sent, look: aLook({ found: true }) })).toMatchObject({
      rule: "listedSoon",
      effect: undefined,
      requeueAfterMs: 250,
    });
  });

  test("a listed job is adopted", () => {
    const step = decideOn({ job: sent, cluster: aCluster().listing(aRow("INITIALIZING")) });
    expect(step.status?.trigger).toMatchObject({ state: "running", acceptedAt: ago(0) });
  });

  test.each(["RunningJobs", "JobManagerLifetime", "Durable"] as const)(
    "%s: while a main() runs that may be ours, in whichever process, we wait and say so",
    (protection) => {
      for (const look of [aLook({ mains: 1 }), aLook({ mains: 1, incarnation: P2 })]) {
        const job = aJob({ lostPolicy: "Resubmit" }).trigger(aTrigger().sent({ under: protection }));
        const step = decideOn({ job, cluster: aCluster(protection), look });
        expect(step).toMatchObject({ rule: "mainMayRun", effect: undefined, requeueAfterMs: 3_000 });
        expect(step.status?.trigger).toMatchObject({ state: "pending", reason: "MainRunning" });
      }
    },
  );

  test("absent without a main(), the same JobID is sent again after a pause", () => {
    const early = decideOn({ job: aJob().trigger(aTrigger().sent({ ago: SECOND })), look: aLook() });
    expect(early).toMatchObject({ rule: "backingOff", requeueAfterMs: 4 * SECOND });
    const step = decideOn({ job: sent, look: aLook() });
    expect(step).toMatchObject({ rule: "sendAgain", effect: { kind: "submit", jobId: g1 } });
    expect(step.status?.trigger).toMatchObject({ jobId: g1, attempt: 1, sends: 2 });
  });
});

describe("who may be trusted when the job is absent", () => {
  const sentUnder = (protection: "Durable" | "RunningJobs" | "JobManagerLifetime", sentAgo = MINUTE) => {
    const job = aJob().trigger(aTrigger().sent({ under: protection, ago: sentAgo }));
    return { job, cluster: aCluster(protection) };
  };

  test("Durable: Flink refuses a second run itself, whichever process answers, however late", () => {
    expect(decideOn({ ...sentUnder("Durable", 5 * HOUR), look: otherProcess }).effect?.kind).toBe("submit");
  });

  test("Durable now, but not when the request was sent: the result may have been thrown away", () => {
    const { job } = sentUnder("RunningJobs");
    const step = decideOn({ job, cluster: aCluster("Durable"), look: otherProcess });
    expect(step).toMatchObject({ rule: "outcomeLost", effect: undefined });
  });

  test.each(["RunningJobs", "JobManagerLifetime"] as const)(
    "%s: the process that it was sent to is gone: OutcomeLost, and nothing runs",
    (protection) => {
      const step = decideOn({ ...sentUnder(protection), look: otherProcess });
      expect(step).toMatchObject({ rule: "outcomeLost", effect: undefined });
      expect(step.status?.trigger).toMatchObject({
        state: "failed",
        reason: "OutcomeLost",
        finishedAt: ago(0),
      });
    },
  );

  test("a process that does not say who it is, is never the same", () => {
    const job = aJob().trigger(aTrigger().sent({ to: "" }));
    expect(decideOn({ job, look: aLook({ incarnation: "" }) }).rule).toBe("outcomeLost");
  });

  test("RunningJobs: within the job store's memory absence proves that nothing ran; later it proves nothing", () => {
    expect(decideOn({ ...sentUnder("RunningJobs", 53 * MINUTE), look: aLook() }).effect?.kind).toBe("submit");
    const step = decideOn({ ...sentUnder("RunningJobs", 55 * MINUTE), look: aLook() });
    expect(step).toMatchObject({ rule: "outcomeLost", effect: undefined });
  });

  test("JobManagerLifetime: the same process refuses the JobID as long as it lives", () => {
    expect(decideOn({ ...sentUnder("JobManagerLifetime", 5 * HOUR), look: aLook() }).effect?.kind).toBe(
      "submit",
    );
  });

  test("lostPolicy Resubmit: sent again, under the same JobID", () => {
    for (const protection of ["RunningJobs", "JobManagerLifetime"] as const) {
      const { job, cluster } = sentUnder(protection);
      const step = decideOn({ job: job.spec({ lostPolicy: "Resubmit" }), cluster, look: otherProcess });
      expect(step.effect).toMatchObject({ kind: "submit", jobId: g1 });
    }
  });

  test("accepted before: with HA it ended unseen, without it was lost with its process", () => {
    const accepted = aTrigger()
      .sent()
      .with({ acceptedAt: ago(SECOND) });
    const job = aJob().trigger(accepted);
    const reason = (protection: "RunningJobs" | "JobManagerLifetime") =>
      decideOn({ job, cluster: aCluster(protection), look: otherProcess }).status?.trigger?.reason;
    expect(reason("RunningJobs")).toBe("OutcomeLost");
    expect(reason("JobManagerLifetime")).toBe("JobLost");
  });
});

describe("Flink 2.3 says where main() stands", () => {
  const scene = (look: ReturnType<typeof anApplication>) =>
    decideOn({ job: sent, cluster: aCluster().v23(), look });

  test.each(["CREATED", "RUNNING", "FAILING", "CANCELING"] as const)("%s: main() runs", (state) => {
    const step = scene(anApplication(state));
    expect(step).toMatchObject({ rule: "mainRuns", effect: undefined, requeueAfterMs: 2_000 });
    expect(step.status?.trigger).toMatchObject({
      state: "pending",
      reason: "MainRunning",
      applicationId: g1,
      acceptedAt: ago(0),
    });
  });

  test("FAILED: with the user's own exception", () => {
    const failure = { reason: "MainFailed" as const, message: "no such table" };
    const step = scene(anApplication("FAILED", 0, { failure }));
    expect(step.status?.trigger).toMatchObject({ state: "failed", finishedAt: ago(0), failure });
    // Flink accepted the application, though nobody heard it say so.
    expect(step.status?.trigger?.acceptedAt).toBe(ago(0));
    expect(step.status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Submitted", status: "True" }),
    );
  });

  test("FINISHED without a job: NoJobInMain", () => {
    expect(scene(anApplication("FINISHED")).status?.trigger?.failure?.reason).toBe("NoJobInMain");
  });

  test("FINISHED with a job that is no longer known: its outcome is lost", () => {
    const step = scene(anApplication("FINISHED", 1));
    expect(step).toMatchObject({ effect: undefined, status: { trigger: { reason: "OutcomeLost" } } });
  });

  test("CANCELING for ever counts as canceled once nothing of it runs and nothing brings it back", () => {
    const job = aJob().trigger(aTrigger().sent());
    const look = anApplication("CANCELING");
    const lifetime = aCluster("JobManagerLifetime").v23();
    expect(decideOn({ job, cluster: lifetime, look }).status?.trigger).toMatchObject({ state: "canceled" });
    const revivable = decideOn({ job, cluster: aCluster("Durable").v23(), look });
    expect(revivable.status?.trigger).toMatchObject({ state: "pending" });
    const busy = decideOn({ job, cluster: lifetime, look: { ...look, mains: 1 } });
    expect(busy.status?.trigger).toMatchObject({ state: "pending" });
  });

  test("CANCELED", () => {
    expect(scene(anApplication("CANCELED")).status?.trigger).toMatchObject({
      state: "canceled",
      finishedAt: ago(0),
    });
  });

  test("absent: as before 2.3", () => {
    expect(scene(aLook()).rule).toBe("sendAgain");
    expect(scene(otherProcess).rule).toBe("outcomeLost");
  });
});

test("a process that took the place of the one that was looked at is looked at first", () => {
  const job = aJob().trigger(aTrigger().sent());
  const cluster = aCluster().process(P2);
  expect(decideOn({ job, cluster, look: aLook() })).toMatchObject({
    rule: "replacedWhileLooking",
    effect: undefined,
    requeueAfterMs: 2_000,
  });
});

test("a request that may still arrive is not given up as lost, whichever process answers", () => {
  const scene = (ago: number) => ({ job: aJob().trigger(aTrigger().sent({ ago })), look: otherProcess });
  expect(decideOn(scene(3_000))).toMatchObject({ rule: "mayStillArrive", requeueAfterMs: 2_000 });
  // What was looked at while it could still arrive may have missed it.
  expect(decideOn(scene(5_000)).rule).toBe("lookUp");
  expect(decideOn(scene(6_000)).rule).toBe("outcomeLost");
});
