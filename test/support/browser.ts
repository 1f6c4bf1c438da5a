import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { ensureDebianPackages } from "../../dev/machine/debian-packages.ts";
import { browserPrograms, checkPrerequisites } from "../../dev/machine/prerequisites.ts";

const run = promisify(execFile);

/** Alone on this machine: it is to look nothing up elsewhere, and root runs no sandbox. */
const flags = ["--no-sandbox", "--disable-quic", "--disable-component-update", "--disable-sync"];

/** A headless Chromium; installed where that can be. Throws PrerequisitesError without one. */
export async function openBrowser(): Promise<Browser> {
  const check = () => checkPrerequisites({ needs: ["browser"] });
  await ensureDebianPackages(["chromium"], check, (line) => void process.stderr.write(`${line}\n`));
  const search = browserPrograms.map((program) => `command -v ${program}`).join(" || ");
  const { stdout } = await run("/bin/sh", ["-c", search]);
  return chromium.launch({ executablePath: stdout.trim(), args: flags });
}
