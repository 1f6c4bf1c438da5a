import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import type { Progress } from "./cache.ts";
import { withLock } from "./lock.ts";
import { PrerequisitesError } from "./prerequisites.ts";

const run = promisify(execFile);
const patienceMillis = 10 * 60_000;

/**
 * Installs Debian's packages where `check` finds something missing, when this is Debian and we are root; else throws its
 * PrerequisitesError, which tells what to install.
 */
export async function ensureDebianPackages(
  packages: readonly string[],
  check: () => Promise<void>,
  progress: Progress = () => {},
): Promise<void> {
  try {
    return await check();
  } catch (error) {
    const mayInstall = existsSync("/etc/debian_version") && userInfo().uid === 0;
    if (!(error instanceof PrerequisitesError) || !mayInstall) throw error;
  }
  await withLock("debian-packages", async () => {
    progress(`Installing ${packages.join(", ")} (usually 20 s, only once) ...`);
    await aptGet("update", "-qq");
    await aptGet("install", "-qq", "--yes", "--no-install-recommends", ...packages);
  });
  await check();
}

async function aptGet(...args: string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", args, { env, timeout: patienceMillis });
}
