import { describe, expect, test } from "vitest";
import {
  aCluster,
  ago,
  aJob,
  aLook,
  anOperation,
  aRow,
  aTrigger,
  decideOn,
  MINUTE,
  NOW,
  type Scene,
  SECOND,
  snapshots,
  UID,
} from "../../../test/support/builders.ts";
import { afterwards, changed, edited, JOB, look, runs } from "../../../test/support/stopping-scene.ts";
import { jobIdOf, operationIdOf } from "../identity.ts";

/** After the stop was asked for: an earlier look says nothing about what it left. */
const later = NOW + SECOND;
const seenLater = (patch = {}) => ({ now: later, look: aLook({ at: later, endedAt: later, ...patch }) });

describe("upgradeMode: savepoint", () => {
  const scene = { job: edited({ upgradeMode: "savepoint" }), cluster: runs };

  test("what the job has left is looked at first", () => {
    expect(decideOn(scene)).toMatchObject({ rule: "lookUp", status: undefined, effect: { kind: "lookUp" } });
  });

  test("the operation's ID is on record before Flink is asked", () => {
    const step = decideOn({ ...scene, look: look() });
    const operationId = operationIdOf(JOB, "stop", 1);
    expect(step).toMatchObject({
      rule: "stopWithSavepoint",
      effect: { kind: "stopWithSavepoint", jobId: JOB, operationId },
      status: {
        trigger: { id: "g1", reason: "Replacing", stop: { mode: "savepoint", operationId, number: 1 } },
      },
    });
  });

  const stopping = afterwards({ ...scene, look: look() });

  test.each([
    ["nobody has asked yet", undefined, { rule: "readOperation", effect: { kind: "readOperation" } }],
    [
      "it is under way",
      anOperation({ state: "inProgress" }),
      { rule: "savepointUnderWay", effect: undefined },
    ],
    [
      "old news are no news",
      anOperation({ state: "inProgress" }, 2 * SECOND),
      { rule: "readOperation", effect: { kind: "readOperation" } },
    ],
    [
      "nobody knows it and the history has none: the same is asked for again",
      anOperation({ state: "unknown", snapshots: snapshots() }),
      { effect: { kind: "stopWithSavepoint", operationId: operationIdOf(JOB, "stop", 1) } },
    ],
    [
      "one that should have stopped it, and did not: the same is asked for again",
      anOperation({
        state: "unknown",
        snapshots: snapshots({ kind: "savepoint", path: "/sp", stops: true, takenAt: NOW - 2 * MINUTE }),
      }),
      { effect: { kind: "stopWithSavepoint" } },
    ],
    [
      "nobody knows it, and the history has one that stops: that is it",
      anOperation({
        state: "unknown",
        snapshots: snapshots({ kind: "savepoint", path: "/sp", stops: true }),
      }),
      { effect: undefined, status: { restorePoint: { jobId: JOB, kind: "savepoint", path: "/sp" } } },
    ],
    [
      "a savepoint that somebody took is none that stops",
      anOperation({ state: "unknown", snapshots: snapshots({ kind: "savepoint", path: "/other" }) }),
      { effect: { kind: "stopWithSavepoint" } },
    ],
    [
      "it is complete: on record before anything else",
      anOperation({ state: "completed", path: "/sp" }),
      { rule: "savepointCompleted", status: { restorePoint: { path: "/sp" } } },
    ],
  ])("%s", (_, operation, want) => {
    expect(decideOn({ ...stopping, operation })).toMatchObject(want);
  });

  test("where it is, is told once", () => {
    const operation = anOperation({ state: "completed", path: "/sp" });
    const reasons = decideOn({ ...stopping, operation }).events.map(({ reason }) => reason);
    expect(reasons).toContain("SavepointCompleted");
    const next = decideOn(afterwards({ ...stopping, operation }));
    expect(next).toMatchObject({ rule: "savepointStopsJob", status: undefined, events: [] });
  });

  test("the job ended with it: the next one starts from there, and not before", () => {
    const complete = afterwards({ ...stopping, operation: anOperation({ state: "completed", path: "/sp" }) });
    expect(decideOn(complete).effect).toBeUndefined();
    const over = {
      ...complete,
      cluster: aCluster().listing(aRow("FINISHED")),
      ...seenLater({ found: true, snapshots: snapshots() }),
    };
    expect(decideOn({ ...over, look: look() }).rule).toBe("readEnd");
    const end = decideOn(over);
    expect(end.status).toMatchObject({ trigger: { id: "g1", state: "canceled", reason: "Canceled" } });
    expect(decideOn(afterwards(over))).toMatchObject({
      rule: "replace",
      status: { trigger: { id: "g2", savepointPath: "/sp" }, history: [{ id: "g1", state: "canceled" }] },
      effect: { kind: "submit", request: { savepointPath: "/sp" } },
    });
  });

  test("a failure leaves the job running, says why, and is tried again under another ID, so often and no more", () => {
    let scene: Scene = { ...stopping, operation: anOperation({ state: "failed", message: "disk full" }) };
    const failed = decideOn(scene);
    expect(failed).toMatchObject({
      rule: "savepointFailed",
      effect: undefined,
      status: { trigger: { state: "running", reason: "SavepointFailed", stop: { failures: 1 } } },
    });
    expect(failed.status?.trigger?.message).toContain("disk full");
    expect(failed.events).toMatchObject([{ type: "Warning", reason: "SavepointFailed" }]);
    scene = afterwards(scene, { operation: undefined, look: look() });
    expect(decideOn(scene)).toMatchObject({ rule: "stopBackingOff", requeueAfterMs: 5 * SECOND });
    const later = NOW + 6 * SECOND;
    const again = { ...scene, now: later, look: { ...look(), at: later, endedAt: later } };
    expect(decideOn(again)).toMatchObject({
      effect: { kind: "stopWithSavepoint", operationId: operationIdOf(JOB, "stop", 2) },
      status: { trigger: { stop: { number: 2, failures: 1 } } },
    });
    const stop = { ...failed.status!.trigger!.stop!, failures: 5 };
    const exhausted = { ...failed.status!, trigger: { ...failed.status!.trigger!, stop } };
    const last = decideOn({ ...again, job: scene.job.status(exhausted), now: NOW + 60 * MINUTE });
    expect(last).toMatchObject({ rule: "stopGivenUp", effect: undefined });
  });

  test("given up, it is Stalled until the spec changes", () => {
    const stop = {
      mode: "savepoint",
      why: "Replacing",
      generation: 2,
      requestedAt: ago(0),
      number: 5,
    } as const;
    const given = aTrigger()
      .running()
      .with({
        reason: "SavepointFailed",
        stop: { ...stop, failures: 4, operationId: operationIdOf(JOB, "stop", 5) },
      });
    const operation = anOperation({ state: "failed", message: "disk full" }, 0, 5);
    const step = decideOn({ job: edited({ upgradeMode: "savepoint" }, given), cluster: runs, operation });
    const stalled = step.status?.conditions?.find(({ type }) => type === "Stalled");
    expect(stalled).toMatchObject({ status: "True", reason: "SavepointFailed" });
  });

  test("taken back after a failure: the job goes on as if nothing had been", () => {
    const failed = afterwards({ ...stopping, operation: anOperation({ state: "failed", message: "no" }) });
    const reverted = { ...failed, job: failed.job.edited({ entryClass: "shop.WordCount" }) };
    expect(decideOn(reverted)).toMatchObject({ rule: "tasksRun", effect: undefined });
  });

  test("taken back while it is under way: it is waited for, and then the job comes back with its state", () => {
    const reverted = { ...stopping, job: stopping.job.edited({ entryClass: "shop.WordCount" }) };
    expect(decideOn({ ...reverted, operation: anOperation({ state: "inProgress" }) })).toMatchObject({
      rule: "savepointUnderWay",
    });
    const complete = afterwards({ ...reverted, operation: anOperation({ state: "completed", path: "/sp" }) });
    const over = {
      ...complete,
      cluster: aCluster().listing(aRow("FINISHED")),
      ...seenLater({ found: true, snapshots: snapshots() }),
    };
    expect(decideOn(afterwards(over))).toMatchObject({
      rule: "resume",
      status: { trigger: { id: "g1", attempt: 2, savepointPath: "/sp" } },
      effect: { kind: "submit", jobId: jobIdOf(UID, "g1", 2) },
    });
  });

  test("whoever wants no savepoint any more need not wait for it", () => {
    const cancelled = { ...stopping, job: stopping.job.edited({ upgradeMode: "stateless" }) };
    expect(decideOn({ ...cancelled, operation: anOperation({ state: "inProgress" }) })).toMatchObject({
      rule: "cancelStopped",
      effect: { kind: "cancelJob" },
    });
  });

  test.each([
    ["restarting, its checkpoints stay", { retained: { onCancel: true, onFailure: true } }, "cancelStopped"],
    ["restarting, and it left nothing yet", { completed: 0, newest: undefined }, "cancelStopped"],
    [
      "restarting, and its checkpoints go with it",
      { retained: { onCancel: false, onFailure: true } },
      "stopWaitsForTasks",
    ],
  ])("%s", (_, left, rule) => {
    const cluster = aCluster().listing(aRow("RESTARTING"));
    const seen = aLook({ found: true, snapshots: { ...snapshots(), ...left } });
    expect(decideOn({ ...scene, cluster, look: seen }).rule).toBe(rule);
  });

  test("a JobManager that is lost before it told where the savepoint is: nothing starts without it", () => {
    const cluster = aCluster().process("other");
    const gone = { ...stopping, cluster, ...seenLater({ incarnation: "other" }) };
    const step = decideOn(gone);
    expect(step.status?.trigger).toMatchObject({ state: "failed", reason: "SavepointLost" });
    const next = decideOn(afterwards(gone));
    expect(next.effect?.kind).not.toBe("submit");
    expect(next.status?.conditions?.find(({ type }) => type === "Stalled")).toMatchObject({
      status: "True",
      reason: "RestorePointMissing",
    });
  });

  test("the same once it is on record: the next one starts from there", () => {
    const complete = afterwards({ ...stopping, operation: anOperation({ state: "completed", path: "/sp" }) });
    const cluster = aCluster().process("other");
    const gone = { ...complete, cluster, ...seenLater({ incarnation: "other" }) };
    expect(decideOn(gone)).toMatchObject({
      rule: "stoppedUnseen",
      status: { trigger: { state: "canceled" } },
    });
    expect(decideOn(afterwards(gone))).toMatchObject({
      effect: { kind: "submit", request: { savepointPath: "/sp" } },
    });
  });
});

