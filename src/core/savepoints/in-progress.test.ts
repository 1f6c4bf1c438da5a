import { describe, expect, test } from "vitest";
import {
  aCluster,
  aJob,
  aRow,
  aTrigger,
  connecting,
  MINUTE,
  NOW,
  SECOND,
  URL_A,
  unreachable,
} from "../../../test/support/builders.ts";
import {
  anEntry,
  aSavepoint,
  checkpoints,
  decideOnSavepoint,
  JOB_ID,
  newsOf,
  operationId,
  PATH,
  readCheckpoints,
  type SavepointScene,
} from "../../../test/support/savepoint-builders.ts";

const asked = aSavepoint().asked();
const longAsked = aSavepoint().asked(1, MINUTE);
const readOperation = { kind: "readOperation", url: URL_A, jobId: JOB_ID, operationId: operationId() };
const failed = newsOf({ state: "failed", message: "disk full" });
const replaced = aJob().trigger(aTrigger({ id: "g2", generation: 2 }).running());
const begun = { status: "IN_PROGRESS", path: undefined, completedAt: undefined } as const;

describe("what became of it is asked", () => {
  test.each<[string, SavepointScene]>([
    ["by whoever comes after a crash", { savepoint: asked }],
    ["after a while", { savepoint: asked, news: newsOf({ state: "inProgress" }, SECOND) }],
    [
      "whatever is known of an earlier request",
      {
        savepoint: aSavepoint().asked(1),
        news: newsOf({ state: "completed", path: PATH }, 10, operationId(2)),
      },
    ],
    ["whatever is known of the checkpoints", { savepoint: asked, news: readCheckpoints(checkpoints()) }],
    [
      "before an answer that knew nothing is believed for long",
      {
        savepoint: asked,
        news: newsOf({ state: "unknown", checkpoints: checkpoints(anEntry(8)) }, 2 * SECOND),
      },
    ],
    ["also when the FlinkJob is gone", { savepoint: asked, job: undefined }],
    ["also when its job was replaced", { savepoint: asked, job: replaced }],
    [
      "also when the clock was set back",
      { savepoint: asked, news: newsOf({ state: "inProgress" }, -SECOND) },
    ],
  ])("%s", (_, scene) => {
    expect(decideOnSavepoint(scene)).toMatchObject({ effect: readOperation, status: undefined });
  });

  test("less and less often", () => {
    const pauses = [0, SECOND, 4 * SECOND, MINUTE].map(
      (age) =>
        decideOnSavepoint({ savepoint: aSavepoint().asked(1, age), news: newsOf({ state: "requested" }) })
          .requeueAfterMs,
    );
    expect(pauses).toEqual([200, 250, 1_000, 5_000]);
  });

  test("and nothing is written while it goes on", () => {
    const step = decideOnSavepoint({ savepoint: asked, news: newsOf({ state: "inProgress" }) });
    expect(step).toMatchObject({
      rule: "savepointUnderWay",
      status: undefined,
      effect: undefined,
      events: [],
    });
  });

  test("not while the JobManager does not answer", () => {
    expect(decideOnSavepoint({ savepoint: asked, cluster: unreachable })).toMatchObject({
      effect: undefined,
      status: { state: "inProgress", reason: "ClusterUnreachable", operationId: operationId() },
    });
    expect(decideOnSavepoint({ savepoint: asked, cluster: connecting })).toMatchObject({
      rule: "connecting",
      effect: undefined,
    });
  });

  test("not for ever of a cluster that is gone with the FlinkJob", () => {
    expect(decideOnSavepoint({ savepoint: asked, job: undefined, cluster: unreachable })).toMatchObject({
      status: { state: "abandoned", reason: "JobEnded" },
    });
  });
});

