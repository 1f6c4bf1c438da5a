// `npm run demo:race`: the race of the mailing list of 2017, with a real Flink whose JobManager is killed, twice at the
// same time: by an agent that lists and then submits, and by the operator.
import { parseArgs } from "node:util";
import { jsonScreen, painter, terminalScreen, wantsColours } from "./demo/screen.ts";
import type { Outcome } from "./race/act.ts";
import { scenes } from "./race/scenes.ts";
import { isOnce, scoreboard } from "./race/scoreboard.ts";
import { Theatre } from "./race/theatre.ts";

const usage = `Usage: npm run demo:race -- [--scene NAME]... [--json]

  --scene   ${scenes.map(({ name }) => name).join(", ")}; all without it
  --json    one event per line on standard output; the last one has the counts

Exit code 0 only if the operator ran exactly one job in every scene, and everything that is told was really observed.
`;

function options() {
  try {
    return parseArgs({
      options: {
        scene: { type: "string", multiple: true, default: [] },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`race: ${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}

const { scene: wanted, json, help } = options();
const unknown = wanted.find((name) => !scenes.some((scene) => scene.name === name));
if (help || unknown !== undefined) {
  const out = help ? process.stdout : process.stderr;
  out.write(unknown === undefined ? usage : `race: there is no scene ${unknown}\n\n${usage}`);
  process.exit(help ? 0 : 2);
}

const write = (line: string) => void process.stdout.write(line);
const colours = !json && wantsColours(process.stdout, process.env);
const screen = json ? jsonScreen(write) : terminalScreen(write, colours);
const paint = painter(colours);
const progress = (line: string) => void process.stderr.write(`${line}\n`);

// Ctrl-C ends the play, not the cleaning up.
let interrupt = (_: NodeJS.Signals) => {};
const interrupted = new Promise<NodeJS.Signals>((resolve) => {
  interrupt = resolve;
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);

async function tellAll(theatre: Theatre): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const scene of scenes) {
    if (wanted.length > 0 && !wanted.includes(scene.name)) continue;
    outcomes.push(await theatre.play(scene, screen, paint));
  }
  return outcomes;
}

let code = 1;
try {
  const theatre = await Theatre.open(progress);
  try {
    const outcomes = await Promise.race([tellAll(theatre), interrupted]);
    if (typeof outcomes === "string") throw new Error(`ended by ${outcomes}`);
    const complete = outcomes.every((outcome) => outcome.complete && isOnce(outcome.ours));
    const said = complete ? "All of it was observed." : "Not all of it was observed.";
    const text = `${scoreboard(outcomes, paint)}\n\n${said}`;
    screen.tell({ kind: "end", text, data: { complete, scenes: outcomes } });
    code = complete ? 0 : 1;
  } finally {
    await theatre.strike();
  }
} catch (error) {
  process.stderr.write(`race: ${error instanceof Error ? error.message : error}\n`);
}
process.exit(code);
