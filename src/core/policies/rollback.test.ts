import { describe, expect, test } from "vitest";
import {
  aCluster,
  ago,
  aJob,
  aLook,
  aRow,
  aSpec,
  aTrigger,
  decideOn,
  type JobBuilder,
  MINUTE,
  NOW,
  SECOND,
  snapshots,
  type TriggerBuilder,
  UID,
} from "../../../test/support/builders.ts";
import { jobIdOf, runHash } from "../identity.ts";
import { keptVersion } from "../versions.ts";

const spec = { rollback: { deadline: "5m" }, upgradeMode: "savepoint" as const };
const bad = { entryClass: "shop.Bad" };
const stable = keptVersion(aSpec(spec), 1)!;
const g2 = (trigger: TriggerBuilder) =>
  trigger.with({ savepointPath: "/sp", stableBy: new Date(NOW + MINUTE).toISOString() });
const second = () => aTrigger({ id: "g2", generation: 2, spec: aSpec({ ...spec, ...bad }) });
const row2 = (state: Parameters<typeof aRow>[0] = "RUNNING") => aRow(state, { id: jobIdOf(UID, "g2", 1) });

/** Generation 2 is the upgrade; what was stable before is kept. */
function upgraded(trigger: TriggerBuilder, patch = {}): JobBuilder {
  const job = aJob(spec).edited(bad).trigger(trigger);
  return job.status({ ...job.build().status!, stable, ...patch });
}

describe("what is stable", () => {
  const running = (sinceMs: number) => {
    const job = aJob(spec).trigger(aTrigger().running());
    const status = job.build().status!;
    const conditions = status.conditions!.map((one) => ({ ...one, lastTransitionTime: ago(sinceMs) }));
    return decideOn({ job: job.status({ ...status, conditions }), cluster: aCluster().listing(aRow()) });
  };

  test("all its tasks have run for half a minute: kept, once", () => {
    expect(running(31 * SECOND).status?.stable).toEqual(stable);
    expect(running(29 * SECOND).status?.stable).toBeUndefined();
    expect(running(29 * SECOND).requeueAfterMs).toBe(SECOND);
  });

  test("without a wish to go back nothing is kept", () => {
    const step = decideOn({ job: aJob().trigger(aTrigger().running()), cluster: aCluster().listing(aRow()) });
    expect(step.status?.stable).toBeUndefined();
    expect(step.requeueAfterMs).toBeUndefined();
  });

  test("a spec that is too large is not kept", () => {
    expect(keptVersion(aSpec({ args: ["x".repeat(70_000)] }), 1)).toBeUndefined();
  });
});

