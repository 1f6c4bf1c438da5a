import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { controlPlane, type GoProgram } from "./program.ts";
import { readRecipe } from "./recipe.ts";

let module: string;
let program: GoProgram;
beforeEach(async () => {
  vi.stubEnv("XDG_CACHE_HOME", "/cache");
  module = await mkdtemp(join(tmpdir(), "recipe-"));
  await cp(controlPlane.module, module, { recursive: true });
  program = { ...controlPlane, module };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(module, { recursive: true });
});

const toolchain = { version: "go1.26.8", os: "linux", arch: "amd64" };

it("is the same for the same module, wherever it is", async () => {
  const recipe = await readRecipe(toolchain, program);
  expect(recipe).toEqual(await readRecipe(toolchain, controlPlane));
  expect(recipe.binary).toMatch(/^\/cache\/flinkjob\/controlplane-\d+\.\d+\.\d+-[0-9a-f]{12}-linux-amd64$/);
});

it("stamps the version that go.mod requires", async () => {
  await writeFile(join(module, "go.mod"), "require (\n\tk8s.io/kubernetes v1.99.7\n)\n");
  const { version, build, binary } = await readRecipe(toolchain, program);
  expect(version).toBe("1.99.7");
  expect(basename(binary)).toMatch(/^controlplane-1\.99\.7-/);
  for (const stamp of ["gitVersion=v1.99.7", "gitMajor=1", "gitMinor=99"])
    expect(build.at(-1)).toContain(stamp);
});

it("is another one after a change of the sources or of Go, and not for other files", async () => {
  const { binary } = await readRecipe(toolchain, program);
  await writeFile(join(module, "notes.txt"), "nothing");
  expect((await readRecipe(toolchain, program)).binary).toBe(binary);
  const others = [
    (await readRecipe({ ...toolchain, version: "go1.27.0" }, program)).binary,
    (await readRecipe({ ...toolchain, arch: "arm64" }, program)).binary,
  ];
  await writeFile(join(module, "more.go"), "package main\n");
  others.push((await readRecipe(toolchain, program)).binary);
  expect(new Set([binary, ...others]).size).toBe(4);
});

it("refuses a module without Kubernetes", async () => {
  await writeFile(join(module, "go.mod"), "module x\n");
  await expect(readRecipe(toolchain, program)).rejects.toMatchObject({ code: "KUBE_BUILD" });
});
