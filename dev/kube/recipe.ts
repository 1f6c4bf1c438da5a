import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDirectory } from "../machine/cache.ts";
import { digest } from "../machine/digest.ts";
import { KubeError } from "./errors.ts";

const run = promisify(execFile);

export const controlPlaneModule = join(import.meta.dirname, "..", "controlplane");

/** The Go toolchain that builds: `go env GOVERSION GOOS GOARCH`. */
export interface Toolchain {
  readonly version: string;
  readonly os: string;
  readonly arch: string;
}

/** How the control plane is built, and where the finished binary is kept. */
export interface Recipe {
  /** Of Kubernetes, e.g. "1.36.3". */
  readonly version: string;
  /** Arguments of `go` without the output. */
  readonly build: readonly string[];
  readonly binary: string;
}

/** Asks Go, which may fetch the version of itself that go.mod wants. */
export async function readToolchain(): Promise<Toolchain> {
  const { stdout } = await run("go", ["env", "GOVERSION", "GOOS", "GOARCH"], {
    cwd: controlPlaneModule,
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
export async function readRecipe(toolchain: Toolchain, module = controlPlaneModule): Promise<Recipe> {
  const names = (await readdir(module)).filter((name) => /^go\.(mod|sum)$|\.go$/.test(name)).sort();
  const contents = await Promise.all(names.map((name) => readFile(join(module, name), "utf8")));
  const version = kubernetesVersion(contents[names.indexOf("go.mod")] ?? "");
  const build = buildArguments(version);
  const key = digest(toolchain.version, ...build, ...names, ...contents);
  const name = `controlplane-${version}-${key}-${toolchain.os}-${toolchain.arch}`;
  return { version, build, binary: join(cacheDirectory(), name) };
}

function kubernetesVersion(goMod: string): string {
  const version = /^\s*k8s\.io\/kubernetes v(\S+)$/m.exec(goMod)?.[1];
  if (version === undefined) throw new KubeError("KUBE_BUILD", "go.mod does not require k8s.io/kubernetes");
  return version;
}

/** The version is not in the sources: without these the server calls itself v0.0.0, and clients complain. */
function buildArguments(version: string): string[] {
  const [major, minor] = version.split(".");
  const stamps = {
    gitVersion: `v${version}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: "clean",
    buildDate: "2026-01-01T00:00:00Z",
  };
  const set = Object.entries(stamps).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  return [
    "build",
    "-v",
    "-trimpath",
    "-buildvcs=false",
    "-mod=readonly",
    "-ldflags",
    `-s -w ${set.join(" ")}`,
  ];
}
