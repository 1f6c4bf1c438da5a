import { open, readFile, rm, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Runs `body` while no other process runs one under the same lock file. Calls `onWait` once when it has to wait. The
 * lock of a process that died is taken over.
 */
export async function withLock<T>(
  path: string,
  body: () => Promise<T>,
  onWait: () => void = () => {},
): Promise<T> {
  let waiting = false;
  while (!(await takeLock(path))) {
    if (!waiting) onWait();
    waiting = true;
    await delay(100);
  }
  try {
    return await body();
  } finally {
    await rm(path, { force: true });
  }
}

/** True when the lock file is now ours. Two processes that find the same dead owner at once could both go on. */
async function takeLock(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    await file.writeFile(`${process.pid}\n`);
    await file.close();
    return true;
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
  if (await isAbandoned(path)) await rm(path, { force: true });
  return false;
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const pid = Number.parseInt(await readFile(path, "utf8"), 10);
    // Created and not yet written: give its owner a moment.
    if (Number.isNaN(pid)) return Date.now() - (await stat(path)).mtimeMs > 5_000;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    if (hasCode(error, "ESRCH")) return true;
    if (hasCode(error, "ENOENT") || hasCode(error, "EPERM")) return false;
    throw error;
  }
}

/** Whether this is an error of the system with this code, e.g. ENOENT. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
