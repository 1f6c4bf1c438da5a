// The front door of every npm script: `node dev/run.mjs SCRIPT.ts [arguments]`.
// Plain JavaScript for any Node that npm itself runs on: it installs the dependencies when they are missing or
// older than the lock file, then runs the script under the Node version that the project pins.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const node = join(root, "node_modules", ".bin", "node");
const stamp = join(root, "node_modules", ".installed-lock.json");
const lock = readFileSync(join(root, "package-lock.json"), "utf8");

const installed = () => existsSync(node) && existsSync(stamp) && readFileSync(stamp, "utf8") === lock;
if (!installed()) {
  const release = await installer();
  // Whoever had it meanwhile has installed them.
  if (!installed()) install();
  release();
}

function install() {
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

/**
 * Waits for its turn: two `npm ci` in one folder delete each other's files. A socket without a file (Linux only) is gone
 * with its process, however that ends; this file cannot use dev/machine/lock.ts, which needs the packages.
 */
async function installer() {
  if (process.platform !== "linux") return () => {};
  // Hashed: such names are short.
  const path = `\0flinkjob-install-${createHash("sha256").update(root).digest("hex")}`;
  for (;;) {
    const server = createServer();
    const taken = await new Promise((resolve, reject) => {
      server.once("error", (error) => (error.code === "EADDRINUSE" ? resolve(false) : reject(error)));
      server.listen(path, () => resolve(true));
    });
    if (taken) {
      const waiting = new Set();
      server.on("connection", (socket) => waiting.add(socket.on("error", () => {})));
      return () => {
        server.close();
        for (const socket of waiting) socket.destroy();
      };
    }
    await new Promise((resolve) => connect(path).on("error", resolve).on("close", resolve).resume());
  }
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
