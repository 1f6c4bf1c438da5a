import { describe, expect, test } from "vitest";
import { MINUTE, UID } from "../../../test/support/builders.ts";
import { aManagedCluster } from "../../../test/support/cluster-builders.ts";
import { ownJob, ownTrigger } from "../../../test/support/per-job-builders.ts";
import { JOB_UID_LABEL } from "../../api/group.ts";
import type { FlinkCluster, FlinkJob } from "../../api/objects.ts";
import type { Pod } from "../../core/cluster/pods.ts";
import type { CleaningState } from "../../core/storage/cleaning.ts";
import { KubeError } from "../../kube/errors.ts";
import { FakeClock } from "../../kube/fake-clock.ts";
import { StorageCleaners, type StorageCleanersOptions } from "./storage-cleaners.ts";

const signal = new AbortController().signal;
const PLACE = "team-a/orders of the claim flink";

function stage(patch: Partial<StorageCleanersOptions> = {}) {
  const clock = new FakeClock();
  const calls: string[] = [];
  const world: { pod?: Pod; refusal?: KubeError; isSynced: boolean; jobs: FlinkJob[] } = {
    isSynced: true,
    jobs: [],
  };
  const kube = {
    create: async (_kind: object, pod: Pod) => {
      calls.push("create");
      if (world.refusal) throw world.refusal;
      world.pod = pod;
      return pod;
    },
    delete: async () => {
      calls.push("delete");
      if (!world.pod) throw new KubeError("NotFound", "gone");
      delete world.pod;
      return {};
    },
    list: async () => ({ items: world.jobs }),
  };
  const cleaners = new StorageCleaners({
    kube: kube as never,
    clock,
    owned: {
      want: () => {},
      hasSynced: () => world.isSynced,
      missingRight: () => "pods is forbidden",
      cleanerOf: () => world.pod,
    },
    users: () => ({ jobs: [], clusters: [], savepoints: [] }),
    enabled: true,
    image: "operator:1",
    limitMs: 5 * MINUTE,
    ...patch,
  });
  const ends = (exitCode: number, message: string) => {
    const containerStatuses = [{ name: "clean-storage", state: { terminated: { exitCode, message } } }];
    world.pod = { ...world.pod!, status: { containerStatuses } };
  };
  return { cleaners, clock, calls, world, ends };
}

const used: FlinkCluster = {
  ...aManagedCluster(),
  status: { observedGeneration: 1, incarnation: "p" },
};
const told = (state: CleaningState) => (state.isOver ? state.event : state.message);

test("a pod is made, waited for, and taken away; what it did is over, however often that is asked", async () => {
  const { cleaners, calls, ends } = stage();
  expect(told(await cleaners.cleanAfter(used, signal))).toBe(`${PLACE} is being cleaned.`);
  expect(told(await cleaners.cleanAfter(used, signal))).toBe(`${PLACE}: orders-storage-cleaner is at work.`);
  ends(0, "These stay: savepoints/savepoint-1.");
  const over = {
    isOver: true,
    event: {
      type: "Normal",
      reason: "StorageCleaned",
      message: `${PLACE} was cleaned. These stay: savepoints/savepoint-1.`,
    },
  };
  expect(await cleaners.cleanAfter(used, signal)).toEqual(over);
  expect(await cleaners.cleanAfter(used, signal)).toEqual(over);
  expect(calls).toEqual(["create", "delete"]);
  cleaners.forget("team-a", "orders");
  expect(await cleaners.cleanAfter(used, signal)).toMatchObject({ isOver: false });
});

test("a pod that fails is taken away before it is said that all was left", async () => {
  const { cleaners, calls, ends } = stage();
  await cleaners.cleanAfter(used, signal);
  ends(1, "EROFS: read-only file system.");
  expect(await cleaners.cleanAfter(used, signal)).toMatchObject({ isOver: false });
  expect(calls.at(-1)).toBe("delete");
  expect(told(await cleaners.cleanAfter(used, signal))).toEqual({
    type: "Warning",
    reason: "StorageLeft",
    message: `${PLACE} was left as it is: orders-storage-cleaner: EROFS: read-only file system.`,
  });
});

test("the storage of an attempt is left to its FlinkJob, though no cache has that", async () => {
  const { cleaners, calls, world } = stage();
  const attempt = { ...used, metadata: { ...used.metadata, labels: { [JOB_UID_LABEL]: UID } } };
  world.jobs = [ownJob().build()];
  expect(await cleaners.cleanAfter(attempt, signal)).toEqual({ isOver: true });
  expect(calls).toEqual([]);
  world.jobs = [ownJob().meta({ uid: "another" }).build()];
  expect(await cleaners.cleanAfter(attempt, signal)).toMatchObject({ isOver: false });
  expect(calls).toEqual(["create"]);
});

