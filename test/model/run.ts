import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { mutants } from "./mutants/mutants.ts";
import { Crew } from "./search/crew.ts";
import type { Finding } from "./search/finding.ts";
import { type Tally, walkAll } from "./search/many-walks.ts";
import { Progress } from "./search/progress.ts";
import { shrink, story } from "./search/story.ts";
import { largeWorlds, smallWorlds } from "./world/worlds.ts";

const { values } = parseArgs({
  options: {
    /** Walked at random through the large worlds. */
    schedules: { type: "string", default: "50000" },
    seed: { type: "string", default: "1" },
    /** Moves of a walk before faults stop, at the most. */
    depth: { type: "string", default: "70" },
    /** For each small world; 0: only walks. */
    seconds: { type: "string", default: "5" },
    /** Only worlds, or mutants, whose names contain this. */
    world: { type: "string", default: "" },
    threads: { type: "string", default: String(availableParallelism()) },
    mutants: { type: "boolean", default: false },
    stories: { type: "boolean", default: false },
  },
});
const print = (line: string) => process.stdout.write(`${line}\n`);
const count = (value: number) => value.toLocaleString("en-US");
const named = ({ name }: { name: string }) => name.includes(values.world);
/** Worlds kept in memory at once; some 2 kB each. */
const STATES = 300_000;

const crew = new Crew(Number(values.threads));
if (values.mutants) await hunted();
else {
  await explored();
  await walked();
}
await crew.close();

function reportFinding(finding: Finding | undefined): void {
  if (!finding) return;
  process.exitCode = 1;
  print(story(shrink(finding)));
}

async function hunted(): Promise<void> {
  const hunts = mutants.filter(named).map(({ name }) => crew.do({ kind: "hunt", mutant: name }));
  for await (const { mutant, finding, by, ms } of hunts) {
    if (!finding) process.exitCode = 1;
    const { violation, schedule, world } = finding ?? {};
    const how = `${violation?.invariant} in "${world}", ${schedule?.length} moves, by ${by}, ${Math.round(ms)} ms`;
    print(`${finding ? "found   " : "SURVIVED"}  ${mutant}${finding ? `: ${how}` : ""}`);
    if (finding && values.stories) print(`${story(finding)}\n`);
  }
}

async function explored(): Promise<void> {
  const ms = Number(values.seconds) * 1_000;
  if (ms === 0) return;
  const bounds = { depth: 200, states: STATES, ms };
  const sum = { states: 0, schedules: 0 };
  const reports = smallWorlds
    .filter(named)
    .map(({ name }) => crew.do({ kind: "explore", world: name, bounds }));
  for await (const { finding, ...report } of reports) {
    const { world, states, moves, depth, complete, schedules, windows } = report;
    const extent = complete ? "to its end" : `every interleaving of ${depth} moves`;
    print(
      `${world}: ${count(states)} worlds, ${count(moves)} moves, ${count(schedules)} interleavings, ${extent}${told(windows)}`,
    );
    sum.states += states;
    sum.schedules += schedules;
    reportFinding(finding);
  }
  print(`explored: ${count(sum.states)} worlds, ${count(sum.schedules)} interleavings`);
}

async function walked(): Promise<void> {
  const worlds = largeWorlds.filter(named).map(({ name }) => name);
  const schedules = Number(values.schedules);
  if (worlds.length === 0 || schedules === 0) return;
  const progress = new Progress(schedules);
  const onProgress = ({ schedules: done }: Tally) => progress.tell(done);
  const [seed, depth] = [Number(values.seed), Number(values.depth)];
  const tally = await walkAll(crew, worlds, { schedules, seed, depth, onProgress });
  progress.end();
  const { different, compared, moves, windows, finding } = tally;
  const alike = `${count(different)} different${compared < tally.schedules ? ` among the ${count(compared)} that were compared` : ""}`;
  print(
    `walked, seed ${seed}: ${count(tally.schedules)} schedules (${alike}), ${count(moves)} moves, ${count(progress.rate(tally.schedules))} a second${told(windows)}`,
  );
  reportFinding(finding);
}

function told(windows: ReadonlyMap<string, number>): string {
  const words = [...windows].map(([name, times]) => `${name} ${count(times)}`);
  return words.length > 0 ? `; windows: ${words.join(", ")}` : "";
}
