// The front door of every npm script: `node dev/run.mjs SCRIPT.ts [arguments]`.
// Plain JavaScript for any Node that npm itself runs on: it installs the dependencies when they are missing or
// older than the lock file, then runs the script under the Node version that the project pins.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const node = join(root, "node_modules", ".bin", "node");
const stamp = join(root, "node_modules", ".installed-lock.json");
const lock = readFileSync(join(root, "package-lock.json"), "utf8");

const installed = existsSync(node) && existsSync(stamp) && readFileSync(stamp, "utf8") === lock;
if (!installed) {
  process.stderr.write("Installing the project's packages (npm ci, usually 15-30 s) ...\n");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0 || !existsSync(node)) {
    process.stderr.write("npm ci failed: its message is above.\n");
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}

// Tools that the script starts by name are the project's own as well.
const PATH = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);
const child = spawn(node, process.argv.slice(2), {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, PATH },
});
// The terminal sends Ctrl-C to the whole group; the script decides when to end, and we end with it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on("exit", (code, signal) => {
  if (signal) process.kill(process.pid, signal);
  else process.exit(code ?? 1);
});
