import { explore } from "./explore.ts";
import { huntAll } from "./hunt.ts";
import { shrink, story } from "./story.ts";
import { walk } from "./walk.ts";
import { largeWorlds, smallWorlds } from "./worlds.ts";

const only = process.argv[2];
const ms = Number(process.argv[3] ?? 5_000);
for (const setting of smallWorlds) {
  if (only === "mutants" || only === "walks") continue;
  if (only !== "all" && !setting.name.includes(only ?? "")) continue;
  const begin = performance.now();
  const { finding, windows, world, ...report } = explore(setting, { depth: 60, states: 300_000, ms });
  console.log(world, JSON.stringify(report), [...windows], Math.round(performance.now() - begin), "ms");
  if (finding) console.log(story(shrink(finding)));
}

if (only === undefined || only === "walks") {
  const begin = performance.now();
  const walks = walk(largeWorlds, { schedules: 1e9, seed: Number(process.argv[4] ?? 1), depth: 70, ms });
  const { finding, ...rest } = walks;
  console.log(
    "walks",
    rest,
    Math.round(walks.schedules / ((performance.now() - begin) / 1000)),
    "per second",
  );
  if (finding) console.log(story(shrink(finding)));
}

if (only === "mutants") {
  for (const { mutant, finding, by, ms: took } of huntAll()) {
    const where = finding
      ? `${finding.violation.invariant} in "${finding.setting.name}" (${finding.schedule.length} moves, ${by})`
      : "SURVIVED";
    console.log(`${mutant.name}: ${where} ${Math.round(took)} ms`);
    if (finding && process.argv[3]) console.log(story(finding));
  }
}
