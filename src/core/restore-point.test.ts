import { describe, expect, test } from "vitest";
import {
  aCluster,
  aJob,
  aLook,
  anAnswer,
  anApplication,
  aRow,
  aTrigger,
  decideOn,
  NOW,
  type Scene,
  snapshots,
  type TriggerBuilder,
} from "../../test/support/builders.ts";
import { leftBehind } from "./restore-point.ts";

const old = (state: "FAILED" | "CANCELED" | "FINISHED") => ({ ...aRow(state), endTime: NOW - 60_000 });
const stateful = { upgradeMode: "savepoint" as const };

describe("what a job that has ended left", () => {
  test.each([
    ["FAILED, its checkpoint stays", old("FAILED"), {}, { kind: "checkpoint", path: "/checkpoints/chk-1" }],
    [
      "FAILED, its checkpoint goes",
      old("FAILED"),
      { retained: { onCancel: true, onFailure: false } },
      undefined,
    ],
    ["CANCELED, its checkpoint stays", old("CANCELED"), {}, { kind: "checkpoint" }],
    [
      "CANCELED, its checkpoint goes",
      old("CANCELED"),
      { retained: { onCancel: false, onFailure: true } },
      undefined,
    ],
    ["nothing yet", old("FAILED"), { completed: 0, newest: undefined }, { kind: "none" }],
    ["something without an address", old("FAILED"), { newest: undefined }, undefined],
    ["came to its own end", old("FINISHED"), {}, undefined],
  ] as const)("%s", (_, row, patch, want) => {
    const left = leftBehind(row, { ...snapshots(), ...patch });
    if (want) expect(left).toMatchObject({ jobId: row.id, ...want });
    else expect(left).toBeUndefined();
  });

  test("stopped with a savepoint, by whomever; one that was taken on the way is no such end", () => {
    const stops = snapshots({ kind: "savepoint", path: "/sp", stops: true });
    expect(leftBehind(old("FINISHED"), stops)).toMatchObject({ kind: "savepoint", path: "/sp" });
    expect(leftBehind(old("FINISHED"), snapshots({ kind: "savepoint", path: "/sp" }))).toBeUndefined();
  });
});

describe("what stands in the status", () => {
  const job = aJob(stateful).trigger(aTrigger().running());
  const read = {
    ...job.build().status!,
    restorePoint: { jobId: aRow().id, kind: "checkpoint" as const, path: "/c" },
  };

  test("what was read while it ran is not believed once it has ended without keeping it", () => {
    const gone = { ...snapshots(), retained: { onCancel: false, onFailure: false } };
    const look = aLook({ found: true, snapshots: gone });
    const step = decideOn({ job: job.status(read), cluster: aCluster().listing(old("CANCELED")), look });
    expect(step.status?.restorePoint).toBeUndefined();
    expect(step.status?.trigger?.state).toBe("canceled");
  });

  test.each(["CANCELED", "FAILED"] as const)(
    "nor where a JobManager that took over since cannot tell what it left, %s: the words keep it",
    (state) => {
      const look = aLook({ found: true });
      const step = decideOn({ job: job.status(read), cluster: aCluster().listing(old(state)), look });
      expect(step.status?.restorePoint).toBeUndefined();
      expect(step.status?.trigger?.message).toContain("The newest checkpoint that is known of is /c;");
    },
  );

  test("a job that is forgotten says what is known of", () => {
    const look = aLook({ found: false });
    const cluster = aCluster().guards("Durable");
    const step = decideOn({ job: job.status(read), cluster, look });
    expect(step.status?.trigger).toMatchObject({
      reason: "OutcomeLost",
      message: expect.stringContaining("is /c;"),
    });
    expect(step.status?.restorePoint).toBeUndefined();
  });

  test.each([
    ["a main() that failed without a job", anApplication("FAILED", 0)],
    ["a main() that was cancelled", anApplication("CANCELED", 0)],
  ])("%s has touched no state: the next one starts where it would have", (_, look) => {
    const trigger = aTrigger().sent().with({ savepointPath: "/sp" });
    const sent = aJob(stateful).trigger(trigger);
    const step = decideOn({ job: sent, cluster: aCluster().v23(), look });
    expect(step.status?.restorePoint).toEqual({ jobId: aRow().id, kind: "none" });
    const next = decideOn({
      job: sent.status(step.status!).edited({ entryClass: "shop.Two" }),
      cluster: aCluster().v23(),
    });
    expect(next).toMatchObject({ effect: { kind: "submit", request: { savepointPath: "/sp" } } });
  });

  test("nor has a JobID that was burnt before it had tasks", () => {
    const flight = anAnswer({ kind: "failed", reason: "StateMismatch", message: "no", retryable: false });
    const cluster = aCluster().listing(aRow("FAILED", { tasks: { total: 0, running: 0, finished: 0 } }));
    const sent = aJob(stateful).trigger(aTrigger().sent().with({ savepointPath: "/sp" }));
    const step = decideOn({ job: sent, cluster, flight });
    expect(step).toMatchObject({ rule: "burntJobId", status: { restorePoint: { kind: "none" } } });
  });
});