describe("an upgrade that does not become stable", () => {
  test("has a deadline from its record on", () => {
    const job = aJob(spec).trigger(aTrigger().canceled()).edited(bad);
    const restorePoint = { jobId: aRow().id, kind: "savepoint" as const, path: "/sp" };
    const step = decideOn({ job: job.status({ ...job.build().status!, stable, restorePoint }) });
    expect(step.status?.trigger).toMatchObject({
      id: "g2",
      stableBy: new Date(NOW + 5 * MINUTE).toISOString(),
    });
  });

  test.each([
    ["failed", g2(second().failed("MainFailed")), {}],
    [
      "still not stable when it is over",
      second()
        .running()
        .with({ savepointPath: "/sp", stableBy: ago(1) }),
      {},
    ],
    [
      "still pending when it is over",
      second()
        .sent()
        .with({ savepointPath: "/sp", stableBy: ago(1) }),
      {},
    ],
  ])("%s: rolled back, and told", (_, trigger, scene) => {
    const step = decideOn({
      job: upgraded(trigger),
      cluster: aCluster().listing(row2("RESTARTING")),
      ...scene,
    });
    expect(step).toMatchObject({
      rule: "rollBack",
      status: {
        rolledBack: { triggerId: "g2", generation: 1, runHash: runHash(aSpec({ ...spec, ...bad })) },
      },
      events: [{ type: "Warning", reason: "RolledBack" }],
    });
  });

  test("all its tasks run when it is over, but not for long enough: Ready is said of neither", () => {
    const trigger = second()
      .running()
      .with({ savepointPath: "/sp", stableBy: ago(1) });
    const step = decideOn({ job: upgraded(trigger), cluster: aCluster().listing(row2()) });
    const is = Object.fromEntries(step.status!.conditions!.map((one) => [one.type, one.status]));
    expect(step.rule).toBe("rollBack");
    expect(is).toMatchObject({ Ready: "False", Reconciling: "True" });
  });

  test("an edit since is another wish: what failed is replaced, not rolled back", () => {
    const failed = g2(second().failed("MainFailed")).with({ acceptedAt: undefined });
    const job = upgraded(failed).edited({ entryClass: "shop.Good" });
    const step = decideOn({ job });
    expect(step).toMatchObject({ rule: "replace", status: { trigger: { id: "g3", savepointPath: "/sp" } } });
    expect(step.status?.rolledBack).toBeUndefined();
  });

  test.each([
    ["within the deadline", g2(second().running()), {}],
    ["failed, and a new attempt follows", g2(second().failed()), { restartPolicy: "OnFailure" as const }],
  ])("%s: not yet", (_, trigger, patch) => {
    const job = upgraded(trigger).spec(patch);
    expect(decideOn({ job, cluster: aCluster().listing(row2()) }).status?.rolledBack).toBeUndefined();
  });

  const rolledBack = { runHash: runHash(aSpec({ ...spec, ...bad })), triggerId: "g2", generation: 1 };
  const told = { reason: "MainFailed", message: "It failed.", at: ago(0) };
  const goneBack = (trigger: TriggerBuilder) => upgraded(trigger, { rolledBack: { ...rolledBack, ...told } });

  test("its job is cancelled, and what it made of the state is not wanted", () => {
    const step = decideOn({ job: goneBack(g2(second().running())), cluster: aCluster().listing(row2()) });
    expect(step).toMatchObject({ rule: "cancelStopped", effect: { kind: "cancelJob" } });
  });

  test("the stable version starts from the state that the upgrade had been given", () => {
    const job = goneBack(g2(second().failed("JobFailed")));
    const left = { jobId: jobIdOf(UID, "g2", 1), kind: "checkpoint" as const, path: "/bad" };
    const step = decideOn({ job: job.status({ ...job.build().status!, restorePoint: left }) });
    expect(step).toMatchObject({
      rule: "replace",
      status: { trigger: { id: "g2.rollback", runHash: stable.runHash, savepointPath: "/sp" } },
      effect: { kind: "submit", request: { entryClass: "shop.WordCount", savepointPath: "/sp" } },
    });
    expect(step.status?.trigger?.stableBy).toBeUndefined();
  });

  const back = aTrigger({ id: "g2.rollback", generation: 2, spec: aSpec(spec) }).running();
  const backRow = aRow("RUNNING", { id: jobIdOf(UID, "g2.rollback", 1) });

  test("it stays there until the spec changes, and says so", () => {
    const step = decideOn({ job: goneBack(back), cluster: aCluster().listing(backRow) });
    expect(step.effect).toBeUndefined();
    const is = Object.fromEntries(step.status!.conditions!.map((one) => [one.type, one]));
    expect(is).toMatchObject({
      Stalled: { status: "True", reason: "RolledBack" },
      Ready: { status: "False" },
    });
  });

  test("the next edit is a new upgrade, with the state of what runs", () => {
    const job = goneBack(back).edited({ entryClass: "shop.Good" });
    const look = aLook({ jobId: backRow.id, found: true, snapshots: snapshots() });
    const step = decideOn({ job, cluster: aCluster().listing(backRow), look });
    expect(step).toMatchObject({
      effect: { kind: "stopWithSavepoint" },
      status: { trigger: { reason: "Replacing" } },
    });
    expect(step.status?.rolledBack).toBeUndefined();
  });

  test("going back to the stable spec asks for nothing", () => {
    const job = goneBack(back).edited({ entryClass: "shop.WordCount" });
    const step = decideOn({ job, cluster: aCluster().listing(backRow) });
    expect(step).toMatchObject({ rule: "tasksRun", effect: undefined });
    expect(step.status?.rolledBack).toBeUndefined();
  });
});
