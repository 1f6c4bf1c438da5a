import { describe, expect, test } from "vitest";
import {
  ago,
  aJob,
  aSpec,
  decideOn,
  MINUTE,
  NOW,
  P1,
  P2,
  type Scene,
  SECOND,
  snapshots,
} from "../../../test/support/builders.ts";
import {
  adaptive,
  after,
  answered,
  before,
  begun,
  jobId,
  read,
  recorded,
  replaced,
  requirements,
  row,
  runs,
} from "../../../test/support/scaling-scenes.ts";
import type { ScalingStatus } from "../../api/status.ts";
import { runHash } from "../identity.ts";

describe("Flink refuses", () => {
  const refusal = "it exceeds the maximum parallelism 3";
  const refused = begun(
    {},
    { requirements: answered({ kind: "refused", message: refusal, requirements: requirements(4) }) },
  );

  test("the job goes on as it was, and the spec is what is wrong", () => {
    expect(refused).toMatchObject({ rule: "rescaleRefused", effect: undefined });
    const { trigger, conditions } = refused.status ?? {};
    expect(trigger).toMatchObject({
      state: "running",
      reason: "TasksRunning",
      parallelism: 2,
      runHash: runHash(before),
    });
    const message = `Flink does not scale the job to parallelism 4: ${refusal}`;
    for (const [type, status] of [
      ["Ready", "False"],
      ["Stalled", "True"],
      ["Reconciling", "False"],
    ])
      expect(conditions).toContainEqual(
        expect.objectContaining({ type, status, reason: "RescaleRefused", message }),
      );
    expect(refused.events).toContainEqual({ type: "Warning", reason: "RescaleRefused", message });
  });

  test("it is not asked again, and no new run is begun, until the spec asks for something else", () => {
    const stands = runs().with({ scaling: { ...recorded, refusal } });
    const job = aJob({ parallelism: 2 }).edited({ parallelism: 4 }).trigger(stands);
    const cluster = adaptive.listing(row());
    const step = decideOn({ job, cluster });
    expect(step).toMatchObject({ rule: "tasksRun", effect: undefined });
    expect(step.status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Stalled", status: "True" }),
    );
    expect(decideOn({ job: job.edited({ parallelism: 3 }), cluster, requirements: read(2) }).rule).toBe(
      "rescale",
    );
    // What one operator remembers is of a step that another has told of since.
    const edited = job.edited({ parallelism: 3 });
    const next = { ...recorded, parallelism: 3, runHash: runHash(aSpec({ parallelism: 3 })), tasks: 4 };
    const begun3 = {
      ...edited.build().status!,
      trigger: { ...edited.build().status!.trigger!, scaling: next },
    };
    const remembered = answered({ kind: "refused", message: refusal, requirements: requirements(4) });
    expect(decideOn({ job: edited.status(begun3), cluster, requirements: remembered }).rule).toBe(
      "readRequirements",
    );
    const justNow = answered({ kind: "refused", message: refusal, requirements: requirements(4) });
    expect(decideOn({ job: job.edited({ parallelism: 3 }), cluster, requirements: justNow }).rule).toBe(
      "readRequirements",
    );
    expect(decideOn({ job: job.edited({ args: ["--fast"] }), cluster })).toMatchObject(replaced);
    const back = decideOn({ job: job.edited({ parallelism: 2 }), cluster });
    expect(back.status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Ready", status: "True" }),
    );
  });
});

test("a job that has finished is not stalled by what Flink refused before", () => {
  const stands = runs().with({ scaling: { ...recorded, refusal: "too many" } });
  const job = aJob({ parallelism: 2 }).edited({ parallelism: 4 }).trigger(stands);
  const step = decideOn({ job, cluster: adaptive.listing(row(3, "FINISHED")) });
  expect(step.status?.trigger?.state).toBe("finished");
  expect(step.status?.conditions).toContainEqual(
    expect.objectContaining({ type: "Stalled", status: "False" }),
  );
});

