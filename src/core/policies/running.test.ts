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
  decideOn,
  MINUTE,
  NOW,
  P2,
  SECOND,
  unreachable,
} from "../../../test/support/builders.ts";

const running = aJob().trigger(aTrigger().running());

describe("the job's row is the truth", () => {
  test("Flink says RUNNING while tasks wait for slots: not ready", () => {
    const row = aRow("RUNNING", { tasks: { total: 3, running: 1, finished: 0 } });
    const step = decideOn({ job: running, cluster: aCluster().listing(row) });
    expect(step.status?.trigger).toMatchObject({ state: "running", reason: "WaitingForTasks" });
    expect(step.status?.trigger?.message).toContain("1 of 3");
  });

  test("finished tasks of a bounded job count", () => {
    const row = aRow("RUNNING", { tasks: { total: 3, running: 1, finished: 2 } });
    expect(decideOn({ job: running, cluster: aCluster().listing(row) }).status?.trigger?.reason).toBe(
      "TasksRunning",
    );
  });

  test.each([
    ["FINISHED", "finished"],
    ["CANCELED", "canceled"],
  ] as const)("%s is recorded at once, with Flink's own time", (state, word) => {
    const step = decideOn({ job: running, cluster: aCluster().listing(aRow(state)) });
    expect(step.status?.trigger).toMatchObject({ state: word, finishedAt: ago(SECOND) });
    expect(step.status?.job).toMatchObject({ state });
  });

  test("FAILED is recorded with its cause, which is read first", () => {
    const cluster = aCluster().listing(aRow("FAILED"));
    expect(decideOn({ job: running, cluster })).toMatchObject({
      rule: "readEnd",
      effect: { kind: "lookUp" },
    });
    const failure = { reason: "JobFailed" as const, message: "division by zero" };
    const step = decideOn({ job: running, cluster, look: aLook({ found: true, failure }) });
    expect(step.status?.trigger).toMatchObject({ state: "failed", finishedAt: ago(SECOND), failure });
  });

  test("a cause that Flink does not know of yet is asked for again, for as long as what it tells is older than the end", () => {
    const long = { ...aRow("FAILED"), endTime: NOW - 5 * SECOND };
    const stepOn = (row: typeof long) =>
      decideOn({ job: running, cluster: aCluster().listing(row), look: aLook({ found: true }) });
    expect(stepOn(aRow("FAILED"))).toMatchObject({ rule: "causeSettles", status: undefined });
    expect(stepOn(long).status?.trigger?.failure?.message).toBe("The job failed; Flink names no cause.");
  });

  test("in a cluster that runs main() itself, the parallelism is what its configuration says", () => {
    const cluster = aCluster().view({ parallelismDefault: 3 }).listing(aRow());
    const own = aTrigger()
      .running()
      .with({ cluster: { name: "orders-1", mode: "application" } });
    expect(decideOn({ job: aJob().trigger(own), cluster }).status?.trigger?.parallelism).toBe(3);
    expect(decideOn({ job: running, cluster }).status?.trigger?.parallelism).toBeUndefined();
  });

  test("after a failover the process that has the job now is remembered", () => {
    const step = decideOn({ job: running, cluster: aCluster().process(P2).listing(aRow()) });
    expect(step.status?.trigger?.sentTo?.incarnation).toBe(P2);
  });
});

describe("the row is not there", () => {
  test("a list older than the acceptance says nothing; we come back, for the next one may be no change", () => {
    const job = aJob().trigger(aTrigger().running(10 * SECOND));
    const step = decideOn({ job, cluster: aCluster().with({ listedAt: NOW - 11 * SECOND }), look: aLook() });
    expect(step).toMatchObject({ rule: "listIsOlder", status: undefined, effect: undefined });
    expect(step.requeueAfterMs).toBe(SECOND);
  });

  test("it is looked up", () => {
    expect(decideOn({ job: running })).toMatchObject({ rule: "lookUp", status: undefined });
    expect(decideOn({ job: running, look: aLook({ found: true }) }).rule).toBe("listedSoon");
  });

  test("the cluster does not answer: unknown, and nothing is concluded", () => {
    const step = decideOn({ job: running, cluster: unreachable });
    expect(step.status).toMatchObject({ state: "Unknown", trigger: { state: "running" } });
    expect(step.status?.conditions?.[0]).toMatchObject({ type: "Ready", status: "Unknown" });
  });

  test("2.3: the application runs its main() again after a failover", () => {
    const step = decideOn({ job: running, cluster: aCluster().v23(), look: anApplication("RUNNING", 0) });
    expect(step).toMatchObject({ rule: "recovering", effect: undefined, requeueAfterMs: 2_000 });
    expect(step.status?.trigger).toMatchObject({ state: "running", reason: "Recovering" });
  });

  test("2.3: an application that sticks in CANCELING brings nothing back", () => {
    const cluster = aCluster("JobManagerLifetime").v23();
    const step = decideOn({ job: running, cluster, look: anApplication("CANCELING", 1) });
    expect(step.status?.trigger).toMatchObject({ state: "failed", reason: "OutcomeLost" });
    const ha = decideOn({ job: running, cluster: aCluster().v23(), look: anApplication("CANCELING", 1) });
    expect(ha.rule).toBe("recovering");
  });

  test("the same process, or HA: it ended unseen and is not run again", () => {
    for (const [cluster, look] of [
      [aCluster("JobManagerLifetime"), aLook()],
      [aCluster("RunningJobs"), aLook({ incarnation: P2 })],
    ] as const) {
      const job = running.spec({ lostPolicy: "Resubmit" });
      const step = decideOn({ job, cluster, look });
      expect(step.status?.trigger).toMatchObject({
        state: "failed",
        reason: "OutcomeLost",
        finishedAt: ago(0),
      });
      expect(decideOn({ job: job.status(step.status!), cluster, look }).effect).toBeUndefined();
    }
  });

  test("another process without HA: the job is lost with the old one", () => {
    const cluster = aCluster("JobManagerLifetime").process(P2);
    const step = decideOn({ job: running, cluster, look: aLook({ incarnation: P2 }) });
    expect(step.status?.trigger).toMatchObject({ state: "failed", reason: "JobLost", finishedAt: ago(0) });
    expect(step.status?.trigger?.failure?.retryable).toBe(true);
    expect(step.effect).toBeUndefined();
  });
});

describe("an answer that comes after the job was seen", () => {
  test("is settled; an error of main() is told", () => {
    const flight = anAnswer({ kind: "failed", reason: "MainFailed", message: "boom", retryable: false });
    const step = decideOn({ job: running, flight, cluster: aCluster().listing(aRow()) });
    expect(step).toMatchObject({ settlesFlight: true, status: { trigger: { state: "running" } } });
    expect(step.events).toMatchObject([{ type: "Warning", reason: "MainFailed" }]);
  });

  test("none yet: nothing to settle", () => {
    const step = decideOn({
      job: running,
      flight: aFlight("sending", MINUTE),
      cluster: aCluster().listing(aRow()),
    });
    expect(step.settlesFlight).toBeUndefined();
  });
});
