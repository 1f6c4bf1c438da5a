import { expect, test } from "vitest";
import { aCluster, aJob, aTrigger, UID, URL_A } from "../../test/support/builders.ts";
import type { FlinkJob } from "../api/objects.ts";
import { jobIdOf } from "../core/identity.ts";
import type { ClusterObservation } from "../core/observed.ts";
import { FakeClock } from "../kube/fake-clock.ts";
import type { JobManagerPort } from "../ports.ts";
import { Clusters } from "./clusters.ts";
import { JarSweeper } from "./jar-sweeper.ts";
import { contentKey, Jars } from "./jars.ts";

const uri = { jar: { uri: "http://jars.example/orders.jar" } };
const mine = `u_flinkjob-${contentKey(uri.jar)}-${jobIdOf(UID, "g1", 1)}.jar`;
const strangers = `u_flinkjob-${"b".repeat(16)}-${"0".repeat(32)}.jar`;
const pending = aJob(uri).trigger(aTrigger().sent()).build();
const running = aJob(uri).trigger(aTrigger().running()).build();

const { jobManager: view } = aCluster().build() as Extract<ClusterObservation, { kind: "reachable" }>;

function scene() {
  const there = new Set([mine, strangers, "u_users.jar"]);
  const world = { there, owner: pending, others: [] as FlinkJob[], failures: 0, lists: 0 };
  const jobManager = {
    connections: 0,
    describe: async () => view,
    listJobs: async () => [],
    list: async () => {
      world.lists++;
      return [...there];
    },
    delete: async (id: string) => {
      if (world.failures-- > 0) throw new Error("HTTP 500");
      there.delete(id);
    },
    close: async () => {},
  } as unknown as JobManagerPort;
  const clock = new FakeClock();
  const clusters = new Clusters({
    connect: () => jobManager,
    pollIntervalMs: 1e6,
    clock,
    onChange: () => {},
  });
  const sweeper = new JarSweeper({
    ...{ jars: new Jars(), reclaimed: { sweep: async () => 0 }, clusters, clock, pauseMs: 1_000 },
    ownerOf: (prefix) => (mine.includes(prefix) ? world.owner : undefined),
    jobs: () => [world.owner, ...world.others],
    maySend: () => true,
    onProblem: () => {},
  });
  return { world, clock, clusters, sweeper };
}

test("a JAR that is needed stays until its submission is over, and the cluster stays open for it", async () => {
  const { world, clock, clusters, sweeper } = scene();
  sweeper.begin(URL_A);
  await clock.advance(0);
  expect([...world.there]).toContain(mine);
  expect([...(clusters.get(URL_A)?.users ?? [])]).toHaveLength(1);
  world.owner = running;
  await clock.advance(1_000);
  expect([...world.there]).toEqual([strangers, "u_users.jar"]);
  await clock.advance(2_000);
  expect(clusters.get(URL_A)).toBeUndefined();
  await clock.advance(600_000);
  // Once while it was needed, once to delete it: what is left is not ours to judge.
  expect(world.lists).toBe(2);
});

test("a JAR stays while another FlinkJob's main() may read it: its name tells only who used it first", async () => {
  const { world, clock, sweeper } = scene();
  const waiting = aTrigger().sent();
  const other = aJob(uri).trigger(waiting).build();
  const edited = aJob({ jar: { id: "mine.jar" } })
    .meta({ generation: 2 })
    .trigger(waiting)
    .build();
  const wiped = aJob(uri).build();
  // Another operator, which believes that it leads, sends it any moment.
  const unsent = aJob(uri).trigger(aTrigger()).build();
  for (const needing of [other, edited, wiped, unsent]) {
    world.owner = running;
    world.others = [needing];
    world.there.add(mine);
    sweeper.begin(URL_A);
    await clock.advance(30_000);
    expect([...world.there]).toContain(mine);
    world.others = [running];
    await clock.advance(100_000);
    expect([...world.there]).not.toContain(mine);
  }
});

test("a JAR of a job that the cache does not know yet is looked at again", async () => {
  const { world, clock, sweeper } = scene();
  world.owner = aJob(uri)
    .trigger(aTrigger({ id: "g0" }).running())
    .build();
  sweeper.begin(URL_A);
  await clock.advance(5_000);
  expect([...world.there]).toContain(mine);
  world.owner = running;
  await clock.advance(10_000);
  expect([...world.there]).not.toContain(mine);
});

test("a JAR of a job so old that no history names it goes in the end", async () => {
  const { world, clock, clusters, sweeper } = scene();
  world.owner = aJob(uri)
    .trigger(aTrigger({ id: "g99" }).running())
    .build();
  sweeper.begin(URL_A);
  await clock.advance(800_000);
  expect([...world.there]).toContain(mine);
  await clock.advance(1_300_000);
  expect([...world.there]).not.toContain(mine);
  expect(clusters.get(URL_A)).toBeUndefined();
});

test("what cannot be deleted is tried again, and not for ever", async () => {
  const { world, clock, clusters, sweeper } = scene();
  world.owner = running;
  world.failures = 2;
  sweeper.begin(URL_A);
  await clock.advance(10_000);
  expect([...world.there]).not.toContain(mine);

  world.there.add(mine);
  world.failures = 1_000;
  sweeper.begin(URL_A);
  for (let i = 0; i < 12; i++) await clock.advance(600_000);
  expect(world.failures).toBe(992);
  expect(clusters.get(URL_A)).toBeUndefined();
});

test("with a FlinkJob that is let go while its trigger is pending its JAR goes, at once or when others allow it", async () => {
  const waiting = aTrigger().sent();
  const deleted = aJob(uri).meta({ generation: 2 }).deleted().trigger(waiting).build();
  const edited = aJob({ jar: { id: "mine.jar" } })
    .meta({ generation: 2, uid: "another" })
    .trigger(waiting)
    .build();
  for (const others of [[], [edited]]) {
    const { world, clock, clusters, sweeper } = scene();
    clusters.use("test", [URL_A]);
    await clock.advance(0);
    world.owner = deleted;
    world.others = others;
    await sweeper.letGo(deleted);
    expect(world.there.has(mine)).toBe(others.length > 0);
    world.others = [];
    await clock.advance(30_000);
    expect([...world.there]).not.toContain(mine);
  }
});
