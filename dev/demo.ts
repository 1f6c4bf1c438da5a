// `npm run demo`: a FlinkJob on a real Kubernetes API server and a real Flink, on this machine.
import { parseArgs } from "node:util";
import { buildNodeStage, refuseWithoutNode } from "./demo/node-stage.ts";
import { NodeStory } from "./demo/node-story.ts";
import { jsonScreen, terminalScreen, wantsColours } from "./demo/screen.ts";
import { buildStage } from "./demo/stage.ts";
import { Story } from "./demo/story.ts";

const usage = `Usage: npm run demo -- [--once] [--json] [--kube embedded|kind|current]
       npm run demo -- --node [--once] [--json]

  --once   end when the story is told; exit code 0 only if all of it was really observed
  --json   one event per line on standard output
  --kube   where the Kubernetes API comes from (default: embedded, built once from source)
  --node   with pods: a Flink cluster for one job comes and goes, on a node of this machine (root on Linux)
`;

function refuse(why: string): never {
  process.stderr.write(`demo: ${why}\n`);
  process.exit(2);
}

function options() {
  try {
    return parseArgs({
      options: {
        once: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        kube: { type: "string", default: "embedded" },
        node: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}

const { once, json, kube, node, help } = options();
if (help) {
  process.stdout.write(usage);
  process.exit(0);
}
if (kube !== "embedded" && kube !== "kind" && kube !== "current")
  refuse(`--kube ${kube}: give embedded, kind or current`);

if (node && kube !== "embedded") refuse(`--kube ${kube}: the node is one of the embedded cluster`);
if (node) {
  try {
    refuseWithoutNode(process);
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
}

const write = (line: string) => void process.stdout.write(line);
const screen = json ? jsonScreen(write) : terminalScreen(write, wantsColours(process.stdout, process.env));
const progress = (line: string) => void process.stderr.write(`${line}\n`);

// Ctrl-C ends the waiting, not the cleaning up.
let interrupt = () => {};
const interrupted = new Promise<"interrupted">((resolve) => {
  interrupt = () => resolve("interrupted");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupt());

async function withoutPods(kind: "embedded" | "kind" | "current") {
  const stage = await buildStage(kind, progress);
  return { stage, story: await Story.open(stage, screen) };
}

async function withPods() {
  const stage = await buildNodeStage(progress);
  return { stage, story: await NodeStory.open(stage, screen) };
}

let code = 1;
try {
  const { stage, story } = await (node ? withPods() : withoutPods(kube));
  try {
    const gone = stage.operatorEnded.then((exit) => {
      throw new Error(`the operator ended with ${exit}; its log: ${stage.operatorLog}`);
    });
    await Promise.race([story.runOnce(), interrupted, gone]);
    code = story.complete ? 0 : 1;
    if (!once) {
      await Promise.race([story.encore(), interrupted, gone]);
      const { commands, ui } = story.sights;
      const [first, ...others] = commands;
      const { kubeconfig, kubectl } = stage.kube;
      const text = `Look around, in another terminal:

   export KUBECONFIG=${kubeconfig}
   ${first}       (no kubectl here? ${kubectl.join(" ")})
${others.map((command) => `   ${command}\n`).join("")}   Flink's own UI: ${ui}
   operator's log: ${stage.operatorLog}

Ctrl-C ends everything.`;
      screen.tell({ kind: "ready", text, data: { kubeconfig, flink: ui } });
      await Promise.race([interrupted, gone]);
    }
    const said = story.complete ? "All of it was observed." : "Not all of it was observed.";
    screen.tell({ kind: "end", text: said, data: { complete: story.complete } });
  } finally {
    await stage.strike();
  }
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`);
}
process.exit(code);
