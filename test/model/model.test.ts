import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { mutants } from "./mutants/mutants.ts";
import { explore } from "./search/explore.ts";
import { hunt, mutated } from "./search/hunt.ts";
import { replay, shrink, story } from "./search/story.ts";
import { walk } from "./search/walk.ts";
import { moveOf } from "./world/moves.ts";
import { largeWorlds, smallWorlds } from "./world/worlds.ts";

// Budgets are time, so that CI takes as long whatever machine it has; what was covered is printed.
const EXPLORE_MS = 1_000;
const WALK_MS = 20_000;

describe("every interleaving of a small world, as deep as time allows", () => {
  test.each(smallWorlds.map((setting) => [setting.name, setting] as const))(
    "%s",
    (_, setting) => {
      const { finding } = explore(setting, { depth: 200, states: 60_000, ms: EXPLORE_MS });
      expect(finding && story(shrink(finding))).toBeUndefined();
    },
    60_000,
  );
});

test("seeded walks through large worlds", () => {
  const { finding, schedules } = walk(largeWorlds, { schedules: 1_000_000, seed: 1, depth: 70, ms: WALK_MS });
  expect(finding && story(shrink(finding))).toBeUndefined();
  expect(schedules).toBeGreaterThan(1_000);
}, 60_000);

describe("deliberate bugs are found", () => {
  test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
    "%s",
    (_, mutant) => {
      expect(hunt(mutant).finding).toBeDefined();
    },
    60_000,
  );
});

/** A schedule that broke an invariant once. */
interface Story {
  readonly world: string;
  readonly broke: string;
  /** The subject of the commit that mended it. */
  readonly mended: string;
  /** The bug, brought back. */
  readonly mutant?: string;
  readonly schedule: readonly string[];
}

describe("what broke once", () => {
  const folder = new URL("stories/", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  test.each(files)("%s", (file) => {
    const story = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Story;
    const setting = [...smallWorlds, ...largeWorlds].find(({ name }) => name === story.world);
    const schedule = story.schedule.map(moveOf);
    expect(setting).toBeDefined();
    expect(replay(setting!, schedule)).toBeUndefined();
    const mutant = mutants.find(({ name }) => name === story.mutant);
    expect(mutant?.name).toBe(story.mutant);
    if (mutant) expect(replay(mutated(setting!, mutant), schedule)?.invariant).toBe(story.broke);
  });
});
