import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheDirectory, type Progress } from "./cache.ts";
import { removeCgroup } from "./cgroup.ts";
import { digest } from "./digest.ts";
import { end, identify, isRunning, type ProcessIdentity } from "./process.ts";
import { hasCode } from "./system-error.ts";

/** Something of processes and a directory that was started on this machine, by a command or by a test run. */
export interface Instance {
  /** What it is, for people: "control plane", "Flink". */
  readonly kind: string;
  /** Absolute. */
  readonly dir: string;
  readonly pids: readonly ProcessIdentity[];
  /** A control group that goes with it. */
  readonly cgroup?: string;
  /** It is to end when this process is gone; without one it goes on until it is stopped. */
  readonly ownerPid?: number;
}

interface Entry extends Omit<Instance, "ownerPid"> {
  readonly owner?: ProcessIdentity;
}

/** Its content is the path of the directory that holds it: a copy of it elsewhere permits nothing. */
const disposableMark = ".flinkjob-disposable";
const graceMillis = 5_000;

/** Outside of the instances' directories: a dead test run may have deleted those before it died. */
function registry(): string {
  return join(cacheDirectory(), "instances");
}

function entryFile(dir: string): string {
  return join(registry(), `${digest(dir)}.json`);
}

/** Notes an instance, in place of what was noted for its directory before. To be called whenever its processes change. */
export async function registerInstance({ kind, dir, pids, cgroup, ownerPid }: Instance): Promise<void> {
  const owner = ownerPid === undefined ? undefined : identify(ownerPid);
  if (ownerPid !== undefined && owner === undefined) throw new OwnerGoneError(ownerPid);
  const entry: Entry = {
    kind,
    dir,
    pids,
    ...(cgroup !== undefined && { cgroup }),
    ...(owner !== undefined && { owner }),
  };
  await mkdir(registry(), { recursive: true });
  const file = entryFile(dir);
  const temporary = `${file}.${randomUUID().slice(0, 8)}.tmp`;
  await writeFile(temporary, JSON.stringify(entry));
  await rename(temporary, file);
}

/** Forgets the instance of this directory; to be called when its processes have ended. */
export async function unregisterInstance(dir: string): Promise<void> {
  await rm(entryFile(dir), { force: true });
}

/**
 * Ends the processes of all instances whose owner is gone, deletes their directories if they are disposable, and forgets
 * instances that have ended. To be called at every start of anything.
 */
export async function reapDead(progress: Progress = () => {}): Promise<void> {
  if (!existsSync(registry())) return;
  const names = (await readdir(registry())).filter((name) => name.endsWith(".json"));
  const entries = await Promise.all(names.map((name) => readEntry(join(registry(), name))));
  const over = entries.filter((entry) => entry !== undefined).filter(isOver);
  // First all processes, then the directories: one may hold that of another.
  await Promise.all(over.map((entry) => endProcesses(entry, progress)));
  for (const { dir, owner, cgroup } of over) {
    if (cgroup !== undefined) await removeCgroup(cgroup);
    if (owner !== undefined && (await isDisposable(dir))) await rm(dir, { recursive: true, force: true });
    await unregisterInstance(dir);
  }
}

/** Its owner is gone, or, without one, it has ended by itself. */
function isOver({ pids, owner }: Entry): boolean {
  return owner === undefined ? !pids.some(isRunning) : !isRunning(owner);
}

async function endProcesses({ kind, dir, pids, owner }: Entry, progress: Progress): Promise<void> {
  const alive = pids.filter(isRunning);
  if (alive.length > 0) progress(`Ending the ${kind} in ${dir}: its owner, process ${owner?.pid}, is gone`);
  await Promise.all(alive.map((process) => end(process, "SIGTERM", graceMillis)));
}

async function readEntry(file: string): Promise<Entry | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Entry;
  } catch (error) {
    // Another process has just reaped it.
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** A new private directory that may be deleted, with everything in it, once the owner of its instance is gone. */
export async function disposableDirectory(name: string, parent: string = tmpdir()): Promise<string> {
  await mkdir(parent, { recursive: true });
  const dir = await mkdtemp(join(await realpath(parent), `${name}-`));
  await writeFile(join(dir, disposableMark), dir);
  return dir;
}

async function isDisposable(dir: string): Promise<boolean> {
  try {
    const marked = await readFile(join(dir, disposableMark), "utf8");
    return marked === dir && (await realpath(dir)) === dir;
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return false;
    throw error;
  }
}

/** The process that was to own an instance does not run. */
export class OwnerGoneError extends Error {
  readonly code = "OWNER_GONE";
  constructor(pid: number, options?: ErrorOptions) {
    super(`No process ${pid} runs that could own anything`, options);
    this.name = "OwnerGoneError";
  }
}
