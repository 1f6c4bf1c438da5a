// `npm run bench`: what the operator needs, beside a floor measured in the same run and beside the official operator
// (1.15.0; measured once on a machine of the same kind, 2 cores, with a real API server). Nothing here is a test: no figure
// passes or fails. `-- --json` prints one JSON object, `-- --jobs N` takes N jobs at once instead of 1000.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism, cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Figure, toJson, toTable } from "./figures.ts";
import { BundledOperator } from "./operator.ts";
import { benchNamespace, makePlace } from "./place.ts";
import { measureReady } from "./ready.ts";
import { atOnce, singles } from "./rounds.ts";
import { measureStart } from "./start.ts";
import { measureSteady } from "./steady.ts";
import { measureSubmission } from "./submission.ts";
import { measureWrites } from "./writes.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    jobs: { type: "string", default: "1000" },
    singles: { type: "string", default: "30" },
  },
});
const jobs = Number(options.jobs);
const progress = (line: string) => void process.stderr.write(`${line}\n`);

async function measure(): Promise<Figure[]> {
  await using place = await makePlace(progress);
  progress("Starting and stopping the operator (about 20 s) ...");
  const figures = await measureStart(place);
  const operator = await BundledOperator.start(place.kubeconfig, benchNamespace);
  try {
    progress(`${options.singles} jobs, one after the other (about 20 s) ...`);
    const single = await singles(place, operator, Number(options.singles));
    progress(`${jobs} jobs at once (about a minute for 1000) ...`);
    const many = await atOnce(place, operator, jobs);
    progress("Doing nothing for a minute ...");
    const steady = await measureSteady(place, operator, jobs + single.lives.length);
    figures.push(
      ...measureSubmission(single, many),
      ...measureReady(single, many),
      ...measureWrites(single, many),
      ...steady,
    );
  } finally {
    await operator.stop();
  }
  return figures;
}

async function buildBundle(): Promise<void> {
  const build = fileURLToPath(new URL("../../dev/build.ts", import.meta.url));
  const [code] = (await once(
    spawn(process.execPath, [build, "image"], { stdio: ["ignore", "ignore", 2] }),
    "exit",
  )) as [number];
  if (code !== 0) throw new Error("The bundle cannot be built; the reason is above");
}

// So that what hangs on this process's end is ended.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
await buildBundle();
const machine = {
  cores: availableParallelism(),
  cpu: cpus()[0]?.model,
  node: process.version,
  loadBefore: loadavg()[0],
};
const figures = await measure();
const about = { ...machine, loadAfter: loadavg()[0] };
if (options.json) process.stdout.write(`${JSON.stringify({ machine: about, figures: toJson(figures) })}\n`);
else process.stdout.write(`${toTable(figures)}\n\n${JSON.stringify(about)}\n`);
