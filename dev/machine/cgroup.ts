import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hasCode } from "./system-error.ts";

const root = "/sys/fs/cgroup";
const patienceMillis = 5_000;
const pollMillis = 20;

/** Makes a control group directly below the root: of version 2, or in each hierarchy of version 1. */
export async function makeCgroup(name: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const dir = join(hierarchy, name);
    await mkdir(dir, { recursive: true });
    // Version 1 lets no process into a group without processors and memory nodes, and gives it none by itself.
    for (const file of ["cpuset.cpus", "cpuset.mems"])
      if (existsSync(join(root, "cpuset")) && existsSync(join(dir, file)))
        await writeFile(join(dir, file), await readFile(join(hierarchy, file)));
  }
}

/** Removes the group with all groups in it; their processes must have ended. Waits a moment for the kernel to let go. */
export async function removeCgroup(name: string): Promise<void> {
  const deadline = performance.now() + patienceMillis;
  for (const hierarchy of await hierarchies()) {
    const dir = join(hierarchy, name);
    while (existsSync(dir)) {
      try {
        await removeTree(dir);
      } catch (error) {
        if (!hasCode(error, "EBUSY") || performance.now() > deadline) throw error;
        await delay(pollMillis);
      }
    }
  }
}

/** Files of control groups cannot be removed, and need not be. */
async function removeTree(dir: string): Promise<void> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    for (const entry of entries) if (entry.isDirectory()) await removeTree(join(dir, entry.name));
    await rmdir(dir);
  } catch (error) {
    // Another process is removing it as well.
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

async function hierarchies(): Promise<string[]> {
  if (!existsSync(root)) return [];
  if (existsSync(join(root, "cgroup.controllers"))) return [root];
  const entries = await readdir(root, { withFileTypes: true });
  const all = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(root, name));
  // Beside them there may be a version 2 hierarchy without controllers, in which groups are made all the same.
  return all.filter((hierarchy) => existsSync(join(hierarchy, "cgroup.procs")));
}
