import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const STORES: ReadonlySet<string> = new Set(["job-result-store", "application-result-store"]);
const PAUSE_MS = 50;
/** An empty file that stays is an older kill's. */
const LONGEST_MS = 5_000;

/**
 * Freezes a JobManager (SIGSTOP) at a moment at which it is not writing how a job ended: one that is killed then leaves an empty
 * file, and Flink (seen on 1.20.5 and 2.3.0) starts on that directory never again. What a test shows by a kill is another thing.
 */
export async function freezeBetweenResults(pid: number, highAvailability: string): Promise<void> {
  for (const end = performance.now() + LONGEST_MS; ; await sleep(PAUSE_MS)) {
    process.kill(pid, "SIGSTOP");
    if (performance.now() > end || !(await hasEmptyResult(highAvailability))) return;
    process.kill(pid, "SIGCONT");
  }
}

/** Whether a result has been begun and not written. */
export async function hasEmptyResult(highAvailability: string): Promise<boolean> {
  const entries = await readdir(highAvailability, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile() || !STORES.has(storeOf(entry.parentPath))) continue;
    const { size } = await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 1 }));
    if (size === 0) return true;
  }
  return false;
}

/** Below the store is a directory for each cluster. */
function storeOf(directory: string): string {
  const name = basename(directory);
  return STORES.has(name) ? name : basename(join(directory, ".."));
}
