import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import type { Progress } from "../machine/cache.ts";
import { withLock } from "../machine/lock.ts";
import { checkPrerequisites, containerPackages, PrerequisitesError } from "../machine/prerequisites.ts";

const run = promisify(execFile);
const patienceMillis = 10 * 60_000;

/**
 * What a node needs of this machine. Installs Debian's packages of it when this is Debian and we are root, and else throws
 * PrerequisitesError, which tells what to install.
 */
export async function ensureNodePackages(progress: Progress = () => {}): Promise<void> {
  const check = () => checkPrerequisites({ needs: ["containers"] });
  try {
    return await check();
  } catch (error) {
    const mayInstall = existsSync("/etc/debian_version") && userInfo().uid === 0;
    if (!(error instanceof PrerequisitesError) || !mayInstall) throw error;
  }
  await withLock("node-packages", async () => {
    progress(`Installing ${containerPackages.join(", ")} (usually 20 s, only once) ...`);
    await aptGet("update", "-qq");
    await aptGet("install", "-qq", "--yes", "--no-install-recommends", ...containerPackages);
  });
  await check();
}

async function aptGet(...args: string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", args, { env, timeout: patienceMillis });
}
