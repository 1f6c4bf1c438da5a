import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { disposableDirectory, reapDead, registerInstance, unregisterInstance } from "./instances.ts";
import { end, identify, isRunning, type ProcessIdentity } from "./process.ts";

let root: string;
const started: ProcessIdentity[] = [];

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "instances-")));
  vi.stubEnv("XDG_CACHE_HOME", root);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const process of started.splice(0)) await end(process, "SIGKILL", 0);
  await rm(root, { recursive: true });
});

async function sleeper(): Promise<ProcessIdentity> {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(child, "spawn");
  const process = identify(child.pid!)!;
  started.push(process);
  return process;
}

/** An instance in `dir` whose owner has died since. */
async function orphan(dir: string, process: ProcessIdentity): Promise<ProcessIdentity> {
  const owner = await sleeper();
  await registerInstance({ kind: "thing", dir, pids: [process], ownerPid: owner.pid });
  await end(owner, "SIGKILL", 0);
  return owner;
}

const registered = () => readdir(join(root, "flinkjob", "instances"));

it("ends what belongs to a process that is gone, says so, and touches nothing else", async () => {
  const [dead, kept, free] = [await sleeper(), await sleeper(), await sleeper()];
  await registerInstance({ kind: "thing", dir: "/kept", pids: [kept], ownerPid: process.pid });
  await registerInstance({ kind: "thing", dir: "/free", pids: [free] });
  const owner = await orphan("/dead", dead);
  const lines: string[] = [];
  await reapDead((line) => lines.push(line));
  expect([dead, kept, free].map(isRunning)).toEqual([false, true, true]);
  expect(lines).toEqual([`Ending the thing in /dead: its owner, process ${owner.pid}, is gone`]);
  expect(await registered()).toHaveLength(2);
});

it("never ends a later process with a recycled number", async () => {
  const process = await sleeper();
  await orphan("/dead", { ...process, startTicks: process.startTicks - 1 });
  await reapDead();
  expect(isRunning(process)).toBe(true);
  expect(await registered()).toEqual([]);
});

it("takes a recycled owner's number for a dead owner", async () => {
  const [owner, process] = [await sleeper(), await sleeper()];
  await registerInstance({ kind: "thing", dir: "/x", pids: [process], ownerPid: owner.pid });
  const file = join(root, "flinkjob", "instances", (await registered())[0]!);
  const entry = {
    kind: "thing",
    dir: "/x",
    pids: [process],
    owner: { ...owner, startTicks: owner.startTicks - 1 },
  };
  await writeFile(file, JSON.stringify(entry));
  await reapDead();
  expect([isRunning(owner), isRunning(process)]).toEqual([true, false]);
});

it("forgets what was unregistered, and what ended without an owner", async () => {
  const [stopped, ended] = [await sleeper(), await sleeper()];
  await orphan("/stopped", stopped);
  await unregisterInstance("/stopped");
  await registerInstance({ kind: "thing", dir: "/ended", pids: [ended] });
  await end(ended, "SIGKILL", 0);
  await reapDead();
  expect(isRunning(stopped)).toBe(true);
  expect(await registered()).toEqual([]);
});

it("deletes a directory only when it was made to be disposable", async () => {
  const disposable = await disposableDirectory("thing", join(root, "made"));
  const users = join(root, "users");
  const copied = join(root, "copied");
  const linked = join(root, "linked");
  await mkdir(users);
  await mkdir(copied);
  const elsewhere = await disposableDirectory("elsewhere", root);
  await copyFile(join(disposable, ".flinkjob-disposable"), join(copied, ".flinkjob-disposable"));
  await symlink(elsewhere, linked);
  for (const dir of [disposable, users, copied, linked]) await orphan(dir, await sleeper());
  await reapDead();
  expect([disposable, users, copied, elsewhere].map(existsSync)).toEqual([false, true, true, true]);
});

it("refuses an owner that does not run", async () => {
  const gone = await sleeper();
  await end(gone, "SIGKILL", 0);
  const instance = { kind: "thing", dir: "/x", pids: [], ownerPid: gone.pid };
  await expect(registerInstance(instance)).rejects.toMatchObject({ code: "OWNER_GONE" });
});
