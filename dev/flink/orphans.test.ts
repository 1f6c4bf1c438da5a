import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { endOrphans, register } from "./orphans.ts";
import { end, identify, isRunning, type ProcessIdentity } from "./process.ts";
import type { ClusterState } from "./state.ts";

let cache: string;
const started: ProcessIdentity[] = [];

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "orphans-"));
  vi.stubEnv("XDG_CACHE_HOME", cache);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const process of started.splice(0)) await end(process, "SIGKILL", 0);
  await rm(cache, { recursive: true });
});

async function sleeper(): Promise<ProcessIdentity> {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(child, "spawn");
  const process = identify(child.pid!)!;
  started.push(process);
  return process;
}

function owned(dir: string, owner: ProcessIdentity, process: ProcessIdentity): ClusterState {
  const ports = { rest: 1, rpc: 2, blob: 3 };
  const common = { release: "2.3.0", dir, ha: false, url: "http://127.0.0.1:1", slots: 1, ports };
  return { ...common, owner, jobManager: { process }, taskManagers: [] };
}

it("ends what belongs to a process that is gone, and nothing else", async () => {
  const [owner, orphan, kept] = [await sleeper(), await sleeper(), await sleeper()];
  await register(owned("/orphan", owner, orphan));
  await register(owned("/kept", identify(process.pid)!, kept));

  await endOrphans(() => {});
  expect([isRunning(orphan), isRunning(kept)]).toEqual([true, true]);

  await end(owner, "SIGKILL", 0);
  const lines: string[] = [];
  await endOrphans((line) => lines.push(line));
  expect([isRunning(orphan), isRunning(kept)]).toEqual([false, true]);
  expect(lines).toEqual([`Ending Flink in /orphan: its owner, process ${owner.pid}, is gone`]);
});

it("forgets a cluster that has been stopped", async () => {
  const [owner, survivor] = [await sleeper(), await sleeper()];
  const { jobManager, ...stopped } = owned("/stopped", owner, survivor);
  await register({ ...stopped, jobManager: jobManager! });
  await register(stopped);
  await end(owner, "SIGKILL", 0);
  await endOrphans(() => {});
  expect(isRunning(survivor)).toBe(true);
});
