import { describe, expect, test } from "vitest";
import { ago, aJob, aTrigger, HOUR, MINUTE, NOW, SECOND, UID } from "../../../test/support/builders.ts";
import { aSavepoint, type SavepointBuilder } from "../../../test/support/savepoint-builders.ts";
import { savepoints as lifecycle } from "../../api/lifecycle.ts";
import type { FlinkSavepoint } from "../../api/objects.ts";
import { decideSchedule } from "./schedule.ts";

/** "orders", accepted so long ago, with a savepoint every 10 minutes. */
const orders = (acceptedAgo = 25 * MINUTE, savepoints: Parameters<typeof lifecycle.parse>[0] = {}) =>
  aJob({
    savepoints: lifecycle.parse({ interval: "10m", historyLimit: 2, ...(savepoints as object) }),
  }).trigger(aTrigger().running(acceptedAgo));
/** Made so long ago. */
const made = (madeAgo: number, savepoint: SavepointBuilder = aSavepoint().periodic()) => {
  const name = `orders-${NOW - madeAgo}`;
  return savepoint.meta({ name, uid: name, creationTimestamp: ago(madeAgo) });
};
const complete = (madeAgo: number) => made(madeAgo, aSavepoint().periodic().completed(`s3://b/${madeAgo}`));
const decide = (job: ReturnType<typeof orders>, ...savepoints: SavepointBuilder[]) =>
  decideSchedule(
    job.build(),
    savepoints.map((one) => one.build()),
    NOW,
  );
const started = NOW - 25 * MINUTE;
/** The slot began 20 minutes after the job was accepted. */
const slot = new Date(started + 20 * MINUTE).toISOString().replace(/\D/g, "").slice(0, 14);

describe("a savepoint is due", () => {
  test("also of a job that runs with fewer tasks than are asked for", () => {
    const { trigger } = orders().build().status!;
    const fewer = orders().status({
      observedGeneration: 1,
      trigger: { ...trigger!, reason: "Rescaling" },
    });
    expect(decide(fewer).rule).toBe("create");
  });

  test("when an interval has passed since the job was accepted: an object of the FlinkJob's, whose files go with it", () => {
    const { rule, create, requeueAfterMs } = decide(orders());
    expect(rule).toBe("create");
    expect(create).toEqual<FlinkSavepoint>({
      apiVersion: "flinkjob.dev/v1alpha1",
      kind: "FlinkSavepoint",
      metadata: {
        name: expect.stringMatching(new RegExp(`^orders-[0-9a-f]{8}-${slot}$`)) as unknown as string,
        namespace: "shop",
        labels: { "flinkjob.dev/job": "orders" },
        ownerReferences: [
          {
            apiVersion: "flinkjob.dev/v1alpha1",
            kind: "FlinkJob",
            name: "orders",
            uid: UID,
            controller: true,
          },
        ],
      },
      spec: { job: { name: "orders" }, disposeOnDelete: true, backoffLimit: 2 },
    });
    expect(requeueAfterMs).toBe(5 * MINUTE);
  });

  test("once: whoever decides within the slot makes the same object", () => {
    const names = [0, 1, 299].map(
      (later) => decideSchedule(orders().build(), [], NOW + later * SECOND).create?.metadata.name,
    );
    expect(new Set(names).size).toBe(1);
    const next = decideSchedule(orders().build(), [], NOW + 300 * SECOND).create?.metadata.name;
    expect(next).not.toBe(names[0]);
    const name = names[0] ?? "";
    expect(decide(orders(), aSavepoint().periodic().completed().meta({ name }))).toMatchObject({
      rule: "taken",
      requeueAfterMs: 5 * MINUTE,
    });
  });

  test("not made up for, where slots went by", () => {
    expect(decide(orders(25 * MINUTE), complete(24 * MINUTE)).create?.metadata.name).toContain(slot);
  });

  test("of another attempt under another name", () => {
    const of = (attempt: number) =>
      decide(
        aJob({ savepoints: lifecycle.parse({ interval: "10m" }) }).trigger(
          aTrigger({ attempt }).running(25 * MINUTE),
        ),
      ).create?.metadata.name;
    expect(of(1)).not.toBe(of(2));
  });
});

