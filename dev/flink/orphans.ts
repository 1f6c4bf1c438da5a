import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory, digest, type Progress } from "./cache.ts";
import { hasCode } from "./lock.ts";
import { end, isRunning } from "./process.ts";
import { type ClusterState, members } from "./state.ts";

/**
 * Copies of the states of all clusters that belong to a process. They are kept outside of the clusters' directories: a
 * dead test run may have deleted those before it died.
 */
function registry(): string {
  return join(cacheDirectory(), "owned-clusters");
}

/** To be called with every new state of a cluster that has an owner. */
export async function register(state: ClusterState): Promise<void> {
  if (state.owner === undefined) return;
  const file = join(registry(), `${digest(state.dir)}.json`);
  if (members(state).length === 0) return rm(file, { force: true });
  await mkdir(registry(), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, JSON.stringify(state));
  await rename(temporary, file);
}

/** Ends the processes of clusters whose owner is gone. */
export async function endOrphans(progress: Progress): Promise<void> {
  if (!existsSync(registry())) return;
  for (const name of await readdir(registry())) {
    if (!name.endsWith(".json")) continue;
    const file = join(registry(), name);
    const state = await read(file);
    if (state?.owner === undefined || isRunning(state.owner)) continue;
    const alive = members(state).filter((member) => isRunning(member.process));
    if (alive.length > 0)
      progress(`Ending Flink in ${state.dir}: its owner, process ${state.owner.pid}, is gone`);
    await Promise.all(alive.map((member) => end(member.process, "SIGKILL", 0)));
    await rm(file, { force: true });
  }
}

async function read(file: string): Promise<ClusterState | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as ClusterState;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