describe("until the tasks are there", () => {
  const taken = { takenBy: P1 };
  const asked = { parallelism: 4, runHash: runHash(after), generation: 2 };
  const known = read(4, { at: NOW - 5 * SECOND });
  const follow = (scene: Partial<Scene>, scaling: Partial<ScalingStatus> = taken) =>
    begun(scaling, { requirements: known, ...scene }, asked);

  test("the job runs and is not what is asked for", () => {
    const step = follow({});
    expect(step).toMatchObject({ rule: "rescaling", effect: undefined });
    expect(step.status?.trigger).toMatchObject({ state: "running", reason: "Rescaling" });
    expect(step.status?.state).toBe("Running");
    expect(step.status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Ready", status: "False" }),
    );
  });

  test("while they restart their number says nothing", () => {
    const step = follow({ cluster: adaptive.listing(row(5, "RESTARTING")) });
    expect(step.status?.trigger).toMatchObject({ reason: "Rescaling" });
    expect(step.status?.trigger?.message).not.toContain("run now");
  });

  test("they are: ready, and told once", () => {
    const step = follow({ cluster: adaptive.listing(row(5)) });
    expect(step.status?.trigger).toMatchObject({ reason: "TasksRunning", scaling: { reachedAt: ago(0) } });
    expect(step.status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Ready", status: "True" }),
    );
    expect(step.events.filter(({ reason }) => reason === "Rescaled")).toHaveLength(1);
    const there = follow({ cluster: adaptive.listing(row(5)) }, { ...taken, reachedAt: ago(SECOND) });
    expect(there.events.filter(({ reason }) => reason === "Rescaled")).toEqual([]);
    // At rest it costs nothing.
    expect(there).toMatchObject({ effect: undefined, requeueAfterMs: undefined });
  });

  test("its checkpoints are followed meanwhile", () => {
    const old = { jobId, at: NOW - 10 * MINUTE, snapshots: snapshots() };
    const stateful = aJob({ parallelism: 2, upgradeMode: "savepoint" }).edited({ parallelism: 4 });
    const trigger = runs({ upgradeMode: "savepoint" }).with({ ...asked, scaling: { ...recorded, ...taken } });
    const cluster = adaptive.listing(row());
    const step = decideOn({ job: stateful.trigger(trigger), cluster, requirements: known, snapshots: old });
    expect(step).toMatchObject({ rule: "rescaling", effect: { kind: "readSnapshots" } });
  });

  test("fewer tasks later are Flink's own business, but not what it was asked for", () => {
    const reached = { ...taken, reachedAt: ago(MINUTE) };
    const fewer = { cluster: adaptive.listing(row(2)) };
    const step = follow(fewer, reached);
    expect(step).toMatchObject({ effect: undefined, requeueAfterMs: 30_000 });
    expect(step.status?.trigger).toMatchObject({ reason: "TasksRunning" });
    const old = read(4, { at: NOW - 31 * SECOND });
    expect(follow({ ...fewer, requirements: old }, reached).effect).toMatchObject({
      kind: "readRequirements",
    });
    // A late request of a dead operator, or somebody in Flink's own web UI.
    expect(follow({ ...fewer, requirements: read(2) }, reached)).toMatchObject({
      rule: "rescaleAgain",
      effect: { kind: "requireResources", requirements: requirements(4) },
    });
  });

  test("it is looked at again whether Flink still has what it took", () => {
    const old = read(4, { at: NOW - 31 * SECOND });
    expect(follow({ requirements: old }).effect).toMatchObject({ kind: "readRequirements" });
    expect(follow({}).requeueAfterMs).toBe(30_000);
    const there = follow(
      { requirements: old, cluster: adaptive.listing(row(5)) },
      { ...taken, reachedAt: ago(MINUTE) },
    );
    expect(there.effect).toBeUndefined();
  });

  test("it has something else by now, or nobody knows: what is on record is brought there again", () => {
    expect(follow({ requirements: read(2) })).toMatchObject({
      rule: "rescaleAgain",
      effect: { kind: "requireResources", requirements: requirements(4) },
    });
    expect(follow({ requirements: answered({ kind: "asked" }) }).effect?.kind).toBe("readRequirements");
    const failed = { kind: "failed" } as const;
    expect(follow({ requirements: answered(failed) })).toMatchObject({
      effect: undefined,
      requeueAfterMs: 5_000,
    });
    const longAgo = answered(failed, { at: NOW - 6 * SECOND });
    expect(follow({ requirements: longAgo }).effect?.kind).toBe("readRequirements");
  });

  test("a restart that was seen meanwhile is counted", () => {
    const built = aJob({ parallelism: 2 })
      .edited({ parallelism: 4 })
      .trigger(runs().with({ reason: "Rescaling", scaling: recorded }))
      .build();
    const restarting = { id: row().id, name: "orders", state: "RESTARTING" };
    const job = aJob({ parallelism: 2 })
      .edited({ parallelism: 4 })
      .status({ ...built.status!, job: restarting });
    const cluster = adaptive.listing(row(5));
    expect(decideOn({ job, cluster, requirements: read(4) })).toMatchObject({
      rule: "rescaleTaken",
      effect: { kind: "readTroubles" },
    });
    // Another step may begin before that.
    const another = job.edited({ parallelism: 8 }).status({
      ...built.status!,
      job: restarting,
      trigger: { ...built.status!.trigger!, ...asked, scaling: { ...recorded, takenBy: P1 } },
    });
    const step = decideOn({ job: another, cluster, requirements: read(4) });
    expect(step).toMatchObject({ rule: "rescale", status: { job: { state: "RESTARTING" } } });
  });

  describe("after a failover", () => {
    const scaling = { ...taken, reachedAt: ago(MINUTE) };
    const failedOver = (scene: Partial<Scene>) =>
      begun(scaling, { cluster: adaptive.process(P2).listing(row(5)), ...scene }, asked);

    test("the new process is asked what it has", () => {
      expect(failedOver({ requirements: read(4) }).rule).toBe("readRequirements");
    });

    test("the same: that it has it is on record, and what was reached stands", () => {
      const step = failedOver({ requirements: read(4, { incarnation: P2 }) });
      expect(step.rule).toBe("rescaleStands");
      expect(step.status?.trigger?.scaling).toMatchObject({ takenBy: P2, reachedAt: ago(MINUTE) });
    });

    test("something else: it is asked for again", () => {
      expect(failedOver({ requirements: read(2, { incarnation: P2 }) })).toMatchObject({
        rule: "rescaleAgain",
        effect: { kind: "requireResources", requirements: requirements(4) },
      });
    });
  });
});

