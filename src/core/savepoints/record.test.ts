import { describe, expect, test } from "vitest";
import {
  aCluster,
  ago,
  aJob,
  aRow,
  aTrigger,
  decideOn,
  HOUR,
  MINUTE,
  SECOND,
  type TriggerBuilder,
  unreachable,
} from "../../../test/support/builders.ts";
import { JOB_ID, PATH } from "../../../test/support/savepoint-builders.ts";
import type { FlinkJobSpec } from "../../api/flinkjob.ts";
import { savepoints } from "../../api/lifecycle.ts";
import type { RestorePoint } from "../../api/status.ts";

const point: RestorePoint = { jobId: JOB_ID, kind: "savepoint", path: PATH };
const wish: Partial<FlinkJobSpec> = {
  deletionPolicy: "Savepoint",
  savepoints: savepoints.parse({ recordOnDeletion: true }),
};

/** What is made before the finalizer goes. */
function recordOf(
  spec: Partial<FlinkJobSpec>,
  restorePoint: RestorePoint | undefined,
  trigger: TriggerBuilder = aTrigger().canceled(),
) {
  const { status } = aJob(spec).trigger(trigger).build();
  const job = aJob(spec)
    .status({ ...status!, ...(restorePoint ? { restorePoint } : {}) })
    .deleted();
  const { effect } = decideOn({ job, cluster: aCluster().listing(aRow("FINISHED")) });
  expect(effect?.kind).toBe("removeFinalizer");
  return effect?.kind === "removeFinalizer" ? effect.record : undefined;
}

test("the savepoint that the job was stopped with gets a FlinkSavepoint of its own", () => {
  const record = recordOf(wish, point);
  expect(record).toMatchObject({
    metadata: { namespace: "shop", labels: { "flinkjob.dev/job": "orders" } },
    spec: { job: { name: "orders" }, alreadyExists: { path: PATH, jobId: JOB_ID }, disposeOnDelete: false },
  });
  expect(record?.metadata.name).toMatch(/^orders-[0-9a-f]{8}-final$/);
  expect(record?.metadata.ownerReferences).toBeUndefined();
});

describe("none is made", () => {
  test.each<[string, Partial<FlinkJobSpec>, RestorePoint | undefined, TriggerBuilder?]>([
    ["unless it is asked for", { deletionPolicy: "Savepoint", savepoints: savepoints.parse({}) }, point],
    ["without savepoints in the spec", { deletionPolicy: "Savepoint" }, point],
    ["where the job is only cancelled", { ...wish, deletionPolicy: "Cancel" }, point],
    ["where it goes on", { ...wish, deletionPolicy: "Orphan" }, point],
    ["where none was taken", wish, undefined],
    ["of a checkpoint, which belongs to Flink", wish, { ...point, kind: "checkpoint" }],
    ["of one that was taken while the job ran", wish, point, aTrigger().running()],
    ["of what an earlier job left", wish, { ...point, jobId: "0".repeat(32) }],
  ])("%s", (_, spec, restorePoint, trigger) => {
    expect(recordOf(spec, restorePoint, trigger)).toBeUndefined();
  });
});

test("that it must be made holds until the deletion has taken too long", () => {
  const { status } = aJob(wish).trigger(aTrigger().canceled()).build();
  const insists = (deletedAgo: number) => {
    const job = aJob(wish)
      .status({ ...status!, restorePoint: point })
      .deleted(deletedAgo);
    const { effect } = decideOn({ job, cluster: aCluster().listing(aRow("FINISHED")) });
    return effect?.kind === "removeFinalizer" && effect.insists;
  };
  expect([SECOND, 5 * MINUTE].map(insists)).toEqual([true, false]);
});

test("the savepoint of a stop is recorded although the end of the job stays out of sight", () => {
  const stop = { mode: "savepoint", why: "Deleting", generation: 1, requestedAt: ago(HOUR) } as const;
  const { status } = aJob(wish).trigger(aTrigger().running().with({ stop })).build();
  const record = (takenAt: string) => {
    const job = aJob(wish)
      .status({ ...status!, restorePoint: { ...point, takenAt } })
      .deleted(HOUR);
    const step = decideOn({ job, cluster: unreachable });
    expect(step.rule).toBe("deletionTimedOut");
    return step.effect?.kind === "removeFinalizer" && step.effect.record?.spec.alreadyExists?.path;
  };
  expect(record(ago(HOUR))).toBe(PATH);
  // Taken before the stop, which may never have come to anything.
  expect(record(ago(2 * HOUR))).toBeUndefined();
});
