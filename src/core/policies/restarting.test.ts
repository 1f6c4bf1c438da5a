import { describe, expect, test } from "vitest";
import {
  aCluster,
  aJob,
  aLook,
  aRow,
  aTrigger,
  decideOn,
  HOUR,
  MINUTE,
  P2,
  SECOND,
  snapshots,
  type TriggerBuilder,
  UID,
} from "../../../test/support/builders.ts";
import { jobIdOf } from "../identity.ts";

const onFailure = { restartPolicy: "OnFailure" as const };
const restorePoint = { jobId: aRow().id, kind: "checkpoint" as const, path: "/chk-3" };
const ranFor = (ms: number, trigger: TriggerBuilder) =>
  trigger.with({ acceptedAt: new Date(Date.parse(trigger.build().finishedAt!) - ms).toISOString() });

describe("restartPolicy: OnFailure", () => {
  test("Never is the default: a failed job stays failed", () => {
    expect(decideOn({ job: aJob().trigger(aTrigger().failed()) })).toMatchObject({
      rule: "over",
      effect: undefined,
    });
  });

  test("a new attempt after a wait that doubles", () => {
    const failed = (ago: number, restarts?: number) =>
      decideOn({ job: aJob(onFailure).trigger(aTrigger().failed("JobFailed", ago).with({ restarts })) });
    expect(failed(4 * SECOND)).toMatchObject({ rule: "restartBackingOff", requeueAfterMs: 6 * SECOND });
    expect(failed(4 * SECOND, 2)).toMatchObject({ rule: "restartBackingOff", requeueAfterMs: 36 * SECOND });
    expect(failed(11 * SECOND)).toMatchObject({
      rule: "restart",
      status: { trigger: { id: "g1", attempt: 2, restarts: 1 }, history: [{ attempt: 1, state: "failed" }] },
      effect: { kind: "submit", jobId: jobIdOf(UID, "g1", 2) },
      events: [{ reason: "Restarting" }],
    });
  });

  test("while it waits nothing is Stalled", () => {
    const job = aJob(onFailure).trigger(aTrigger().running());
    const look = aLook({ found: true, failure: { reason: "JobFailed", message: "no" } });
    const step = decideOn({ job, cluster: aCluster().listing(aRow("FAILED")), look });
    const is = Object.fromEntries(step.status!.conditions!.map(({ type, status }) => [type, status]));
    expect(is).toMatchObject({ Ready: "False", Reconciling: "True", Stalled: "False" });
  });

  test.each([
    ["so often and no more", { restarts: 5 }, 5 * MINUTE, undefined],
    ["one that ran well starts the count anew", { restarts: 5 }, HOUR, 1],
  ])("%s", (_, patch, ran, restarts) => {
    const trigger = ranFor(
      ran,
      aTrigger()
        .failed("JobFailed", 20 * MINUTE)
        .with(patch),
    );
    const step = decideOn({ job: aJob(onFailure).trigger(trigger) });
    expect(step.status?.trigger?.restarts).toBe(restarts);
    expect(step.effect?.kind).toBe(restarts === undefined ? undefined : "submit");
  });

  test.each([
    ["SavepointNotFound", true],
    ["JobFailed", true],
    ["EntryClassNotFound", false],
    ["MainFailed", false],
    ["OutcomeLost", false],
  ] as const)("%s: again? %s", (reason, again) => {
    const step = decideOn({ job: aJob(onFailure).trigger(aTrigger().failed(reason)) });
    expect(step.effect?.kind === "submit").toBe(again);
  });

  test("from what it left, where the next one starts from state at all", () => {
    const job = aJob({ ...onFailure, upgradeMode: "last-state" }).trigger(aTrigger().failed());
    const status = { ...job.build().status!, restorePoint };
    expect(decideOn({ job: job.status(status) })).toMatchObject({
      effect: { request: { savepointPath: "/chk-3" } },
    });
    const stateless = aJob(onFailure).trigger(aTrigger().failed());
    const step = decideOn({ job: stateless.status({ ...stateless.build().status!, restorePoint }) });
    expect(step.effect).not.toHaveProperty("request.savepointPath");
  });

  test("left state that nobody can find: nothing starts without it", () => {
    const job = aJob({ ...onFailure, upgradeMode: "last-state" }).trigger(aTrigger().failed());
    const step = decideOn({ job });
    expect(step.effect).toBeUndefined();
    const stalled = step.status?.conditions?.find(({ type }) => type === "Stalled");
    expect(stalled).toMatchObject({ status: "True", reason: "RestorePointMissing" });
  });

  test("failed before it had left anything: it starts where it had started", () => {
    const trigger = aTrigger().failed().with({ savepointPath: "/sp" });
    const job = aJob({ ...onFailure, upgradeMode: "savepoint" }).trigger(trigger);
    const none = { jobId: aRow().id, kind: "none" as const };
    const step = decideOn({ job: job.status({ ...job.build().status!, restorePoint: none }) });
    expect(step).toMatchObject({ effect: { request: { savepointPath: "/sp" } } });
  });
});

describe("a job that was lost with its JobManager", () => {
  const spec = { lostPolicy: "Resubmit" as const, upgradeMode: "last-state" as const };
  const running = aTrigger().running().with({ protection: "JobManagerLifetime" });

  test("while it runs its newest checkpoint is followed", () => {
    const cluster = aCluster("JobManagerLifetime").listing(aRow());
    const job = aJob(spec).trigger(running);
    expect(decideOn({ job, cluster })).toMatchObject({ effect: { kind: "readSnapshots", jobId: aRow().id } });
    const seen = { jobId: aRow().id, at: Date.now(), snapshots: snapshots({ path: "/chk-9" }) };
    const step = decideOn({
      job,
      cluster,
      snapshots: { ...seen, at: Date.parse("2026-03-01T11:59:59.000Z") },
    });
    expect(step).toMatchObject({
      effect: undefined,
      requeueAfterMs: 9 * SECOND,
      status: { restorePoint: { path: "/chk-9" } },
    });
  });

  test("it starts again from the newest that was known", () => {
    const cluster = aCluster("JobManagerLifetime").process(P2);
    const seen = { jobId: aRow().id, at: 0, snapshots: snapshots({ path: "/chk-9" }) };
    const scene = {
      job: aJob(spec).trigger(running),
      cluster,
      look: aLook({ incarnation: P2 }),
      snapshots: seen,
    };
    const lost = decideOn(scene);
    expect(lost.status).toMatchObject({ trigger: { reason: "JobLost" }, restorePoint: { path: "/chk-9" } });
    const next = decideOn({ ...scene, job: scene.job.status(lost.status!), look: undefined });
    expect(next).toMatchObject({ rule: "resubmit", effect: { request: { savepointPath: "/chk-9" } } });
  });

  test("stateless jobs cost no request", () => {
    const cluster = aCluster("JobManagerLifetime").listing(aRow());
    const job = aJob({ lostPolicy: "Resubmit" }).trigger(running);
    expect(decideOn({ job, cluster })).toMatchObject({ rule: "tasksRun", effect: undefined });
  });
});
