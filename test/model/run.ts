import { explore } from "./explore.ts";
import { shrink, story } from "./story.ts";
import { smallWorlds } from "./worlds.ts";

const only = process.argv[2];
const ms = Number(process.argv[3] ?? 5_000);
for (const setting of smallWorlds) {
  if (only !== undefined && only !== "all" && !setting.name.includes(only)) continue;
  const begin = performance.now();
  const { finding, windows, world, ...report } = explore(setting, { depth: 60, states: 300_000, ms });
  console.log(world, JSON.stringify(report), [...windows], Math.round(performance.now() - begin), "ms");
  if (finding) console.log(story(shrink(finding)));
}
