import { describe, expect, test } from "vitest";
import { explore } from "./explore.ts";
import { shrink, story } from "./story.ts";
import { walk } from "./walk.ts";
import { largeWorlds, smallWorlds } from "./worlds.ts";

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

// Deliberate bugs are hunted by `npm run test:model -- --mutants`: three of them are not found within a minute yet.
