import { chmod, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { startKube, stopKube } from "./cluster.ts";

// No Docker engine here: kind itself is not tried, only what is asked of it.

let root: string;
let dir: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "foreign-")));
  dir = join(root, "cluster");
  vi.stubEnv("XDG_CACHE_HOME", join(root, "cache"));
  vi.stubEnv("PATH", `${root}:/usr/bin:/bin`);
  const context = { clusters: [{ cluster: { server: "https://api.example:6443" } }] };
  await tool("kubectl", `[ "$1" = version ] || echo '${JSON.stringify(context)}'`);
  await tool("docker", "echo 28.5.1");
  await tool(
    "go",
    `if [ "$1" = version ]; then echo go version go1.26.8 linux/amd64; else echo "$@" >> ${root}/calls; fi`,
  );
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true });
});

async function tool(name: string, script: string): Promise<void> {
  await writeFile(join(root, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(root, name), 0o755);
}

it("kind makes one cluster per directory, and deletes it", async () => {
  const kube = await startKube({ dir, kind: "kind" });
  expect(kube).toMatchObject({ kind: "kind", server: "https://api.example:6443", port: 6443, pids: [] });
  expect((await startKube({ dir, kind: "kind" })).kubeconfig).toBe(kube.kubeconfig);
  expect(await stopKube(dir)).toBe(true);
  expect(await stopKube(dir)).toBe(false);
  const calls = (await readFile(join(root, "calls"), "utf8")).trim().split("\n");
  expect(calls).toEqual([
    expect.stringMatching(
      /^run sigs\.k8s\.io\/kind@v\S+ create cluster --name flinkjob-\w+ --kubeconfig \/.* --wait 3m$/,
    ),
    expect.stringMatching(
      /^run sigs\.k8s\.io\/kind@v\S+ delete cluster --name flinkjob-\w+ --kubeconfig \/.*$/,
    ),
  ]);
});

it("kind says what it said when it failed", async () => {
  await tool("go", "[ $1 = version ] && echo go version go1.26.8 || { echo ERROR: no space >&2; exit 1; }");
  await expect(startKube({ dir, kind: "kind" })).rejects.toMatchObject({
    code: "KUBE_START",
    message: "kind create cluster failed:\nERROR: no space\n",
  });
});

it("kind without a Docker engine says so before it does anything", async () => {
  await tool("docker", "echo Cannot connect >&2; exit 1");
  await expect(startKube({ dir, kind: "kind" })).rejects.toMatchObject({ code: "PREREQUISITES" });
  expect(await readdir(root)).not.toContain("calls");
});

it("the current context is copied, readable for its owner only, and forgotten at the end", async () => {
  const kube = await startKube({ dir, kind: "current" });
  expect(kube).toMatchObject({ kind: "current", server: "https://api.example:6443", kubectl: ["kubectl"] });
  expect((await stat(kube.kubeconfig)).mode & 0o777).toBe(0o600);
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
  await expect(kube.kill()).rejects.toMatchObject({ code: "KUBE_OPTIONS" });
  await expect(startKube({ dir, kind: "kind" })).rejects.toMatchObject({ code: "KUBE_OPTIONS" });
  await kube.stop();
  expect(await readdir(dir)).toEqual([]);
});
