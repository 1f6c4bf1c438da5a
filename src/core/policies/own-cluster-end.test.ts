import { describe, expect, test } from "vitest";
import {
  aLook,
  aRow,
  decideOn,
  HOUR,
  MINUTE,
  NOW,
  type Scene,
  SECOND,
  type TriggerBuilder,
} from "../../../test/support/builders.ts";
import {
  made,
  ownCluster,
  ownJob,
  ownName,
  ownSpec,
  ownTrigger,
  ownUnreachable,
} from "../../../test/support/per-job-builders.ts";
import type { FlinkJobSpec } from "../../api/flinkjob.ts";
import type { JobResult } from "../../api/status.ts";

const there = { clusters: [made("application", { wasReached: true, reason: "Reachable" })] };
const going = { clusters: [made("application", { isDeleting: true, message: "2 pods are still there." })] };
const gone = { clusters: [] };
const released = new Date(NOW).toISOString();
const read: JobResult = { runTime: "1s", accumulators: {} };

function ended(trigger: TriggerBuilder, spec: Partial<FlinkJobSpec> = {}, result = read) {
  const job = ownJob("application", spec).trigger(trigger);
  return job.status({ ...job.build().status!, result });
}

describe("a job that has ended", () => {
  test("keeps its cluster until what it left is on record", () => {
    const job = ended(ownTrigger().finished(SECOND), {}, { runTime: "1s" });
    const unread = decideOn({ job, cluster: ownCluster().listing(aRow("FINISHED")), perJob: there });
    expect(unread).toMatchObject({ rule: "readResult", effect: { kind: "lookUp" } });
    const look = aLook({ found: true, result: { accumulators: { elements: "7" } } });
    const step = decideOn({ job, cluster: ownCluster().listing(aRow("FINISHED")), perJob: there, look });
    expect(step).toMatchObject({
      status: { result: { accumulators: { elements: "7" } } },
      effect: undefined,
    });
  });

  test("has no result where somebody took its cluster away before that was read", () => {
    const job = ended(ownTrigger().finished(SECOND), {}, { runTime: "1s" });
    expect(decideOn({ job, cluster: ownUnreachable, perJob: there }).rule).toBe("resultOutOfSight");
    expect(decideOn({ job, cluster: ownUnreachable, perJob: gone }).effect?.kind).toBe("lookForCluster");
    const absent = { clusters: [], absent: { name: ownName(), at: NOW } };
    expect(decideOn({ job, cluster: ownUnreachable, perJob: absent }).status?.result?.accumulators).toEqual(
      {},
    );
  });

  test("is read in a cluster that somebody deletes, which is let go then, whatever keepClusterFor says", () => {
    const perJob = { ...ownSpec().cluster.perJob!, keepClusterFor: "10m" };
    const spec = { cluster: { perJob } };
    const unread = ended(ownTrigger().finished(SECOND), spec, { runTime: "1s" });
    const cluster = ownCluster().listing(aRow("FINISHED"));
    expect(decideOn({ job: unread, cluster, perJob: going }).rule).toBe("readResult");
    const done = ended(ownTrigger().finished(SECOND), spec);
    expect(decideOn({ job: done, cluster, perJob: going })).toMatchObject({
      rule: "releaseCluster",
      status: { trigger: { cluster: { releasedAt: released } } },
      effect: undefined,
    });
    // Its JobManager is gone, and will not be back.
    expect(
      decideOn({ job: unread, cluster: ownUnreachable, perJob: going }).status?.result?.accumulators,
    ).toEqual({});
  });

  test.each([
    ["finished", ended(ownTrigger().finished())],
    ["failed", ended(ownTrigger().failed())],
    ["was cancelled", ended(ownTrigger().canceled())],
  ])("and %s lets its cluster go: first on record, then deleted, once", (_, job) => {
    const step = decideOn({ job, cluster: ownCluster(), perJob: there });
    expect(step).toMatchObject({
      rule: "releaseCluster",
      status: { trigger: { cluster: { releasedAt: released } } },
      effect: { kind: "deleteCluster", name: ownName(), uid: "c-1" },
    });
    const after = job.status(step.status!);
    for (const perJob of [going, gone])
      expect(decideOn({ job: after, cluster: ownUnreachable, perJob })).toMatchObject({
        rule: "over",
        status: undefined,
      });
    // The delete was lost.
    expect(decideOn({ job: after, cluster: ownCluster(), perJob: there }).effect?.kind).toBe("deleteCluster");
  });

  test("keeps it for keepClusterFor, but not from a successor", () => {
    const perJob = { ...ownSpec().cluster.perJob!, keepClusterFor: "10m" };
    const spec = { cluster: { perJob } };
    const keeps = (endedAgo: number, more: Partial<FlinkJobSpec> = {}): Scene => ({
      job: ended(ownTrigger().failed("JobFailed", endedAgo), { ...spec, ...more }),
      cluster: ownCluster(),
      perJob: there,
    });
    expect(decideOn(keeps(9 * MINUTE))).toMatchObject({ effect: undefined, requeueAfterMs: MINUTE });
    expect(decideOn(keeps(9 * MINUTE, { ttlSecondsAfterFinished: 570 })).requeueAfterMs).toBe(30 * SECOND);
    expect(decideOn(keeps(11 * MINUTE)).rule).toBe("releaseCluster");
    const backoff = { restartPolicy: "OnFailure", restart: { limit: 5, backoff: "5m" } } as const;
    expect(decideOn(keeps(MINUTE, backoff)).rule).toBe("releaseCluster");
  });

  test("does not say that keepClusterFor asks for a new run", () => {
    const perJob = { ...ownSpec().cluster.perJob!, keepClusterFor: "10m" };
    const job = ended(ownTrigger().finished()).edited({ cluster: { perJob } });
    expect(decideOn({ job, cluster: ownUnreachable, perJob: gone }).rule).toBe("over");
  });

  test("has none left from another attempt", () => {
    const other = made("session", { name: "orders-0000000000", uid: "c-9", jobId: "9".repeat(32) });
    const perJob = { clusters: [other] };
    expect(decideOn({ job: ended(ownTrigger().finished()), cluster: ownUnreachable, perJob })).toMatchObject({
      status: undefined,
      effect: { kind: "deleteCluster", name: other.name, uid: "c-9" },
    });
  });
});

