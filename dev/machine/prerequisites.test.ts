import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkPrerequisites, type Prerequisite, PrerequisitesError } from "./prerequisites.ts";

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "prerequisites-"));
});
afterEach(() => rm(path, { recursive: true }));

/** A tool that is a script of the shell's own commands: no other tool is on PATH. */
async function tool(name: string, script: string): Promise<void> {
  const file = join(path, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

const go = (version: string, toolchain: string) =>
  tool("go", `[ "$1" = env ] && echo ${toolchain} || echo go version go${version} linux/amd64`);
const java = async (version: string, prefix = "") => {
  await tool(`${prefix}java`, `echo 'openjdk version "${version}" 2025-04-15' >&2`);
  await tool(`${prefix}javac`, `echo javac ${version}`);
};

async function problems(needs: readonly Prerequisite[], env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  try {
    await checkPrerequisites({ needs, env: { PATH: path, ...env } });
    return [];
  } catch (error) {
    if (!(error instanceof PrerequisitesError)) throw error;
    return error.problems.map(({ message }) => message);
  }
}

describe("Go", () => {
  it.each([
    ["1.26.0", "local"],
    ["1.26rc1", "local"],
    ["2.0", "local"],
    ["1.21.3", "auto"],
    ["1.25.1", "go1.25.1+auto"],
  ])("%s with GOTOOLCHAIN=%s will do", async (version, toolchain) => {
    await go(version, toolchain);
    expect(await problems(["go"])).toEqual([]);
  });

  it.each([
    ["1.20.9", "auto", "Go 1.20.9 is too old: 1.26 or newer is needed"],
    ["1.25.1", "local", "Go 1.25.1 is too old and may not fetch a newer one (GOTOOLCHAIN=local)"],
    ["1.9", "local", "Go 1.9 is too old"],
    ["devel", "local", "Go's version is not understood: go version godevel linux/amd64"],
  ])("%s with GOTOOLCHAIN=%s will not", async (version, toolchain, want) => {
    await go(version, toolchain);
    expect(await problems(["go"])).toEqual([expect.stringContaining(want)]);
  });
});

describe("Java", () => {
  it.each(["17.0.15", "25", "26-ea"])("%s will do", async (version) => {
    await java(version);
    expect(await problems(["java"])).toEqual([]);
  });

  it("of version 8 or 11 is too old", async () => {
    await java("1.8.0_402");
    expect(await problems(["java"])).toEqual(["Java 1.8.0_402 is too old: 17 or newer is needed"]);
    await java("11.0.2");
    expect(await problems(["java"])).toEqual(["Java 11.0.2 is too old: 17 or newer is needed"]);
  });

  it("without its compiler will not do", async () => {
    await java("17.0.15");
    await rm(join(path, "javac"));
    expect(await problems(["java"])).toEqual(["javac is missing: Java 17.0.15 there is only a JRE"]);
  });

  it("is looked for in JAVA_HOME when that is set", async () => {
    await java("11.0.2");
    await java("21.0.1", "home/bin/");
    expect(await problems(["java"], { JAVA_HOME: join(path, "home") })).toEqual([]);
    const empty = join(path, "nothing");
    expect(await problems(["java"], { JAVA_HOME: empty })).toEqual([`Java is missing in JAVA_HOME=${empty}`]);
  });
});

it("Maven 3.6 is too old, 3.8 and 4 are not", async () => {
  await tool("mvn", "echo Apache Maven 3.6.3");
  expect(await problems(["maven"])).toEqual(["Maven 3.6.3 is too old: 3.8 or newer is needed"]);
  await tool("mvn", "echo Apache Maven 3.8.7");
  expect(await problems(["maven"])).toEqual([]);
  await tool("mvn", "echo Apache Maven 4.0.0-rc-2");
  expect(await problems(["maven"])).toEqual([]);
});

it("a docker command without an engine is not enough", async () => {
  await tool("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
  expect(await problems(["docker"])).toEqual([
    "No Docker engine answers: Cannot connect to the Docker daemon",
  ]);
  await tool("docker", "echo 28.5.1");
  expect(await problems(["docker"])).toEqual([]);
});

describe("Containers", () => {
  const tools = ["containerd", "ctr", "runc", "nft", "busybox", "unshare", "nsenter", "mount", "ip"];

  it("need root", async () => {
    for (const name of tools) await tool(name, "exit 1");
    const found = await problems(["containers"]);
    const root = process.getuid?.() === 0;
    expect(found).toEqual(
      root ? expect.not.arrayContaining(["Running pods needs root"]) : ["Running pods needs root"],
    );
  });

  it.runIf(process.getuid?.() === 0)("name every tool that is missing, and run none", async () => {
    for (const name of tools.slice(2)) await tool(name, "exit 1");
    const [found = ""] = await problems(["containers"]);
    expect(found).toMatch(/^What runs pods is missing: containerd, ctr(, CNI plugins)?$/);
  });
});

it("knows Python's version, and that of its parts", async () => {
  await tool("python3", '[ "$1" = --version ] && echo Python 3.9.2');
  expect(await problems(["python"])).toEqual(["Python 3.9.2 is too old: 3.10 or newer is needed"]);
  await tool("python3", '[ "$1" = --version ] && echo Python 3.11.7 || exit 0');
  expect(await problems(["python"])).toEqual([]);
  await tool("python3", '[ "$1" = --version ] && echo Python 3.11.7 || { echo "no ensurepip" >&2; exit 1; }');
  expect(await problems(["python"])).toEqual(["python does not work: no ensurepip"]);
});

it("names everything that is missing at once, with the way out", async () => {
  const needs = ["go", "java", "maven", "docker", "kubectl"] as const;
  const error = await checkPrerequisites({ needs, env: { PATH: path } }).catch((error: Error) => error);
  expect(error).toMatchObject({ code: "PREREQUISITES" });
  const text = (error as Error).message;
  for (const missing of ["Go is", "Java is", "Maven (mvn) is", "Docker is", "kubectl is"])
    expect(text).toContain(`  - ${missing} missing\n      Install `);
});

it("says what a broken tool says", async () => {
  await tool("mvn", "echo first >&2; echo 'JAVA_HOME is not defined correctly' >&2; exit 1");
  expect(await problems(["maven"])).toEqual(["maven does not work: JAVA_HOME is not defined correctly"]);
});

describe("a browser", () => {
  it.each(["chromium", "google-chrome"])("%s will do", async (name) => {
    await tool(name, "exit 1");
    expect(await problems(["browser"])).toEqual([]);
  });

  it("none is told", async () => {
    expect(await problems(["browser"])).toEqual(["A browser is missing"]);
  });
});
