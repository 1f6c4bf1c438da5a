import { describe, expect, test } from "vitest";
import { MINUTE, SECOND } from "../../test/support/builders.ts";
import { ownSpec, planJob } from "../../test/support/per-job-builders.ts";
import { PerJobWorld } from "../../test/support/per-job-world.ts";

import type { FlinkJob } from "../api/objects.ts";

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
async function walk(seed: number, isPlan: boolean): Promise<PerJobWorld> {
  const below = random(seed);
  const submission = { maxAttempts: 5, timeout: "5m" };
  const world = isPlan ? new PerJobWorld(planJob({ submission })) : new PerJobWorld();
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
    else if (dice < 92) world.edit(isPlan ? anotherImage(move) : { args: [String(move)] });
    else if (dice < 94) world.edit({ state: wish(below(isPlan ? 8 : 2), world.job) });
    else if (dice === 94) world.delete();
    else if (dice === 95 && cluster) world.force(cluster);
    else if (dice === 96) world.handOver(below(4) === 0);
    else if (dice < 98) world.handOver(false);
    else world.refreshGateway();
  }
  for (let round = 0; round < 120; round++) {
    world.now += round % 10 === 9 ? 2 * MINUTE : SECOND;
    for (const operator of world.operators) {
      world.refreshJob(operator);
      world.refreshClusters(operator);
      told.push(world.decide(operator)?.rule ?? "-");
      await world.act(operator);
    }
    world.refreshGateway();
    world.handOver(false);
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
  const { state, failure, acceptedAt } = world.job.status?.trigger ?? {};
  if (world.job.metadata.deletionTimestamp !== undefined) expect.fail(`it is not let go, ${at}`);
  if (isPlan || world.job.spec.state === "running")
    expect(["finished", "failed", "canceled"], at).toContain(state);
  if (state === "finished") expect(world.job.status?.result?.accumulators, at).toEqual({});
  if (isPlan && acceptedAt !== undefined)
    expect(Object.keys(world.job.status?.executionResult ?? {}), at).toHaveLength(1);
  const lost = failure?.reason === "JobLost" || failure?.reason === "OutcomeLost";
  if (lost) expect(world.wasForced, at).toBe(true);
  return world;
}

/** What was suspended stays so, with a plan. */
function wish(dice: number, job: FlinkJob | undefined): "suspended" | "running" {
  const stays = job?.spec.plan !== undefined && job.spec.state === "suspended";
  return stays || dice === 0 ? "suspended" : "running";
}

const anotherImage = (move: number) => {
  const perJob = { ...ownSpec("session").cluster.perJob!, image: `flink:2.3-${move}` };
  return { cluster: { perJob } };
};

describe.each([
  ["an application", false],
  ["a plan that a gateway hands over", true],
] as const)("%s", (_, isPlan) => {
  test(`comes by no order of things to two jobs, a job killed, or a cluster left: ${WALKS} walks`, async () => {
    const own = Number(process.env.FLINKJOB_TEST_SEED ?? Date.now() % 2 ** 31);
    let finished = 0;
    for (let index = 0; index < WALKS; index++) {
      const world = await walk(index % 2 === 0 ? index : own + index, isPlan);
      if (world.job?.status?.trigger?.state === "finished") finished++;
    }
    // About a quarter; the others were deleted, suspended, or failed.
    expect(finished).toBeGreaterThan(WALKS / 10);
  }, 120_000);
});
