import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Happening } from "../../dev/demo/screen.ts";
import { Act, type Outcome } from "../../dev/race/act.ts";
import { scenes } from "../../dev/race/scenes.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import type { Operator } from "../support/operator.ts";
import { World } from "../support/world.ts";

/** The scenes of `npm run demo:race` that show the most; each has a cluster of its own kind. */
describe.each(["failover", "forgotten"])("the race of 2017: %s", (name) => {
  const scene = scenes.find((one) => one.name === name)!;
  const { jobsJar } = flinkTargets().find(({ version }) => version === scene.version)!;
  const told: Happening[] = [];
  let world: World;
  let operator: Operator;
  let outcome: Outcome;

  beforeAll(async () => {
    world = await World.open(`race-${name}`);
    const jars = await JarServer.start(jobsJar);
    world.onClose(() => jars.close());
    operator = await world.operator();
    const flink = await world.flink({ version: scene.version, ha: scene.highAvailability, slots: 8 });
    const act = new Act(
      {
        ...{ kube: world.kube, namespace: world.namespace, flink, jarUri: jars.uri(), jarPath: jobsJar },
        operator: { kill: () => operator.kill(), start: () => operator.start() },
      },
      { tell: (happening) => void told.push(happening) },
      (_, text) => text,
      scene,
    );
    try {
      outcome = await scene.play(act);
    } finally {
      await act.end();
    }
  });
  afterAll(() => world.close());

  test("the agent that lists and then submits runs two jobs, the operator runs one", () => {
    const story = told.map(({ text }) => text).join("\n");
    expect(outcome, story).toMatchObject({ agent: { jobs: 2 }, ours: { jobs: 1, atOnce: 1 } });
    expect(
      told.filter(({ kind }) => kind === "missed"),
      story,
    ).toEqual([]);
  });

  test("and one for each FlinkJob that came in meanwhile", () => {
    const { flinkJobs, jobs } = outcome.traffic ?? { flinkJobs: 0, jobs: 0 };
    expect(jobs).toBe(flinkJobs);
    if (scene.highAvailability) expect(flinkJobs).toBeGreaterThan(2);
  });
});