test("an upgrade by scaling must become stable, where there is a version to go back to; that one need not", () => {
  const rollback = { deadline: "5m" };
  const stable = { generation: 1, runHash: runHash(before), spec: { ...before } as Record<string, unknown> };
  const under = runs().with({ reason: "Rescaling", scaling: recorded });
  const built = aJob({ parallelism: 2, rollback }).edited({ parallelism: 4 }).trigger(under).build();
  const job = aJob({ parallelism: 2, rollback })
    .edited({ parallelism: 4 })
    .status({ ...built.status!, stable });
  const cluster = adaptive.listing(row());
  const step = decideOn({ job, cluster, requirements: read(4) });
  expect(step.status?.trigger?.stableBy).toBe(new Date(NOW + 5 * MINUTE).toISOString());

  // Five minutes later the tasks are still not there: back, and in the same way.
  const late = job.status({
    ...step.status!,
    trigger: { ...step.status!.trigger!, stableBy: ago(SECOND) },
  });
  const back = decideOn({ job: late, cluster });
  expect(back).toMatchObject({ rule: "rollBack" });
  const standing = aJob({ parallelism: 2, rollback }).edited({ parallelism: 4 }).status(back.status!);
  expect(decideOn({ job: standing, cluster, requirements: read(4) })).toMatchObject({
    rule: "rescale",
    effect: { kind: "requireResources", requirements: requirements(2) },
  });

  // There, and not all tasks are back yet: looked at again and again, with nothing new to say.
  const { trigger } = standing.build().status!;
  const taken = {
    ...trigger!,
    ...{ reason: "Rescaling", parallelism: 2, runHash: runHash(before), generation: 2 },
    scaling: { ...recorded, ...{ parallelism: 2, runHash: runHash(before), tasks: 3, takenBy: P1 } },
  };
  const waits = decideOn({
    job: standing.status({ ...back.status!, trigger: taken }),
    cluster: adaptive.listing(row(2)),
    requirements: read(2),
  });
  const stalled = expect.objectContaining({ type: "Stalled", status: "True", reason: "RolledBack" });
  expect(waits.status?.conditions).toContainEqual(stalled);
  const later = decideOn({
    job: standing.status(waits.status!),
    cluster: adaptive.listing(row(2)),
    requirements: read(2, { at: NOW - 31 * SECOND }),
  });
  expect(later.effect?.kind).toBe("readRequirements");
  expect(later.status).toBeUndefined();
  const P2s = { cluster: adaptive.process(P2).listing(row(2)), requirements: read(2, { incarnation: P2 }) };
  const stands = decideOn({ job: standing.status(waits.status!), ...P2s });
  expect(stands.rule).toBe("rescaleStands");
  expect(stands.status?.conditions).toContainEqual(stalled);
});
