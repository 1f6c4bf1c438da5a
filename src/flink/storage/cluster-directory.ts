import { lstat, readdir, realpath, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";

/** What is to be removed of one directory below a cluster's storage. */
export interface CleaningRequest {
  /** Where the volume is mounted. */
  root: string;
  /** Of one cluster, or of all clusters of one FlinkJob: NAMESPACE/NAME. */
  directory: string;
  /** Savepoints always stay. Snapshots: checkpoints that a job could start from stay, too. */
  keep: "Snapshots" | "Savepoints";
  /** Names below `checkpoints` that stay in any case: somebody is known to need them. */
  needed: readonly string[];
  /** The memory of JobIDs that ended stays: they could come again. */
  keepResults: boolean;
}

/** It is not a directory that may be cleaned. */
export class DirectoryRefused extends Error {
  override readonly name = "DirectoryRefused";
  readonly code = "DirectoryRefused";
}

const NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/u;
/** What Flink remembers ended jobs and applications by. */
const RESULTS: readonly string[] = ["job-result-store", "application-result-store"];
const METADATA = "_metadata";

/**
 * Removes what the pods of a cluster that is gone left in its storage, and the directory itself when nothing is left. Only
 * what the operator and Flink put there is touched, and no symbolic link is followed. Returns what stays, by its path below the
 * directory. Done again it does nothing. Throws DirectoryRefused, and the file system's own errors.
 */
export async function cleanDirectory(request: CleaningRequest): Promise<string[]> {
  const { root, directory, needed, keepResults } = request;
  const path = await directoryBelow(root, directory);
  if (path === undefined) return [];
  for (const name of await directoriesIn(path)) {
    const part = join(path, name);
    if (name === "upload" || (name === "ha" && !keepResults)) await removeAll(part);
    else if (name === "ha") await removeAllBut(part, RESULTS);
    else if (name === "checkpoints") {
      for (const job of await directoriesIn(part)) {
        const stays = needed.includes(job) || (request.keep === "Snapshots" && (await holdsState(part, job)));
        if (!stays) await removeAll(join(part, job));
      }
      await removeEmpty(part);
    } else if (name === "savepoints") await removeEmpty(part);
  }
  if (await removeEmpty(path)) return [];
  return await contentsOf(path);
}

/** Each step of the way must be a directory, and no link to one: the volume is everybody's. Undefined where there is none. */
async function directoryBelow(root: string, directory: string): Promise<string | undefined> {
  const names = directory.split("/");
  if (names.length !== 2 || !names.every((name) => NAME.test(name) && !name.includes(".."))) {
    throw new DirectoryRefused(`${directory} is not NAMESPACE/NAME`);
  }
  let path = await realpath(root);
  for (const name of names) {
    path = join(path, name);
    const found = await lstat(path).catch(unlessMissing);
    if (!found) return undefined;
    if (!found.isDirectory()) throw new DirectoryRefused(`${directory}: ${name} is not a directory`);
  }
  return path;
}

/**
 * Whether a job may be started from it, or from something that refers to it: incremental checkpoints, of other jobs too that
 * took them over, share files. What has no `_metadata` was never complete.
 */
async function holdsState(parent: string, name: string): Promise<boolean> {
  const path = join(parent, name);
  if (name.startsWith("chk-")) return (await readdir(path)).includes(METADATA);
  if (name === "shared" || name === "taskowned") return await holdsFile(path);
  for (const child of await directoriesIn(path)) if (await holdsState(path, child)) return true;
  return false;
}

async function holdsFile(path: string): Promise<boolean> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (!entry.isDirectory() || (await holdsFile(join(path, entry.name)))) return true;
  }
  return false;
}

async function directoriesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

async function removeAll(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** All but directories of these names, at any depth. */
async function removeAllBut(path: string, names: readonly string[]): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const part = join(path, entry.name);
    if (!entry.isDirectory()) await rm(part, { force: true });
    else if (!names.includes(entry.name)) await removeAllBut(part, names);
  }
  await removeEmpty(path);
}

/** False where something is in it. */
async function removeEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST"].includes(codeOf(error) ?? "")) return false;
    if (codeOf(error) === "ENOENT") return true;
    throw error;
  }
}

/** What is in it: of what Flink put there, also what is one below. */
async function contentsOf(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  const names = await Promise.all(
    entries.map(async (entry) => {
      const { name } = entry;
      if (!entry.isDirectory() || !["checkpoints", "savepoints"].includes(name)) return [name];
      return (await readdir(join(path, name))).map((child) => `${name}/${child}`);
    }),
  );
  return names.flat().sort();
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

function unlessMissing(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
  return undefined;
}