describe("the results of a finished job", () => {
  const finished = aCluster().listing({ ...aRow("FINISHED"), endTime: NOW - 1_000 });
  const running = aJob().trigger(aTrigger().running());
  const ended = decideOn({ job: running, cluster: finished });

  test("its end is on record before they are read", () => {
    expect(ended).toMatchObject({
      effect: undefined,
      status: { trigger: { state: "finished" }, result: { runTime: "59s" } },
    });
    const job = running.status(ended.status!);
    expect(decideOn({ job, cluster: finished })).toMatchObject({
      rule: "readResult",
      effect: { kind: "lookUp" },
    });
    // Flink's own view of the job may be older than its end.
    expect(decideOn({ job, cluster: finished, look: aLook({ found: true }) }).rule).toBe("resultSettles");
    const look = aLook({ found: true, result: { accumulators: { elements: "7" } } });
    const read = decideOn({ job, cluster: finished, look });
    expect(read.status?.result).toEqual({ runTime: "59s", accumulators: { elements: "7" } });
    expect(decideOn({ job: running.status(read.status!), cluster: finished, look })).toMatchObject({
      rule: "over",
    });
  });

  test("forgotten before they could be read, they are not waited for", () => {
    const step = decideOn({ job: running.status(ended.status!) });
    expect(step).toMatchObject({ rule: "resultForgotten", status: { result: { accumulators: {} } } });
  });

  test("they come before a new run", () => {
    const job = running.status(ended.status!).edited({ trigger: { id: "again" } });
    expect(decideOn({ job, cluster: finished })).toMatchObject({ rule: "readResult", status: undefined });
  });
});

test("a job that came to its own end is done: a new run begins anew, and is not held up for want of its state", () => {
  const job = aJob({ ...stateful, savepointPath: "/first" }).trigger(
    aTrigger().finished().with({ specSavepointPath: "/first", savepointPath: "/sp" }),
  );
  expect(decideOn({ job: job.edited({ trigger: { id: "again" } }) })).toMatchObject({
    effect: { kind: "submit", request: { savepointPath: "/first" } },
  });
});

test("a job whose end nobody saw may have left more than is known: nothing starts from less", () => {
  const lost = aTrigger().failed("OutcomeLost").with({ acceptedAt: undefined });
  const step = decideOn({ job: aJob(stateful).trigger(lost).edited({ entryClass: "shop.Two" }) });
  expect(step.effect).toBeUndefined();
  expect(step.status?.conditions?.find(({ type }) => type === "Stalled")?.reason).toBe("RestorePointMissing");
});

describe("after AttemptsExhausted", () => {
  const trigger = aTrigger().sent({ sends: 3, tries: 3, ago: 600_000 }).with({ savepointPath: "/sp" });
  const exhausted = (tries: TriggerBuilder, scene: Partial<Scene>) => {
    const job = aJob({ ...stateful, submission: { maxAttempts: 3 } }).trigger(tries);
    const step = decideOn({ job, ...scene });
    expect(step.rule).toBe("attemptsExhausted");
    return decideOn({ job: job.status(step.status!).edited({ entryClass: "shop.Two" }), ...scene });
  };

  test("of requests that brought nothing the successor starts where they would have", () => {
    const next = exhausted(trigger, { look: aLook(), cluster: aCluster().guards("Durable") });
    expect(next.effect).toMatchObject({ kind: "submit", request: { savepointPath: "/sp" } });
    const unsent = aTrigger().with({ tries: 3, savepointPath: "/sp" });
    expect(exhausted(unsent, {}).effect).toMatchObject({ request: { savepointPath: "/sp" } });
  });

  test("where one of them may have run unseen, nothing starts without what it may have left", () => {
    const look = aLook({ incarnation: "other" });
    const cluster = aCluster().guards("Durable").process("other");
    const next = exhausted(trigger.with({ protection: "Durable" }), { look, cluster });
    expect(next.effect).toBeUndefined();
    expect(next.status?.conditions?.find(({ type }) => type === "Stalled")).toMatchObject({
      ...{ status: "True", reason: "RestorePointMissing" },
    });
  });
});
