// The model checker, on demand: `npm run test:model -- [--schedules N] [--seed S] [--depth D] [--seconds S] [--world NAME] [--mutants]`.
import { parseArgs } from "node:util";
import { explore, type Finding } from "./search/explore.ts";
import { huntAll } from "./search/hunt.ts";
import { shrink, story } from "./search/story.ts";
import { walk } from "./search/walk.ts";
import { largeWorlds, smallWorlds } from "./world/worlds.ts";

const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "50000" },
    seed: { type: "string", default: "1" },
    depth: { type: "string", default: "70" },
    /** For each small world; 0: only walks. */
    seconds: { type: "string", default: "5" },
    world: { type: "string", default: "" },
    mutants: { type: "boolean", default: false },
    stories: { type: "boolean", default: false },
  },
});
const print = (line: string) => process.stdout.write(`${line}\n`);
const named = (name: string) => name.includes(values.world);
/** Worlds kept in memory at once; some 2 kB each. */
const STATES = 300_000;

function reportFinding(finding: Finding | undefined): void {
  if (!finding) return;
  process.exitCode = 1;
  print(story(shrink(finding)));
}

function mutants(): void {
  let survived = 0;
  for (const { mutant, finding, by, ms } of huntAll(values.world)) {
    if (!finding) survived++;
    const { violation, schedule, setting } = finding ?? {};
    const how = `${violation?.invariant} in "${setting?.name}", ${schedule?.length} moves, by ${by}, ${Math.round(ms)} ms`;
    print(`${finding ? "found   " : "SURVIVED"}  ${mutant.name}${finding ? `: ${how}` : ""}`);
    if (finding && values.stories) print(`${story(finding)}\n`);
  }
  if (survived > 0) process.exitCode = 1;
}

function small(): void {
  const ms = Number(values.seconds) * 1_000;
  if (ms === 0) return;
  for (const setting of smallWorlds.filter(({ name }) => named(name))) {
    const { finding, ...report } = explore(setting, { depth: 200, states: STATES, ms });
    const { world, states, moves, depth, complete, schedules, windows } = report;
    const extent = complete ? "to its end" : `every interleaving of ${depth} moves`;
    print(`${world}: ${states} worlds, ${moves} moves, ${schedules} schedules, ${extent}${told(windows)}`);
    reportFinding(finding);
  }
}

function large(): void {
  const settings = largeWorlds.filter(({ name }) => named(name));
  if (settings.length === 0) return;
  const begin = performance.now();
  const bounds = {
    schedules: Number(values.schedules),
    seed: Number(values.seed),
    depth: Number(values.depth),
  };
  const { schedules, moves, windows, finding } = walk(settings, { ...bounds, ms: Number.POSITIVE_INFINITY });
  const rate = Math.round(schedules / ((performance.now() - begin) / 1_000));
  print(
    `walks, seed ${values.seed}: ${schedules} schedules, ${moves} moves, ${rate} a second${told(windows)}`,
  );
  reportFinding(finding);
}

function told(windows: ReadonlyMap<string, number>): string {
  const words = [...windows].map(([name, times]) => `${name} ${times}`);
  return words.length > 0 ? `; windows: ${words.join(", ")}` : "";
}

if (values.mutants) mutants();
else {
  small();
  large();
}