describe("nothing is waited for for ever", () => {
  const forbidden = new KubeError("Forbidden", "POST /pods: exceeded quota: little");
  const late = async (at: ReturnType<typeof stage>) => {
    const first = await at.cleaners.cleanAfter(used, signal);
    await at.clock.advance(5 * MINUTE);
    await at.cleaners.cleanAfter(used, signal);
    return [told(first), told(await at.cleaners.cleanAfter(used, signal))];
  };

  test("a pod that is refused", async () => {
    const at = stage();
    at.world.refusal = forbidden;
    const [first, last] = await late(at);
    expect(first).toContain("exceeded quota: little");
    expect(last).toMatchObject({ reason: "StorageLeft", message: expect.stringContaining("exceeded quota") });
  });

  test("a pod that never ends", async () => {
    const at = stage();
    const [, last] = await late(at);
    expect(last).toMatchObject({
      reason: "StorageLeft",
      message: expect.stringContaining("longer than 300 s"),
    });
    expect(at.world.pod).toBeUndefined();
  });

  test("pods that may not be listed", async () => {
    const at = stage();
    at.world.isSynced = false;
    const [first, last] = await late(at);
    expect(first).toBe(`${PLACE}: pods is forbidden`);
    expect(last).toMatchObject({ reason: "StorageLeft" });
    expect(at.calls).toEqual([]);
  });
});

test.each<[string, Partial<StorageCleanersOptions>, RegExp]>([
  ["without an image", { image: undefined }, /--operator-image/],
  ["that deploys no clusters", { enabled: false }, /--managed-clusters=false/],
])("an operator %s says what it leaves", async (_what, patch, words) => {
  const { cleaners, calls } = stage(patch);
  expect(told(await cleaners.cleanAfter(used, signal))).toMatchObject({
    type: "Warning",
    reason: "StorageLeft",
    message: expect.stringMatching(words),
  });
  expect(calls).toEqual([]);
});

test("a namespace that goes takes no pods, and nobody asks what was left", async () => {
  const { cleaners, world } = stage();
  const causes = [{ reason: "NamespaceTerminating", message: "" }];
  world.refusal = new KubeError("Forbidden", "no", { details: { causes } });
  expect(await cleaners.cleanAfter(used, signal)).toEqual({ isOver: true });
});

describe("after a FlinkJob", () => {
  const nobody = async () => undefined;
  const somebody = async () => "the pod x is still there";
  const job = ownJob().trigger(ownTrigger().finished()).deleted().build();

  test("what was seen is what the steps came to", async () => {
    const { cleaners, ends } = stage();
    expect(cleaners.seen(job)).toEqual({ isOver: false, message: "" });
    expect(await cleaners.cleanAfterJob(job, nobody, signal)).toBe(false);
    expect(cleaners.seen(job)).toMatchObject({
      message: expect.stringMatching(/^shop\/orders\.\S+ of the claim/),
    });
    ends(0, "Nothing stays.");
    expect(await cleaners.cleanAfterJob(job, nobody, signal)).toBe(true);
    expect(cleaners.seen(job)).toMatchObject({ isOver: true, event: { reason: "StorageCleaned" } });
  });

  test("nothing is cleaned while somebody may write there, nor is that waited for for ever", async () => {
    const { cleaners, clock, calls } = stage();
    expect(await cleaners.cleanAfterJob(job, somebody, signal)).toBe(false);
    await clock.advance(5 * MINUTE);
    expect(await cleaners.cleanAfterJob(job, somebody, signal)).toBe(true);
    expect(cleaners.seen(job)).toMatchObject({
      event: { reason: "StorageLeft", message: expect.stringContaining("the pod x is still there") },
    });
    expect(calls).toEqual([]);
  });

  test("what is over before it begins costs no step", () => {
    const { cleaners, calls } = stage({ image: undefined });
    expect(cleaners.seen(job)).toMatchObject({ isOver: true, event: { reason: "StorageLeft" } });
    expect(calls).toEqual([]);
  });

  test("one that is not deleted, or had no cluster of its own, has nothing to clean", () => {
    const { cleaners } = stage();
    expect(cleaners.seen(ownJob().build())).toBeUndefined();
  });
});