describe("what is taken for the savepoint of a stop", () => {
  const known = { mode: "savepoint", why: "Replacing", generation: 2, requestedAt: ago(SECOND) } as const;
  const stop = { ...known, operationId: operationIdOf(JOB, "stop", 1), number: 1 };
  const scene = (patch: Partial<typeof stop> & { earlierPath?: string }): Scene => ({
    job: aJob({ upgradeMode: "savepoint" })
      .trigger(
        aTrigger()
          .running()
          .with({ stop: { ...stop, ...patch } }),
      )
      .edited(changed),
    cluster: aCluster().listing(aRow("FINISHED")),
  });

  test("not the checkpoint that was followed while the job ran", () => {
    const { job, ...rest } = scene({});
    const followed = { jobId: JOB, kind: "checkpoint" as const, path: "/chk-1" };
    const before = { ...job.build().status!, restorePoint: followed };
    expect(decideOn({ ...rest, job: job.status(before), look: look({ path: "/chk-1" }) }).rule).toBe(
      "readOperation",
    );
    const lost = decideOn({ ...rest, job: job.status(before), cluster: aCluster(), look: aLook() });
    expect(lost.status?.trigger?.reason).toBe("SavepointLost");
  });

  test("not that of an earlier stop, which failed all the same", () => {
    const stops = { kind: "savepoint", stops: true, path: "/sp-1" } as const;
    expect(decideOn({ ...scene({ earlierPath: "/sp-1" }), look: look(stops) }).rule).toBe("readOperation");
    // Flink's own word for this very stop comes first; the history, which may be 3 s old, only where there is none.
    expect(decideOn({ ...scene({}), look: look(stops) }).rule).toBe("readOperation");
    const unknown = anOperation({ state: "unknown", snapshots: snapshots() });
    const endedAgo = (ms: number) => aCluster().listing({ ...aRow("FINISHED"), endTime: NOW - ms });
    const told = { ...scene({}), look: look(stops), operation: unknown };
    expect(decideOn({ ...told, cluster: endedAgo(SECOND) })).toMatchObject({
      rule: "snapshotsSettle",
      requeueAfterMs: 2_500,
    });
    expect(decideOn({ ...told, cluster: endedAgo(4 * SECOND) })).toMatchObject({
      rule: "ended",
      status: { restorePoint: { path: "/sp-1" } },
    });
    const running = { ...scene({ earlierPath: "/sp-1" }), cluster: aCluster().listing(aRow()) };
    const operation = anOperation({ state: "unknown", snapshots: snapshots(stops) });
    expect(decideOn({ ...running, operation }).rule).toBe("stopWithSavepointAgain");
  });
});