describe("nothing is made", () => {
  const stop = { mode: "savepoint", why: "Replacing", generation: 1, requestedAt: ago(SECOND) } as const;
  test.each<[string, ReturnType<typeof orders>, SavepointBuilder[], string]>([
    ["without an interval", orders(25 * MINUTE, { interval: undefined }), [], "noInterval"],
    ["before the first interval has passed", orders(9 * MINUTE), [], "notYet"],
    ["while one is under way", orders(), [made(11 * MINUTE, aSavepoint().periodic().asked())], "underWay"],
    ["while one waits", orders(), [made(11 * MINUTE)], "underWay"],
    [
      "while not all tasks run",
      aJob({ savepoints: lifecycle.parse({ interval: "10m" }) }).trigger(
        aTrigger().running(HOUR).with({ reason: "WaitingForTasks" }),
      ),
      [],
      "waitForTasks",
    ],
    [
      "of a job that has ended",
      aJob({ savepoints: lifecycle.parse({ interval: "10m" }) }).trigger(aTrigger().finished()),
      [],
      "waitForTasks",
    ],
    [
      "of a job that is being stopped",
      aJob({ savepoints: lifecycle.parse({ interval: "10m" }) }).trigger(
        aTrigger().running(HOUR).with({ stop }),
      ),
      [],
      "waitForTasks",
    ],
    [
      "for a FlinkJob without status",
      aJob({ savepoints: lifecycle.parse({ interval: "10m" }) }),
      [],
      "waitForTasks",
    ],
    [
      "for a FlinkJob that is being deleted",
      orders().deleted(),
      [complete(HOUR), complete(2 * HOUR), complete(3 * HOUR)],
      "deleted",
    ],
  ])("%s", (_, job, savepoints, rule) => {
    expect(decide(job, ...savepoints)).toMatchObject({ rule });
    expect(decide(job, ...savepoints).create).toBeUndefined();
    expect(decide(job, ...savepoints).remove).toBeUndefined();
  });

  test("what people take by hand holds nothing up", () => {
    expect(decide(orders(), made(MINUTE, aSavepoint().asked()))).toMatchObject({ rule: "create" });
  });

  test("one that is going holds nothing up", () => {
    expect(decide(orders(), made(MINUTE).deleted())).toMatchObject({ rule: "create" });
  });

  test("it looks again within the hour, however long the interval is", () => {
    expect(decide(orders(MINUTE, { interval: "30d" }))).toMatchObject({
      rule: "notYet",
      requeueAfterMs: HOUR,
    });
  });

  test("more often than each second", () => {
    const job = orders(1_500, { interval: "1ms" });
    expect(decide(job)).toMatchObject({ rule: "create", requeueAfterMs: 500 });
  });
});

describe("those that are too many go, the oldest first", () => {
  const removed = (job: ReturnType<typeof orders>, ...savepoints: SavepointBuilder[]) =>
    decide(job, ...savepoints).remove?.metadata.uid;
  const uid = (madeAgo: number) => `orders-${NOW - madeAgo}`;

  test("beyond the history limit", () => {
    expect(removed(orders(), complete(HOUR), complete(2 * HOUR))).toBeUndefined();
    expect(
      removed(orders(), complete(2 * HOUR), complete(4 * HOUR), complete(HOUR), complete(3 * HOUR)),
    ).toBe(uid(4 * HOUR));
  });

  test("those of an interval that was taken away stay, up to ten", () => {
    const ten = Array.from({ length: 10 }, (_, i) => complete((i + 1) * HOUR));
    const { savepoints: _, ...spec } = orders().build().spec;
    const job = aJob().spec(spec).trigger(aTrigger().running());
    expect(removed(job, ...ten)).toBeUndefined();
    expect(removed(job, ...ten, complete(11 * HOUR))).toBe(uid(11 * HOUR));
  });

  test("of those that came to nothing the newest stays", () => {
    const lost = (madeAgo: number) =>
      made(madeAgo, aSavepoint().periodic().facts({ state: "abandoned", reason: "JobEnded", message: "" }));
    const failed = (madeAgo: number) =>
      made(
        madeAgo,
        aSavepoint().periodic().facts({ state: "failed", reason: "SavepointFailed", message: "" }),
      );
    expect(removed(orders(), lost(HOUR))).toBeUndefined();
    expect(removed(orders(), lost(HOUR), failed(2 * HOUR))).toBe(uid(2 * HOUR));
    expect(removed(orders(), failed(HOUR), complete(2 * HOUR), complete(3 * HOUR))).toBeUndefined();
  });

  test.each<[string, SavepointBuilder]>([
    ["what people made", made(9 * HOUR, aSavepoint().completed("s3://b/own"))],
    [
      "what an earlier FlinkJob of that name made",
      made(9 * HOUR, aSavepoint().periodic("other-uid").completed("s3://b/other")),
    ],
    ["one that is under way", made(9 * HOUR, aSavepoint().periodic().asked())],
    ["one that is going already", complete(9 * HOUR).deleted()],
  ])("not %s", (_, other) => {
    expect(removed(orders(), complete(HOUR), complete(2 * HOUR), other)).toBeUndefined();
  });

  test("not one that the job may be started from again", () => {
    const path = `s3://b/${9 * HOUR}`;
    const all = [complete(HOUR), complete(2 * HOUR), complete(9 * HOUR)];
    expect(removed(orders(), ...all)).toBe(uid(9 * HOUR));
    const { status } = orders().build();
    const startedFrom = orders().status({
      ...status!,
      trigger: { ...status!.trigger!, savepointPath: path },
    });
    expect(removed(startedFrom, ...all)).toBeUndefined();
    const leftBehind = orders().status({ ...status!, restorePoint: { jobId: "0", kind: "savepoint", path } });
    expect(removed(leftBehind, ...all)).toBeUndefined();
    expect(removed(orders().spec({ savepointPath: path }), ...all)).toBeUndefined();
  });
});
