// `npm run demo`: a FlinkJob on a real Kubernetes API server and a real Flink, on this machine.
import { parseArgs } from "node:util";
import { jsonScreen, terminalScreen, wantsColours } from "./demo/screen.ts";
import { buildStage } from "./demo/stage.ts";
import { Story } from "./demo/story.ts";

const usage = `Usage: npm run demo -- [--once] [--json] [--kube embedded|kind|current]

  --once   end when the story is told; exit code 0 only if all of it was really observed
  --json   one event per line on standard output
  --kube   where the Kubernetes API comes from (default: embedded, built once from source)
`;

function options() {
  try {
    return parseArgs({
      options: {
        once: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        kube: { type: "string", default: "embedded" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}

const { once, json, kube, help } = options();
if (help) {
  process.stdout.write(usage);
  process.exit(0);
}
if (kube !== "embedded" && kube !== "kind" && kube !== "current") {
  process.stderr.write(`demo: --kube ${kube}: give embedded, kind or current\n`);
  process.exit(2);
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

let code = 1;
try {
  const stage = await buildStage(kube, progress);
  try {
    const story = await Story.open(stage, screen);
    const gone = stage.operatorEnded.then((exit) => {
      throw new Error(`the operator ended with ${exit}; its log: ${stage.operatorLog}`);
    });
    await Promise.race([story.runOnce(), interrupted, gone]);
    code = story.complete ? 0 : 1;
    if (!once) {
      await Promise.race([story.encore(), interrupted, gone]);
      const text = `Look around, in another terminal:

   export KUBECONFIG=${stage.kube.kubeconfig}
   kubectl get fj,fc -o wide       (no kubectl here? ${stage.kube.kubectl.join(" ")})
   kubectl describe fj counter
   Flink's own UI: ${stage.flink.url}
   operator's log: ${stage.operatorLog}

Ctrl-C ends everything.`;
      screen.tell({
        kind: "ready",
        text,
        data: { kubeconfig: stage.kube.kubeconfig, flink: stage.flink.url },
      });
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
