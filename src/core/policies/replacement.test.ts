import { describe, expect, test } from "vitest";
import {
  aCluster,
  aFlight,
  aJob,
  aLook,
  anAnswer,
  aRow,
  aTrigger,
  connecting,
  decideOn,
  type TriggerBuilder,
  UID,
  unreachable,
} from "../../../test/support/builders.ts";
import { jobIdOf } from "../identity.ts";

const changed = { entryClass: "shop.Two" };
const replaced = (trigger: TriggerBuilder) => aJob().trigger(trigger).edited(changed);
const g2 = jobIdOf(UID, "g2", 1);

describe("what the job is has changed", () => {
  test("the running job is cancelled, and nothing is sent before it was seen to end", () => {
    const job = replaced(aTrigger().running());
    const step = decideOn({ job, cluster: aCluster().listing(aRow()) });
    expect(step).toMatchObject({ rule: "cancelStopped", effect: { kind: "cancelJob", jobId: aRow().id } });
    expect(step.status?.trigger).toMatchObject({ id: "g1", reason: "Replacing" });
    const next = { job: job.status(step.status!), cluster: aCluster().listing(aRow("CANCELLING")) };
    expect(decideOn(next)).toMatchObject({
      rule: "cancelStopped",
      effect: undefined,
      requeueAfterMs: 5_000,
    });
  });

  test("seen to end: recorded first, then the new trigger with a new JobID", () => {
    const cluster = aCluster().listing(aRow("CANCELED"));
    const job = replaced(aTrigger().running());
    const ended = decideOn({ job, cluster });
    expect(ended).toMatchObject({ effect: undefined, status: { trigger: { id: "g1", state: "canceled" } } });
    const step = decideOn({ job: job.status(ended.status!), cluster });
    expect(step).toMatchObject({ rule: "replace", effect: { kind: "submit", jobId: g2 } });
    expect(step.status?.history).toMatchObject([{ id: "g1", state: "canceled" }]);
  });

  test.each([
    ["not listed", {}],
    ["out of sight", { cluster: unreachable }],
    ["known, but not listed", { look: aLook({ found: true }) }],
  ])("%s is not over: no new JobID", (_, scene) => {
    const step = decideOn({ job: replaced(aTrigger().running()), ...scene });
    expect(step.effect?.kind).not.toBe("submit");
    expect((step.status ?? { trigger: aTrigger().build() }).trigger?.id).toBe("g1");
  });

  test.each([
    ["unknown", {}],
    ["with a main() that may be its", { look: aLook({ mains: 1 }) }],
    ["unanswered", { flight: aFlight() }],
  ])("a request whose outcome is %s comes first", (_, scene) => {
    const step = decideOn({ job: replaced(aTrigger().sent()), ...scene });
    expect(step.effect?.kind).not.toBe("submit");
    expect((step.status?.trigger ?? { id: "g1" }).id).toBe("g1");
  });

  test("a job whose own main() still runs is left alone until that has answered", () => {
    const scene = { job: replaced(aTrigger().running()), cluster: aCluster().listing(aRow()) };
    expect(decideOn({ ...scene, flight: aFlight() }).effect).toBeUndefined();
    expect(decideOn(scene).effect?.kind).toBe("cancelJob");
  });

  test("a main() that was given up is not over either", () => {
    const step = decideOn({ job: replaced(aTrigger().timedOut()), look: aLook({ mains: 1 }) });
    expect(step).toMatchObject({ rule: "lateMainRuns", effect: undefined });
  });

  test("a trigger that was never sent leaves no trace", () => {
    const step = decideOn({ job: replaced(aTrigger()) });
    expect(step).toMatchObject({ rule: "replace", effect: { jobId: g2 } });
    expect(step.status?.history).toBeUndefined();
  });

  test("a request that still fetches its JAR is stopped", () => {
    const step = decideOn({ job: replaced(aTrigger().sent()), flight: aFlight("fetchingJar") });
    expect(step.effect).toEqual({ kind: "abandonFlight" });
  });

  test("an answer that came after the job's end, or never comes, does not stand in the way", () => {
    for (const flight of [anAnswer({ kind: "accepted" }), aFlight()]) {
      const step = decideOn({ job: replaced(aTrigger().finished()), flight });
      expect(step).toMatchObject({ rule: "replace", effect: { jobId: g2 } });
    }
  });

  test("a cluster that was not asked yet: the old trigger stands, and its history does not grow", () => {
    const step = decideOn({ job: replaced(aTrigger().finished()), cluster: connecting });
    expect(step).toMatchObject({ status: undefined, effect: undefined });
  });

  test("a cluster that does not answer: the new trigger is recorded and waits", () => {
    const step = decideOn({ job: replaced(aTrigger().finished()), cluster: unreachable });
    expect(step.effect).toBeUndefined();
    expect(step.status).toMatchObject({ trigger: { id: "g2", state: "pending" }, history: [{ id: "g1" }] });
    expect(step.status?.job).toBeUndefined();
  });

  test("a job that Flink brought back lives: it is cancelled before the next is sent", () => {
    const job = replaced(aTrigger().failed());
    const step = decideOn({ job, cluster: aCluster().listing(aRow("RUNNING")) });
    expect(step.effect).toMatchObject({ kind: "cancelJob", jobId: aRow().id });
    expect(step.status).toMatchObject({ trigger: { id: "g2", reason: "Replacing", sends: 0 } });
  });
});