test("complete: its path is on record, and told", () => {
  const step = decideOnSavepoint({
    savepoint: asked,
    news: newsOf({ state: "completed", path: PATH }, MINUTE),
  });
  expect(step.status).toMatchObject({
    state: "completed",
    reason: "SavepointCompleted",
    path: PATH,
    takenAt: asked.build().status?.requestedAt,
    completedAt: "2026-03-01T12:00:00.000Z",
  });
  expect(step.events).toMatchObject([{ type: "Normal", reason: "SavepointCompleted" }]);
});

test("complete, although its job was replaced meanwhile", () => {
  const news = newsOf({ state: "completed", path: PATH });
  expect(decideOnSavepoint({ savepoint: asked, job: replaced, news }).status).toMatchObject({
    state: "completed",
    path: PATH,
  });
});

describe("failed", () => {
  test("it is tried again, and why is told", () => {
    const step = decideOnSavepoint({ savepoint: asked, news: failed });
    expect(step).toMatchObject({
      rule: "savepointFailed",
      effect: undefined,
      status: {
        state: "pending",
        reason: "SavepointFailed",
        message: "The savepoint failed: disk full",
        failures: 1,
      },
      events: [{ type: "Warning", reason: "SavepointFailed" }],
    });
  });

  test("each failure is told", () => {
    const again = aSavepoint().asked(2, SECOND, { reason: "TakingSavepoint", failures: 1 });
    const news = newsOf({ state: "failed", message: "disk full" }, 10, operationId(2));
    expect(decideOnSavepoint({ savepoint: again, news })).toMatchObject({
      status: { failures: 2 },
      events: [{ type: "Warning" }],
    });
  });

  test("more often than backoffLimit: it is given up", () => {
    const limits = [0, 1].map(
      (backoffLimit) =>
        decideOnSavepoint({ savepoint: aSavepoint({ backoffLimit }).asked(), news: failed }).status?.state,
    );
    expect(limits).toEqual(["failed", "pending"]);
  });

  test("for want of a directory: trying again would not help", () => {
    const news = newsOf({ state: "failed", message: "no directory", hopeless: true });
    expect(decideOnSavepoint({ savepoint: asked, news }).status).toMatchObject({
      state: "failed",
      reason: "NoSavepointDirectory",
    });
  });

  test.each<[string, Partial<SavepointScene>]>([
    ["the FlinkJob is gone", { job: undefined }],
    ["its job was replaced", { job: replaced }],
    ["its job finished", { job: aJob().trigger(aTrigger().finished()) }],
    [
      "its job was cancelled, which the FlinkJob does not know yet",
      { cluster: aCluster().listing(aRow("CANCELED")) },
    ],
  ])("because %s: that is no failure of the savepoint", (_, scene) => {
    expect(decideOnSavepoint({ savepoint: asked, news: failed, ...scene })).toMatchObject({
      status: { state: "abandoned", reason: "JobEnded" },
      events: [{ type: "Warning", reason: "JobEnded" }],
    });
  });
});

