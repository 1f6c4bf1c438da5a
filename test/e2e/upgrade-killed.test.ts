import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import { eventually } from "../support/eventually.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { LiveJobs } from "../support/live-jobs.ts";
import { Numbers } from "../support/numbers.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";

/** How many upgrades in a row; 20 and more by hand. */
const ROUNDS = Number(process.env.FLINKJOB_UPGRADE_ROUNDS ?? 4);
/** Spread over everything that an upgrade does: the look, the record, the stop, the end, the send, the start. */
const delayOf = (round: number) => [0, 700, 250, 1_200, 60, 400, 2_000, 900][round % 8]!;
const MODES = [
  ["savepoint", {}, 0],
  [
    "last-state",
    {
      "execution.checkpointing.interval": "200ms",
      "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    },
    // What was processed since the newest checkpoint is processed again: 200 ms and what a checkpoint takes.
    1_000,
  ],
] as const;

describe.each(flinkTargets())(
  "an operator that is killed during each upgrade, on Flink $version",
  (target) => {
    let world: World;
    let operator: Operator;
    let jars: JarServer;

    beforeAll(async () => {
      world = await World.open("kills");
      jars = await JarServer.start(target.jobsJar);
      world.onClose(() => jars.close());
      operator = await world.operator("--submission-backoff", "5s");
    });
    afterAll(() => world.close());

    test.each(MODES)(
      "%s",
      async (upgradeMode, flinkConfiguration, again) => {
        const numbers = new Numbers(`${world.dir}/${upgradeMode}.numbers`);
        const spec = (version: number): FlinkJobSpecInput => ({
          cluster: { url: target.url },
          upgradeMode,
          flinkConfiguration,
          ...scenario(["count", "--name", `v${version}`, "--numbers", numbers.file, "--delay", "10"], {
            uri: jars.uri(),
          }),
        });
        const runs = (generation: number) =>
          world.until(
            upgradeMode,
            ({ status }) =>
              status?.trigger?.generation === generation && status.trigger.reason === "TasksRunning",
            60_000,
          );
        await world.createJob(upgradeMode, spec(1));
        const first = await runs(1);
        const live = new LiveJobs(target.url, first.status!.trigger!.jobId);
        for (let round = 1; round <= ROUNDS; round++) {
          const before = (await numbers.all()).length;
          await eventually(async () => (await numbers.all()).length > before + 20, 20_000);
          await world.editJob(upgradeMode, spec(round + 1));
          await new Promise((resolve) => setTimeout(resolve, delayOf(round)));
          await operator.restart();
          const { status } = await runs(round + 1);
          expect(status?.trigger?.savepointPath).toMatch(
            upgradeMode === "savepoint" ? /savepoint-/ : /chk-|savepoint-/,
          );
        }
        await live.close();
        expect(live.looks).toBeGreaterThan(ROUNDS);
        expect(live.crowds).toEqual([]);
        expect(await numbers.lost()).toEqual([]);
        expect(await numbers.torn()).toEqual([]);
        expect((await numbers.repeated()).length).toBeLessThanOrEqual((again / 10) * ROUNDS);
        await world.deleteJob(upgradeMode);
        await world.untilGone(upgradeMode, 40_000);
      },
      90_000 + ROUNDS * 40_000,
    );
  },
);