describe("what changed is not what the job is", () => {
  test.each([
    { ttlSecondsAfterFinished: 3_600 },
    { lostPolicy: "Resubmit" as const },
    { deletionPolicy: "Orphan" as const },
    { submission: { maxAttempts: 1, timeout: "1h" } },
  ])("%o runs nothing again", (patch) => {
    const job = aJob().trigger(aTrigger().finished()).edited(patch);
    expect(decideOn({ job }).effect).toBeUndefined();
  });
});

describe("a trigger ID is processed once", () => {
  const trigger = (id: string) => aTrigger({ id });
  const job = aJob({ trigger: { id: "a" } }).meta({ generation: 3 });

  test("the same ID again asks for nothing", () => {
    expect(decideOn({ job: job.trigger(trigger("a").finished()) }).effect).toBeUndefined();
  });

  test("an ID out of the history is refused, and the object stalls", () => {
    const again = job.trigger(trigger("b").finished()).history(trigger("a").finished());
    const step = decideOn({ job: again });
    expect(step.effect).toBeUndefined();
    expect(step.status?.trigger?.id).toBe("b");
    const stalled = step.status?.conditions?.find(({ type }) => type === "Stalled");
    expect(stalled).toMatchObject({ status: "True", reason: "TriggerIdReused" });
  });

  test("whichever attempt of it the history still holds", () => {
    const second = aTrigger({ id: "a", attempt: 2 }).finished();
    const again = job.trigger(trigger("b").finished()).history(second);
    expect(decideOn({ job: again }).effect).toBeUndefined();
  });

  test("while the job of another trigger runs, that goes on", () => {
    const again = job.trigger(trigger("b").running()).history(trigger("a").finished());
    const row = aRow("RUNNING", { id: jobIdOf(UID, "b", 1) });
    const step = decideOn({ job: again, cluster: aCluster().listing(row) });
    expect(step.effect).toBeUndefined();
    expect(step.status?.trigger).toMatchObject({ id: "b", state: "running" });
  });

  test("a history that another object left behind (a backup) does not count", () => {
    const foreign = { ...trigger("a").finished().build(), jobId: "0".repeat(32) };
    const again = job.trigger(trigger("b").finished()).history(foreign);
    expect(decideOn({ job: again }).effect).toMatchObject({ jobId: jobIdOf(UID, "a", 1) });
  });
});

test("a status that was lost while our own request is under way is written again, and nothing is sent beside it", () => {
  const step = decideOn({ job: aJob(), flight: aFlight() });
  expect(step).toMatchObject({ rule: "recordFlight", effect: undefined });
  expect(step.status?.trigger).toMatchObject({ state: "pending", sends: 1, jobId: aFlight().jobId });
});
