// `npm test`: everything, in the order in which a failure is cheapest. `--unit`: only what needs no real parts.
// The last line is always "N passed, N failed".
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name: string) => join(root, "node_modules", ".bin", name);
const unitOnly = process.argv.includes("--unit");
const filters = process.argv.slice(2).filter((word) => !word.startsWith("--"));

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}
const tally: Tally = { passed: 0, failed: 0, skipped: 0 };

/** Runs a command with its output passed on, or given back as one text; its exit code. */
function run(command: string, args: string[], keep?: (output: string) => void): Promise<number> {
  return new Promise((resolve) => {
    const stdio = keep ? "pipe" : "inherit";
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", stdio, stdio] });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text) => keep?.(text));
    child.on("error", (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      resolve(1);
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** A check counts as one test. Checks run beside each other, so what one says is told when it has ended. */
async function check(title: string, command: string, args: string[]): Promise<void> {
  const begin = performance.now();
  let output = "";
  const code = await run(command, args, (text) => {
    output += text;
  });
  tally[code === 0 ? "passed" : "failed"]++;
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  process.stdout.write(`${output}${code === 0 ? "ok" : "FAILED"}  ${title} (${seconds} s)\n`);
}

/** `behind`: it takes what the others leave of the machine. */
async function vitest(project: string, { behind = false } = {}): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "flinkjob-report-"));
  const report = join(dir, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  // With a filter, one of the projects usually has nothing that fits.
  const some = filters.length > 0 ? ["--passWithNoTests"] : [];
  const words = [bin("vitest"), "run", "--project", project, ...reporters, ...some, ...filters];
  const [command = "", ...args] = behind ? ["nice", "-n", "19", ...words] : words;
  const code = await run(command, args);
  const text = await readFile(report, "utf8").catch(() => undefined);
  await rm(dir, { recursive: true });
  const counts = text === undefined ? undefined : (JSON.parse(text) as Record<string, number>);
  const failed = counts?.numFailedTests ?? 0;
  tally.passed += counts?.numPassedTests ?? 0;
  tally.skipped += counts?.numPendingTests ?? 0;
  // A file that does not load, or a set-up that fails, fails no test; it must count all the same.
  tally.failed += failed === 0 && code !== 0 ? 1 : failed;
}

/** The crash matrix, whose last line is its tally. */
async function crashes(title: string, args: string[]): Promise<void> {
  const begin = performance.now();
  let output = "";
  const code = await run(bin("node"), ["test/crash/run.ts", ...args], (text) => {
    process.stdout.write(text);
    output += text;
  });
  const [, passed, failed, skipped] = /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(output) ?? [];
  tally.passed += Number(passed ?? 0);
  tally.skipped += Number(skipped ?? 0);
  // One that ends without a tally counts all the same.
  tally.failed += Number(failed ?? 0) || (code === 0 ? 0 : 1);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  process.stdout.write(`${code === 0 ? "ok" : "FAILED"}  ${title} (${seconds} s)\n`);
}

/** The tests with pods, where a node can run. */
async function pods(): Promise<void> {
  if (process.platform === "linux" && process.getuid?.() === 0) return await vitest("node");
  tally.skipped++;
  process.stdout.write("skipped  tests with pods (test/node): running pods needs root on Linux\n");
}

if (filters.length === 0) {
  await Promise.all([
    check("lint and format (biome)", bin("biome"), ["check", "."]),
    check("types (tsc)", bin("tsc"), ["--noEmit"]),
    check("generated files", bin("node"), ["dev/generate.ts", "--check"]),
    ...(unitOnly ? [] : [check("build (esbuild)", bin("node"), ["dev/build.ts"])]),
  ]);
}
await vitest("unit");
if (!unitOnly) {
  const everything = filters.length === 0;
  // Real parts wait more than they work, and pods need a node that there is once: two files at a time beside those with pods.
  const real = async () => {
    await vitest("e2e");
    await vitest("conformance");
  };
  const others = async () => {
    await pods();
    if (everything) await crashes("crash matrix, a sample on real Flinks", ["--real", "--sample", "12"]);
  };
  const withPods = others();
  // The model works without a pause and waits for nobody: it takes what the others leave when the pods are gone.
  const model = withPods.then(() => vitest("model", { behind: true }));
  await Promise.all([real(), withPods]);
  // It knows a lost answer by the time, and waits more than it works: with nobody beside it but the model.
  if (everything) await crashes("crash matrix on fake Flinks", ["--own-sample", "10"]);
  await model;
}
const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : "";
process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed${skipped}\n`);
process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1;
