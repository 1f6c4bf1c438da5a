import { describe, expect, test } from "vitest";
import {
  aCluster,
  ago,
  aJob,
  aLook,
  aRow,
  aTrigger,
  decideOn,
  MINUTE,
  NOW,
  SECOND,
  snapshots,
} from "../../../test/support/builders.ts";
import { afterwards, edited, JOB, look, runs } from "../../../test/support/stopping-scene.ts";
import type { FlinkJobSpec } from "../../api/flinkjob.ts";

describe("upgradeMode: last-state", () => {
  const scene = (patch: Partial<FlinkJobSpec> = {}) => ({
    job: edited({ upgradeMode: "last-state", ...patch }),
    cluster: runs,
  });

  test("what it keeps is on record before it is cancelled", () => {
    expect(decideOn({ ...scene(), look: look({ path: "/chk-7" }) })).toMatchObject({
      rule: "cancelStopped",
      effect: { kind: "cancelJob", jobId: JOB },
      status: {
        restorePoint: { jobId: JOB, kind: "checkpoint", path: "/chk-7" },
        trigger: { stop: { mode: "last-state" } },
      },
    });
  });

  test.each([
    ["checkpoints that go with the job", {}, { retained: { onCancel: false, onFailure: true } }],
    ["checkpoints without an address", {}, { newest: undefined }],
    [
      "a checkpoint that is too old",
      { maxCheckpointAge: "1m" },
      { newest: { kind: "checkpoint", path: "/c", takenAt: NOW - 2 * MINUTE } },
    ],
  ] as const)("%s: a savepoint instead, and the reason is told", (_, spec, left) => {
    const seen = aLook({ found: true, snapshots: { ...snapshots(), ...left } });
    const step = decideOn({ ...scene(spec), look: seen });
    expect(step).toMatchObject({ effect: { kind: "stopWithSavepoint" } });
    expect(step.events).toContainEqual(expect.objectContaining({ reason: "SavepointInstead" }));
  });

  test("young enough, it serves", () => {
    const newest = { kind: "checkpoint", path: "/c", takenAt: NOW - 50 * SECOND } as const;
    const seen = aLook({ found: true, snapshots: { ...snapshots(), newest } });
    expect(decideOn({ ...scene({ maxCheckpointAge: "1m" }), look: seen }).rule).toBe("cancelStopped");
  });

  test("a checkpoint that was complete just before the end replaces the one on record", () => {
    const cancelling = afterwards({ ...scene(), look: look({ path: "/chk-7" }) });
    const cluster = aCluster().listing({ ...aRow("CANCELED"), endTime: NOW - SECOND });
    // Flink's own list is up to 3 s old.
    expect(decideOn({ ...cancelling, cluster, look: undefined })).toMatchObject({ rule: "snapshotsSettle" });
    const now = NOW + 3 * SECOND;
    const seen = { ...look({ path: "/chk-8" }), at: now, endedAt: now };
    expect(decideOn({ ...cancelling, cluster, now, look: undefined }).effect?.kind).toBe("lookUp");
    const over = { ...cancelling, cluster, now, look: seen };
    expect(decideOn(over).status).toMatchObject({
      restorePoint: { path: "/chk-8" },
      trigger: { state: "canceled" },
    });
    expect(decideOn(afterwards(over))).toMatchObject({
      effect: { kind: "submit", request: { savepointPath: "/chk-8" } },
    });
  });
});

test("stateless: cancelled, and nothing of it is carried on", () => {
  const scene = { job: edited({ savepointPath: "/first" }), cluster: runs };
  const over = afterwards(afterwards(scene), { cluster: aCluster().listing(aRow("CANCELED")) });
  expect(decideOn(afterwards(over))).toMatchObject({ effect: { request: { savepointPath: "/first" } } });
});

test("another savepointPath in the spec is a wish: the next run starts there, whatever the old job left", () => {
  const job = aJob({ upgradeMode: "savepoint" })
    .trigger(aTrigger().canceled())
    .edited({ savepointPath: "/mine" });
  const status = {
    ...job.build().status!,
    restorePoint: { jobId: JOB, kind: "savepoint" as const, path: "/sp" },
  };
  expect(decideOn({ job: job.status(status) })).toMatchObject({
    effect: { request: { savepointPath: "/mine" } },
  });
});

test("listed, and gone when it was looked for: the next list says how", () => {
  const scene = { job: edited({ upgradeMode: "savepoint" }), cluster: runs, look: aLook() };
  expect(decideOn(scene)).toMatchObject({ rule: "listedSoon", effect: undefined });
});

test("another spec begins anew where the last one was given up", () => {
  const stop = {
    mode: "savepoint",
    why: "Replacing",
    generation: 2,
    requestedAt: ago(MINUTE),
    number: 5,
  } as const;
  const given = aTrigger()
    .running()
    .with({ reason: "SavepointFailed", stop: { ...stop, failures: 5, failedAt: ago(SECOND) } });
  const job = edited({ upgradeMode: "savepoint" }, given);
  expect(decideOn({ job, cluster: runs, look: look() })).toMatchObject({ rule: "stopGivenUp" });
  const step = decideOn({ job: job.edited({ entryClass: "shop.Three" }), cluster: runs, look: look() });
  expect(step).toMatchObject({
    effect: { kind: "stopWithSavepoint" },
    status: { trigger: { stop: { number: 6 } } },
  });
});
