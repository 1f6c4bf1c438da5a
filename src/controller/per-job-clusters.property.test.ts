import { expect, test } from "vitest";
import { MINUTE, SECOND } from "../../test/support/builders.ts";
import { PerJobWorld } from "../../test/support/per-job-world.ts";

const WALKS = Number(process.env.FLINKJOB_TEST_WALKS ?? 300);
const MOVES = 80;

/** A seeded source of numbers (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}

/** Any order of old caches, crashes between a record and its effect, edits and ends; then everybody gets what he waits for. */
async function walk(seed: number): Promise<PerJobWorld> {
  const below = random(seed);
  const world = new PerJobWorld();
  const told: string[] = [];
  for (let move = 0; move < MOVES; move++) {
    world.now += below(3_000);
    const operator = world.operators[below(2)]!;
    const clusters = [...world.clusters.values()];
    const cluster = clusters[below(Math.max(1, clusters.length))];
    const dice = below(100);
    if (dice < 22) told.push(world.decide(operator)?.rule ?? "-");
    else if (dice < 42) await world.act(operator);
    else if (dice < 54) world.refreshJob(operator);
    else if (dice < 66) world.refreshClusters(operator);
    else if (dice < 70) world.crash(operator);
    else if (dice < 80 && cluster) world.start(cluster);
    else if (dice < 86 && cluster) world.tearDown(cluster);
    else if (dice < 90) world.end(cluster, below(3) === 0 ? "FAILED" : "FINISHED");
    else if (dice < 92) world.edit({ args: [String(move)] });
    else if (dice < 94) world.edit({ state: below(2) === 0 ? "suspended" : "running" });
    else if (dice === 94) world.delete();
    else if (dice === 95 && cluster) world.force(cluster);
  }
  for (let round = 0; round < 120; round++) {
    world.now += round % 10 === 9 ? 2 * MINUTE : SECOND;
    for (const operator of world.operators) {
      world.refreshJob(operator);
      world.refreshClusters(operator);
      told.push(world.decide(operator)?.rule ?? "-");
      await world.act(operator);
    }
    for (const cluster of [...world.clusters.values()]) {
      if (round % 3 === 0) world.start(cluster);
      if (round % 5 === 4) world.end(cluster, "FINISHED");
      world.tearDown(cluster);
    }
  }
  const at = `seed ${seed}: ${told.slice(-12).join(" ")} ${JSON.stringify(world.job?.status?.trigger)}`;
  expect(world.faults, at).toEqual([]);
  expect([...world.clusters.keys()], at).toEqual([]);
  if (!world.job) return world;
  const { state, failure } = world.job.status?.trigger ?? {};
  if (world.job.metadata.deletionTimestamp !== undefined) expect.fail(`it is not let go, ${at}`);
  if (world.job.spec.state === "running") expect(["finished", "failed", "canceled"], at).toContain(state);
  if (state === "finished") expect(world.job.status?.result?.accumulators, at).toEqual({});
  const lost = failure?.reason === "JobLost" || failure?.reason === "OutcomeLost";
  if (lost) expect(world.wasForced, at).toBe(true);
  return world;
}

test(`no order of things leads to two jobs, a job killed, or a cluster left: ${WALKS} walks`, async () => {
  const own = Number(process.env.FLINKJOB_TEST_SEED ?? Date.now() % 2 ** 31);
  let finished = 0;
  for (let index = 0; index < WALKS; index++) {
    const world = await walk(index % 2 === 0 ? index : own + index);
    if (world.job?.status?.trigger?.state === "finished") finished++;
  }
  // About a quarter; the others were deleted, suspended, or failed.
  expect(finished).toBeGreaterThan(WALKS / 10);
}, 120_000);
