import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type KubeInstance, startKube, stopKube } from "../../dev/kube/cluster.ts";
import { disposableDirectory } from "../../dev/machine/instances.ts";
import { identify, isRunning } from "../../dev/machine/process.ts";
import { eventually } from "../support/eventually.ts";

// The embedded Kubernetes is what all other tests with real parts stand on: here it is tested itself.

const run = promisify(execFile);
let dir: string;
let kube: KubeInstance;

beforeAll(async () => {
  dir = await disposableDirectory("kube-test");
  kube = await startKube({ dir, ownerPid: process.pid });
}, 30 * 60_000); // builds the binary on a new machine

afterAll(async () => {
  await kube.stop();
  await rm(dir, { recursive: true });
});

async function kubectl(...args: string[]): Promise<string> {
  const [command, ...prefix] = kube.kubectl;
  const kubeconfig = args[0]?.startsWith("--kubeconfig") ? [] : [`--kubeconfig=${kube.kubeconfig}`];
  return (await run(command!, [...prefix, ...kubeconfig, ...args])).stdout;
}

const running = (pids: readonly number[]) => pids.filter((pid) => identify(pid) !== undefined);

it("is a real API server, for both kubeconfigs, which only their owner can read", async () => {
  const version = JSON.parse(await kubectl("version", "--output=json"));
  expect(version.serverVersion.gitVersion).toBe(version.clientVersion.gitVersion);
  for (const file of [kube.kubeconfig, kube.tokenKubeconfig!]) {
    expect((await stat(file)).mode & 0o077).toBe(0);
    const who = JSON.parse(await kubectl(`--kubeconfig=${file}`, "auth", "whoami", "--output=json"));
    expect(who.status.userInfo.username).toBe("administrator");
  }
  expect(await readFile(kube.tokenKubeconfig!, "utf8")).not.toContain("client-key-data");
});

it("has controllers: what belongs to a deleted object goes with it", async () => {
  await kubectl("create", "deployment", "web", "--image=web", "--replicas=2");
  await eventually(async () => (await kubectl("get", "pods", "--output=name")).split("\n").length === 3);
  await kubectl("delete", "deployment", "web", "--cascade=foreground", "--timeout=30s");
  expect(await kubectl("get", "pods,replicasets", "--output=name")).toBe("");
});

it("is found again by those who start it again", async () => {
  const again = await startKube({ dir });
  expect([again.pids, again.server, again.startedInMs]).toEqual([kube.pids, kube.server, 0]);
  await expect(startKube({ dir, scheduler: true })).rejects.toMatchObject({ code: "KUBE_OPTIONS" });
});

it.each(["SIGTERM", "SIGKILL"] as const)("keeps objects, address and credentials over %s", async (signal) => {
  await kubectl("create", "configmap", signal.toLowerCase());
  const before = { pids: kube.pids, server: kube.server };
  const oldCredentials = join(dir, "old.kubeconfig");
  await run("cp", [kube.kubeconfig, oldCredentials]);
  await kube.kill(signal);
  expect(running(before.pids)).toEqual([]);
  await kube.restart();
  expect(kube.server).toBe(before.server);
  expect(kube.pids).not.toEqual(before.pids);
  const found = await kubectl(`--kubeconfig=${oldCredentials}`, "get", "configmap", "--output=name");
  expect(found).toContain(`configmap/${signal.toLowerCase()}`);
});

it("ends quickly, although somebody watches", async () => {
  const [command, ...prefix] = kube.kubectl;
  const watch = spawn(command!, [...prefix, `--kubeconfig=${kube.kubeconfig}`, "get", "configmaps", "-w"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(watch.stdout, "data");
  const begin = performance.now();
  await kube.stop();
  expect(performance.now() - begin).toBeLessThan(5_000);
  watch.kill("SIGKILL");
  expect(await stopKube(dir)).toBe(false);
  await kube.restart();
});

it("two run side by side, and one whose owner dies ends itself", async () => {
  const other = await disposableDirectory("kube-test");
  const owner = spawn("sleep", ["600"], { stdio: "ignore" });
  await once(owner, "spawn");
  const second = await startKube({ dir: other, scheduler: true, ownerPid: owner.pid! });
  expect(second.port).not.toBe(kube.port);
  const processes = second.pids.map((pid) => identify(pid)!);
  expect(processes).toHaveLength(3);
  owner.kill("SIGKILL");
  await eventually(() => !processes.some(isRunning), 20_000);
  expect(running(kube.pids)).toEqual(kube.pids);
  // The next start of anything deletes what the dead one left.
  await startKube({ dir });
  await expect(stat(other)).rejects.toMatchObject({ code: "ENOENT" });
});
