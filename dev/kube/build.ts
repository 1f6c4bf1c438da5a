import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, statfs } from "node:fs/promises";
import { constants, cpus, setPriority } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cacheDirectory, type Progress } from "../machine/cache.ts";
import { disposableDirectory, registerInstance, unregisterInstance } from "../machine/instances.ts";
import { withLock } from "../machine/lock.ts";
import { checkPrerequisites } from "../machine/prerequisites.ts";
import { BuildProgress, duration } from "./build-progress.ts";
import { KubeError } from "./errors.ts";
import type { GoProgram } from "./program.ts";
import { nativeEnvironment, type Recipe, readRecipe, readToolchain } from "./recipe.ts";

const patienceMillis = 60 * 60 * 1000;

/**
 * The path of a program's binary; built when this machine has none of this recipe (minutes, once). Processes that want it
 * at the same time wait for one of them. Throws PrerequisitesError, KubeError.
 */
export async function builtBinary(program: GoProgram, progress: Progress = () => {}): Promise<string> {
  await checkPrerequisites({ needs: ["go"] });
  const recipe = await readRecipe(await readToolchain(program), program);
  if (existsSync(recipe.binary)) return recipe.binary;
  const build = async () => {
    if (!existsSync(recipe.binary)) await buildIntoCache(program, recipe, progress);
  };
  await withLock(recipe.binary, build, () =>
    progress(`Another process is building ${program.title} ${recipe.version}: waiting for it ...`),
  );
  return recipe.binary;
}

async function buildIntoCache(program: GoProgram, recipe: Recipe, progress: Progress): Promise<void> {
  const { title, name, usually } = program;
  const { FLINKJOB_GOCACHE: goCache, FLINKJOB_GOMODCACHE: modules } = process.env;
  await mkdir(cacheDirectory(), { recursive: true });
  if (!goCache) await checkSpace(program);
  progress(
    `Building ${title} ${recipe.version} from source, once for this machine: usually ${usually} on two cores ` +
      `(here: ${cpus().length}) ...`,
  );
  // In the cache, not in /tmp: that may be small, and the last step is to be a rename.
  const workplace = await disposableDirectory(`${name}-build`, cacheDirectory());
  await registerInstance({ kind: "build", dir: workplace, pids: [], ownerPid: process.pid });
  const lines = new BuildProgress(program, progress, () => performance.now());
  try {
    const output = join(workplace, name);
    const env = {
      ...nativeEnvironment(),
      GOTMPDIR: workplace,
      GOCACHE: goCache || join(workplace, "packages"),
      GOMODCACHE: modules || join(workplace, "modules"),
    };
    await runGo(program, [...recipe.build, "-o", output, "."], env, lines);
    await rename(output, recipe.binary);
  } finally {
    // 3.8 GB in 100 000 files: takes seconds.
    await rm(workplace, { recursive: true, force: true });
    await unregisterInstance(workplace);
  }
  progress(`Built ${title} ${recipe.version} in ${duration(lines.seconds)}: ${recipe.binary}`);
}

async function checkSpace({ title, space }: GoProgram): Promise<void> {
  const { bavail, bsize } = await statfs(cacheDirectory());
  const free = bavail * bsize;
  if (free >= space) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new KubeError(
    "KUBE_BUILD",
    `Building ${title} needs ${gigabytes(space)} for a while, ${cacheDirectory()} has ${gigabytes(free)}. ` +
      "Set XDG_CACHE_HOME to a place with more, or use a cluster of your own: --kube current.",
  );
}

async function runGo(
  { title, module }: GoProgram,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  lines: BuildProgress,
): Promise<void> {
  const child = spawn("go", args, {
    cwd: module,
    env,
    stdio: ["ignore", "ignore", "pipe"],
    timeout: patienceMillis,
  });
  // Without this, Node ends at once, and leaves the compiler running and gigabytes behind.
  let interrupted: NodeJS.Signals | undefined;
  const interrupt = (signal: NodeJS.Signals) => {
    interrupted = signal;
    child.kill("SIGTERM");
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.once(signal, interrupt);
  try {
    createInterface({ input: child.stderr }).on("line", (line) => lines.line(line));
    const status = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.once("error", reject);
      // Minutes of all cores: whatever else this machine does goes first.
      child.once("spawn", () => setPriority(child.pid!, constants.priority.PRIORITY_BELOW_NORMAL));
      child.once("close", (code, signal) => resolve(code ?? signal));
    });
    if (interrupted !== undefined) throw new KubeError("KUBE_BUILD", `The build was ended by ${interrupted}`);
    if (status !== 0)
      throw new KubeError("KUBE_BUILD", `Building ${title} failed (${status}):\n${lines.complaint}`);
  } finally {
    for (const signal of signals) process.removeListener(signal, interrupt);
  }
}
