import { readdirSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { mutants } from "./mutants/mutants.ts";
import { Crew } from "./search/crew.ts";
import { settingOf } from "./search/finding.ts";
import { walkAll } from "./search/many-walks.ts";
import { replay, shrink, story } from "./search/story.ts";
import { largeLifeCycleWorlds } from "./world/life-cycle-worlds.ts";
import { moveOf } from "./world/moves.ts";
import { largeOwnClusterWorlds } from "./world/own-cluster-worlds.ts";
import { largeScalingWorlds } from "./world/scaling-worlds.ts";
import { largeSubmissionWorlds, smallWorlds } from "./world/worlds.ts";

// Budgets are time that a thread works, so that CI takes about as long whatever machine it has, and covers as much beside
// other work as alone; what was covered is printed.
const EXPLORE = { depth: 200, states: 100_000, ms: 1_000 };
/** A million together: some three minutes on two cores. A slower machine walks fewer, and says so. */
const WALK = { schedules: 840_000, seed: 1, depth: 70, ms: 245_000 };
const LIVE = { schedules: 100_000, seed: 1, depth: 70, ms: 60_000 };
const OWN = { schedules: 20_000, seed: 1, depth: 70, ms: 60_000 };
const SCALED = { schedules: 20_000, seed: 1, depth: 70, ms: 15_000 };
const count = (value: number) => value.toLocaleString("en-US");

const crew = new Crew();
afterAll(() => crew.close());

describe("what broke once", () => {
  /** A schedule that broke an invariant. */
  interface Story {
    readonly world: string;
    readonly broke: string;
    /** The subject of the commit that mended it. */
    readonly mended: string;
    /** The bug, brought back. */
    readonly mutant?: string;
    readonly schedule: readonly string[];
  }
  const folder = new URL("stories/", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  test.each(files)("%s", (file) => {
    const { world, schedule, mutant, broke } = JSON.parse(
      readFileSync(new URL(file, folder), "utf8"),
    ) as Story;
    const codes = schedule.map(moveOf);
    expect(replay(settingOf({ world }), codes)).toBeUndefined();
    if (mutant) expect(replay(settingOf({ world, mutant }), codes)?.invariant).toBe(broke);
  });
});

describe.concurrent("every interleaving of a small world, as deep as time allows", () => {
  const sum = { worlds: 0, interleavings: 0 };
  test.each(smallWorlds.map(({ name }) => name))("%s", async (world) => {
    const { finding, states, schedules } = await crew.do({ kind: "explore", world, bounds: EXPLORE });
    expect(finding && story(shrink(finding))).toBeUndefined();
    sum.worlds += states;
    sum.interleavings += schedules;
  });
  afterAll(() => {
    process.stdout.write(
      `explored: ${count(sum.worlds)} worlds, ${count(sum.interleavings)} interleavings\n`,
    );
  });
});

describe.concurrent("deliberate bugs are found", () => {
  test.each(mutants.map(({ name, breaks }) => [name, breaks] as const))("%s", async (mutant, breaks) => {
    const { finding } = await crew.do({ kind: "hunt", mutant });
    expect(breaks).toContain(finding?.violation.invariant);
  });
});

test.each([
  ["submission", largeSubmissionWorlds, WALK],
  ["life cycle", largeLifeCycleWorlds, LIVE],
  ["clusters of a job's own", largeOwnClusterWorlds, OWN],
  ["scaling", largeScalingWorlds, SCALED],
] as const)(
  "seeded walks through large worlds: %s",
  async (_, worlds, journey) => {
    const names = worlds.map(({ name }) => name);
    const { finding, schedules, different, moves } = await walkAll(crew, names, journey);
    expect(finding && story(shrink(finding))).toBeUndefined();
    const all = schedules === journey.schedules;
    const short = `; the other ${count(journey.schedules - schedules)} did not fit into ${journey.ms / 1_000} s on this machine (npm run test:model -- --schedules ${WALK.schedules + LIVE.schedules + OWN.schedules + SCALED.schedules})`;
    process.stdout.write(
      `walked: ${count(schedules)} schedules (${count(different)} different), ${count(moves)} moves${all ? "" : short}\n`,
    );
    expect(schedules).toBeGreaterThan(0);
  },
  // Behind everything else it takes as long as that does.
  4 * WALK.ms,
);
