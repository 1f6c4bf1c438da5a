import { describe, expect, test } from "vitest";
import {
  aCluster,
  aJob,
  aRow,
  aTrigger,
  connecting,
  P1,
  SECOND,
  URL_A,
  unreachable,
} from "../../../test/support/builders.ts";
import {
  anEntry,
  aRunningJob,
  aSavepoint,
  checkpoints,
  decideOnSavepoint,
  JOB_ID,
  operationId,
  readCheckpoints,
  type SavepointScene,
} from "../../../test/support/savepoint-builders.ts";

const fresh = readCheckpoints(checkpoints(anEntry(9, { isSavepoint: false }), anEntry(8)));
const stopping = {
  mode: "savepoint",
  why: "Suspending",
  generation: 1,
  requestedAt: "2026-03-01T11:59:00Z",
} as const;
const suspended = aJob({ state: "suspended" }).trigger(aTrigger().canceled().with({ reason: "Suspended" }));

describe("waits", () => {
  test.each<[string, SavepointScene, string, string | undefined]>([
    [
      "for its FlinkJob",
      { savepoint: aSavepoint(), job: undefined, cluster: undefined },
      "flinkJobNotFound",
      "FlinkJobNotFound",
    ],
    [
      "for a FlinkJob that nobody has looked at",
      { savepoint: aSavepoint(), job: aJob() },
      "waitForJob",
      "WaitingForJob",
    ],
    [
      "for a trigger that is pending",
      { savepoint: aSavepoint(), job: aJob().trigger(aTrigger().sent()) },
      "waitForJob",
      "WaitingForJob",
    ],
    [
      "for a job that is being stopped",
      { savepoint: aSavepoint(), job: aJob().trigger(aTrigger().running().with({ stop: stopping })) },
      "waitForJob",
      "WaitingForJob",
    ],
    [
      "for a finished job's next run, which the spec asks for",
      {
        savepoint: aSavepoint(),
        job: aJob()
          .trigger(aTrigger().finished())
          .edited({ args: ["2"] }),
      },
      "waitForJob",
      "WaitingForJob",
    ],
    [
      "for tasks",
      {
        savepoint: aSavepoint(),
        cluster: aCluster().listing(aRow("RUNNING", { tasks: { total: 2, running: 1, finished: 0 } })),
      },
      "waitForTasks",
      "WaitingForJob",
    ],
    [
      "for a restart of the job",
      { savepoint: aSavepoint(), cluster: aCluster().listing(aRow("RESTARTING")) },
      "waitForTasks",
      "WaitingForJob",
    ],
    [
      "for a job that is being cancelled, whose tasks still run",
      {
        savepoint: aSavepoint(),
        cluster: aCluster().listing(aRow("CANCELLING", { tasks: { total: 1, running: 1, finished: 0 } })),
      },
      "waitForTasks",
      "WaitingForJob",
    ],
    [
      "for the list to show the job",
      { savepoint: aSavepoint(), cluster: aCluster() },
      "waitForTasks",
      "WaitingForJob",
    ],
    [
      "for the JobManager",
      { savepoint: aSavepoint(), cluster: unreachable },
      "outOfSight",
      "ClusterUnreachable",
    ],
    ["for the first answer", { savepoint: aSavepoint(), cluster: connecting }, "connecting", undefined],
    [
      "after a failure",
      { savepoint: aSavepoint().failedBefore(1, 4 * SECOND), news: fresh },
      "backingOff",
      undefined,
    ],
    [
      "longer after two",
      { savepoint: aSavepoint().failedBefore(2, 9 * SECOND), news: fresh },
      "backingOff",
      undefined,
    ],
  ])("%s", (_, scene, rule, reason) => {
    const step = decideOnSavepoint(scene);
    expect(step).toMatchObject({ rule, effect: undefined });
    expect(step.status?.reason).toBe(reason);
    if (reason !== undefined) expect(step.status).toMatchObject({ state: "pending" });
  });

  test("no longer than the backoff, also when the clock was set back", () => {
    const step = decideOnSavepoint({ savepoint: aSavepoint().failedBefore(1, -600 * SECOND), news: fresh });
    expect(step).toMatchObject({ rule: "backingOff", requeueAfterMs: 5 * SECOND });
  });
});