describe("forgotten by Flink", () => {
  const forgotten = (...history: Parameters<typeof checkpoints>) =>
    newsOf({ state: "unknown", checkpoints: checkpoints(...history) });
  const again = { kind: "triggerSavepoint", url: URL_A, jobId: JOB_ID, operationId: operationId() };

  test("a savepoint that is younger than the request is it", () => {
    const step = decideOnSavepoint({ savepoint: longAsked, news: forgotten(anEntry(8), anEntry(7)) });
    expect(step).toMatchObject({
      rule: "savepointFound",
      effect: undefined,
      status: {
        state: "completed",
        path: anEntry(8).path,
        takenAt: new Date(anEntry(8).triggeredAt).toISOString(),
      },
    });
  });

  test.each<[string, Parameters<typeof checkpoints>]>([
    ["the history is empty", []],
    ["it has checkpoints only", [anEntry(9, { isSavepoint: false })]],
    ["it has an older savepoint", [anEntry(7)]],
    [
      "it has a savepoint that failed",
      [anEntry(8, { status: "FAILED", path: undefined, completedAt: undefined })],
    ],
    ["it has one whose files are deleted", [anEntry(8, { discarded: true })]],
  ])("the same is asked for again where %s", (_, history) => {
    const step = decideOnSavepoint({ savepoint: longAsked, news: forgotten(...history) });
    expect(step).toMatchObject({
      rule: "triggerAgain",
      status: { state: "inProgress", number: 1, requestedAt: new Date(NOW).toISOString() },
      effect: again,
    });
  });

  test("not before the history must show what came of the request: what Flink tells of it is up to 3 s old", () => {
    const justAsked = aSavepoint().asked(1, SECOND);
    const step = decideOnSavepoint({ savepoint: justAsked, news: forgotten() });
    expect(step).toMatchObject({ rule: "historySettles", effect: undefined, status: undefined });
    expect(step.requeueAfterMs).toBe(2_500);
    // Read when it could not have shown it.
    const read = newsOf({ state: "unknown", checkpoints: checkpoints() }, 1_000);
    const savepoint = aSavepoint().asked(1, 4 * SECOND);
    expect(decideOnSavepoint({ savepoint, news: read })).toMatchObject({
      rule: "historySettles",
      requeueAfterMs: 500,
    });
    // A clock that was set back.
    const later = aSavepoint().asked(1, -MINUTE);
    expect(decideOnSavepoint({ savepoint: later, news: forgotten() }).rule).toBe("triggerAgain");
  });

  test("what another FlinkSavepoint names is not it", () => {
    const otherPaths = [anEntry(8).path ?? ""];
    const latest = { id: 8, path: otherPaths[0] ?? "", triggeredAt: 0, completedAt: 0, isSavepoint: true };
    const history = { ...checkpoints(anEntry(8)), newestSavepoint: latest };
    const news = newsOf({ state: "unknown", checkpoints: history });
    expect(decideOnSavepoint({ savepoint: longAsked, news, otherPaths })).toMatchObject({
      rule: "triggerAgain",
    });
  });

  test("one that is being taken is awaited", () => {
    expect(decideOnSavepoint({ savepoint: longAsked, news: forgotten(anEntry(8, begun)) })).toMatchObject({
      rule: "savepointUnderWay",
      effect: undefined,
    });
  });

  test.each<[string, SavepointScene]>([
    [
      "not all tasks run",
      { savepoint: longAsked, cluster: aCluster().listing(aRow("RESTARTING")), news: forgotten() },
    ],
    ["the job is not listed", { savepoint: longAsked, cluster: aCluster(), news: forgotten() }],
    [
      "the JobManager does not know the job yet",
      { savepoint: longAsked, news: newsOf({ state: "unknown", checkpoints: undefined }) },
    ],
  ])("nothing is asked for while %s: Flink would refuse, and the ID be used up", (_, scene) => {
    expect(decideOnSavepoint(scene)).toMatchObject({
      effect: undefined,
      status: { state: "inProgress", reason: "WaitingForJob", operationId: operationId() },
    });
  });

  test.each<[string, Partial<SavepointScene>]>([
    ["the FlinkJob is gone", { job: undefined }],
    ["its job was replaced", { job: replaced }],
    [
      "its job was lost",
      {
        job: aJob().trigger(aTrigger().failed("JobLost")),
        cluster: aCluster(),
        news: newsOf({ state: "unknown", checkpoints: undefined }),
      },
    ],
    [
      "the FlinkSavepoint is being deleted",
      { savepoint: aSavepoint().disposable().asked(1, MINUTE).deleted() },
    ],
  ])("and nothing more when %s", (_, scene) => {
    const step = decideOnSavepoint({ savepoint: longAsked, news: forgotten(), ...scene });
    expect(step).toMatchObject({ effect: undefined, status: { state: "abandoned", reason: "JobEnded" } });
  });
});
