import { expect, test } from "vitest";
import { aJob, aTrigger } from "../../test/support/builders.ts";
import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import { requestJarName } from "../core/request-jar.ts";
import { FakeClock } from "../kube/fake-clock.ts";
import { ReclaimedJars } from "./reclaimed-jars.ts";

const id = `u_${requestJarName("cluster-uid", "main-nightly-0123abcd")}`;
const jar = { id, reclaimPolicy: "Delete" } as const;
const pending = aJob({ jar }).trigger(aTrigger().sent()).build();
const running = aJob({ jar }).trigger(aTrigger().running()).build();
const unseen = aJob({ jar }).meta({ uid: "another" }).build();
const ours = { metadata: { uid: "cluster-uid" } } as FlinkCluster;

function scene(users: FlinkJob[], clusters: FlinkCluster[] = [ours]) {
  const deleted: string[] = [];
  const clock = new FakeClock();
  const store = { delete: async (jarId: string) => void deleted.push(jarId) };
  const reclaimed = new ReclaimedJars({
    usersOf: (jarId) => users.filter(({ spec }) => spec.jar?.id === jarId),
    flinkClusters: () => clusters,
    clock,
    orphanedAfterMs: 900_000,
  });
  const sweep = () => reclaimed.sweep([id, "u_users.jar"], store, AbortSignal.any([]));
  return { deleted, clock, store, reclaimed, sweep };
}

test("a JAR goes with the outcome of the last submission that names it", async () => {
  const two = scene([running, unseen]);
  await two.reclaimed.release(running, two.store);
  expect(two.deleted).toEqual([]);
  const one = scene([running]);
  await one.reclaimed.release(running, one.store);
  expect(one.deleted).toEqual([id]);
});

test("a JAR that is to be retained stays", async () => {
  const kept = aJob({ jar: { id } }).trigger(aTrigger().running()).build();
  const { reclaimed, store, sweep, deleted } = scene([kept]);
  await reclaimed.release(kept, store);
  expect(await sweep()).toBe(0);
  expect(deleted).toEqual([]);
});

test("the sweep waits for a submission under way, and deletes what one that is over left", async () => {
  const waiting = scene([pending]);
  expect(await waiting.sweep()).toBe(1);
  expect(waiting.deleted).toEqual([]);
  const over = scene([running]);
  expect(await over.sweep()).toBe(0);
  expect(over.deleted).toEqual([id]);
});

test("a JAR that no FlinkJob names goes after a while, and no other JAR does", async () => {
  const { clock, sweep, deleted } = scene([]);
  expect(await sweep()).toBe(1);
  await clock.advance(899_999);
  expect(await sweep()).toBe(1);
  expect(deleted).toEqual([]);
  await clock.advance(1);
  expect(await sweep()).toBe(0);
  expect(deleted).toEqual([id]);
});

test("a JAR that came through another FlinkCluster is not ours to judge: its FlinkJob may be out of sight", async () => {
  const { clock, sweep, deleted } = scene([], [{ metadata: { uid: "other" } } as FlinkCluster]);
  await sweep();
  await clock.advance(1e7);
  expect(await sweep()).toBe(0);
  expect(deleted).toEqual([]);
});
