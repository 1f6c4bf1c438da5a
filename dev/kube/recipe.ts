import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDirectory } from "../machine/cache.ts";
import { digest } from "../machine/digest.ts";
import { KubeError } from "./errors.ts";
import type { GoProgram } from "./program.ts";

const run = promisify(execFile);

/** The Go toolchain that builds: `go env GOVERSION GOOS GOARCH`. */
export interface Toolchain {
  readonly version: string;
  readonly os: string;
  readonly arch: string;
}

/** How a program is built, and where the finished binary is kept. */
export interface Recipe {
  /** Of what it is made of, e.g. "1.36.3". */
  readonly version: string;
  /** Arguments of `go` without the output. */
  readonly build: readonly string[];
  readonly binary: string;
}

/** Asks Go, which may fetch the version of itself that the module's go.mod wants. */
export async function readToolchain({ module }: GoProgram): Promise<Toolchain> {
  const { stdout } = await run("go", ["env", "GOVERSION", "GOOS", "GOARCH"], {
    cwd: module,
    env: nativeEnvironment(),
  });
  const [version = "", os = "", arch = ""] = stdout.trim().split("\n");
  return { version, os, arch };
}

/** The binary is for this machine, whatever else the user builds for. */
export function nativeEnvironment(): NodeJS.ProcessEnv {
  const { GOOS, GOARCH, ...env } = process.env;
  return { ...env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-modcacherw" };
}

/** Another file in the module, another flag or another Go: another binary. */
export async function readRecipe(toolchain: Toolchain, program: GoProgram): Promise<Recipe> {
  const { module, name } = program;
  const names = (await readdir(module)).filter((file) => /^go\.(mod|sum)$|\.go$/.test(file)).sort();
  const contents = await Promise.all(names.map((file) => readFile(join(module, file), "utf8")));
  const version = requiredVersion(contents[names.indexOf("go.mod")] ?? "", program);
  const build = buildArguments(program, version);
  const key = digest(toolchain.version, ...build, ...names, ...contents);
  const file = `${name}-${version}-${key}-${toolchain.os}-${toolchain.arch}`;
  return { version, build, binary: join(cacheDirectory(), file) };
}

function requiredVersion(goMod: string, { source }: GoProgram): string {
  for (const line of goMod.split("\n")) {
    const [path, version] = line.replace("require ", "").trim().split(" ");
    if (path === source && version?.startsWith("v")) return version.slice(1);
  }
  throw new KubeError("KUBE_BUILD", `go.mod does not require ${source}`);
}

function buildArguments({ stamps }: GoProgram, version: string): string[] {
  const set = Object.entries(stamps(version)).map(([name, value]) => ` -X ${name}=${value}`);
  return ["build", "-v", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", `-s -w${set.join("")}`];
}