describe("is given up, before anything was asked for", () => {
  test.each<[string, SavepointScene]>([
    ["of a job that has finished", { savepoint: aSavepoint(), job: aJob().trigger(aTrigger().finished()) }],
    ["of a job that has failed", { savepoint: aSavepoint(), job: aJob().trigger(aTrigger().failed()) }],
    ["of a job that is suspended", { savepoint: aSavepoint(), job: suspended }],
    [
      "of a FlinkJob that is being deleted",
      { savepoint: aSavepoint(), job: aJob().trigger(aTrigger().canceled()).deleted() },
    ],
    [
      "of a FlinkJob that is being deleted before it ran",
      { savepoint: aSavepoint(), job: aJob().trigger(aTrigger().sent()).deleted() },
    ],
  ])("%s", (_, scene) => {
    expect(decideOnSavepoint(scene)).toMatchObject({
      rule: "jobRests",
      effect: undefined,
      status: { state: "abandoned", reason: "JobEnded" },
    });
  });
});

describe("of a job whose tasks run", () => {
  test("also when it goes on because it could not be stopped", () => {
    const failed = { ...stopping, failedAt: "2026-03-01T11:59:30Z" };
    const job = aJob().trigger(aTrigger().running().with({ stop: failed }));
    expect(decideOnSavepoint({ savepoint: aSavepoint(), job })).toMatchObject({ rule: "readCheckpoints" });
  });

  test("the checkpoints are read first, and again when that was a while ago", () => {
    const effect = { kind: "readCheckpoints", url: URL_A, jobId: JOB_ID };
    expect(decideOnSavepoint({ savepoint: aSavepoint() })).toMatchObject({ effect, status: undefined });
    const old = readCheckpoints(checkpoints(), 2 * SECOND);
    expect(decideOnSavepoint({ savepoint: aSavepoint(), news: old })).toMatchObject({ effect });
    const other = { ...fresh, jobId: "f".repeat(32) } as typeof fresh;
    expect(decideOnSavepoint({ savepoint: aSavepoint(), news: other })).toMatchObject({ effect });
  });

  test("nothing is asked of a JobManager that does not know the job", () => {
    const news = readCheckpoints(undefined);
    expect(decideOnSavepoint({ savepoint: aSavepoint(), news })).toMatchObject({
      rule: "jobUnknown",
      effect: undefined,
      requeueAfterMs: 2 * SECOND,
    });
  });

  test("the request is recorded with all that recognises it, and then sent", () => {
    const step = decideOnSavepoint({ savepoint: aSavepoint({ directory: "s3://own/" }), news: fresh });
    expect(step).toMatchObject({
      rule: "triggerSavepoint",
      status: {
        state: "inProgress",
        jobId: JOB_ID,
        operationId: operationId(),
        number: 1,
        sentTo: { url: URL_A, incarnation: P1 },
        newestBefore: 9,
        requestedAt: "2026-03-01T12:00:00.000Z",
      },
      effect: { kind: "triggerSavepoint", jobId: JOB_ID, operationId: operationId(), directory: "s3://own/" },
    });
  });

  test("where it goes, the FlinkJob says if the FlinkSavepoint does not", () => {
    const job = aRunningJob().spec({
      savepoints: { directory: "s3://job/", formatType: "NATIVE", historyLimit: 10 },
    });
    const of = (savepoint: SavepointScene["savepoint"]) =>
      decideOnSavepoint({ savepoint, job, news: fresh }).effect;
    expect(of(aSavepoint())).toMatchObject({ directory: "s3://job/", formatType: "NATIVE" });
    const own = aSavepoint({ directory: "s3://own/", formatType: "CANONICAL" });
    expect(of(own)).toMatchObject({ directory: "s3://own/", formatType: "CANONICAL" });
  });

  test("after a failure another one is asked for, under another ID", () => {
    const { status, effect } = decideOnSavepoint({
      savepoint: aSavepoint().failedBefore(1, 5 * SECOND),
      news: fresh,
    });
    expect(status).toMatchObject({
      state: "inProgress",
      number: 2,
      operationId: operationId(2),
      failures: 1,
    });
    expect(effect).toMatchObject({ operationId: operationId(2) });
    expect(operationId(2)).not.toBe(operationId(1));
  });

  test("an adopted job, or one of a later attempt, is taken as it is named in the trigger", () => {
    const trigger = aTrigger()
      .running()
      .with({ jobId: "a".repeat(32) });
    const cluster = aCluster().listing(aRow("RUNNING", { id: "a".repeat(32) }));
    const step = decideOnSavepoint({
      savepoint: aSavepoint(),
      job: aJob().status({ observedGeneration: 1, trigger: trigger.build() }),
      cluster,
    });
    expect(step.effect).toMatchObject({ kind: "readCheckpoints", jobId: "a".repeat(32) });
  });
});