describe("a FlinkJob that is deleted", () => {
  const deleted = (trigger: TriggerBuilder, spec: Partial<FlinkJobSpec> = {}, deletedAgo = SECOND) =>
    ownJob("application", spec).trigger(trigger).deleted(deletedAgo);
  const alive = ownCluster().listing(aRow());

  test("cancels its job first", () => {
    expect(decideOn({ job: deleted(ownTrigger().running()), cluster: alive, perJob: there })).toMatchObject({
      rule: "cancelDeleted",
      effect: { kind: "cancelJob" },
    });
  });

  test.each<[string, Scene]>([
    [
      "its job has ended",
      { job: deleted(ownTrigger().running()), cluster: ownCluster().listing(aRow("CANCELED")) },
    ],
    ["its job was never listed", { job: deleted(ownTrigger()), cluster: ownUnreachable }],
    ["its trigger was over", { job: deleted(ownTrigger().finished()), cluster: ownUnreachable }],
    [
      "its job cannot be seen to end in time",
      { job: deleted(ownTrigger().running(), {}, 6 * MINUTE), cluster: ownUnreachable },
    ],
  ])("takes its cluster away when %s, and waits until it is gone", (_, scene) => {
    const step = decideOn({ ...scene, perJob: there });
    expect(step).toMatchObject({
      rule: "releaseDeleted",
      status: { state: "Deleting", trigger: { cluster: { releasedAt: released } } },
      effect: { kind: "deleteCluster", name: ownName() },
    });
    const job = scene.job.status(step.status!);
    const waits = decideOn({ job, cluster: ownUnreachable, perJob: going });
    expect(waits).toMatchObject({ rule: "releaseDeleted", effect: undefined });
    expect(waits.status?.trigger?.message).toContain("2 pods are still there.");
    expect(decideOn({ job, cluster: ownUnreachable, perJob: gone }).effect?.kind).toBe("removeFinalizer");
  });

  test("is let go when its cluster does not go, and says so", () => {
    const trigger = ownTrigger("application", { cluster: { releasedAt: released } }).running();
    const job = deleted(trigger, {}, 11 * MINUTE);
    expect(decideOn({ job, cluster: ownUnreachable, perJob: going })).toMatchObject({
      rule: "deletionTimedOut",
      effect: { kind: "removeFinalizer" },
      events: [{ reason: "DeletionTimedOut", message: expect.stringContaining(ownName()) }],
    });
  });

  test("waits for nothing that was never made", () => {
    const job = deleted(ownTrigger("application", { seen: false }));
    expect(decideOn({ job, cluster: ownUnreachable, perJob: gone }).effect?.kind).toBe("removeFinalizer");
  });

  test("Orphan: what lives stays, and is named; what has ended goes", () => {
    const orphan = { deletionPolicy: "Orphan" } as const;
    expect(
      decideOn({ job: deleted(ownTrigger().running(), orphan), cluster: alive, perJob: there }),
    ).toMatchObject({
      effect: { kind: "removeFinalizer" },
      events: [{ reason: "Deleting", message: expect.stringContaining(ownName()) }],
    });
    const over = deleted(ownTrigger().finished(HOUR), orphan);
    expect(decideOn({ job: over, cluster: ownUnreachable, perJob: there }).effect?.kind).toBe(
      "deleteCluster",
    );
  });
});

test("after a lost status no cluster is made while one goes whose job no record knows", () => {
  const job = ownJob("application", { args: ["new"] }).meta({ generation: 2 });
  const step = decideOn({ job, cluster: ownUnreachable, perJob: going });
  expect(step).toMatchObject({
    rule: "unknownClusterGoes",
    effect: undefined,
    status: { trigger: { id: "g2", state: "pending", reason: "Replacing", sends: 0 } },
  });
  const later = job.status(step.status!);
  expect(decideOn({ job: later, cluster: ownUnreachable, perJob: going }).effect).toBeUndefined();
  expect(decideOn({ job: later, cluster: ownUnreachable, perJob: gone }).rule).toBe("makeCluster");
});
