import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, type BuildResult, build, type Metafile } from "esbuild";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The build cannot be made, or is not what it should be. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

export type Bundle = BuildResult<{ metafile: true }>;
export type Output = Metafile["outputs"][string];

export interface Package {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

export interface BundleRules {
  /** Of the file in which the bundle goes. */
  readonly name: string;
  /** Imports that stay, besides Node's own modules. */
  readonly leaves?: readonly string[];
  /** Larger is an accident. */
  readonly largestBytes?: number;
}

/** Packages that others try to load and do without: faster WebSocket code, colours in debug output. */
const optionalPackages = ["bufferutil", "utf-8-validate", "supports-color"];

/** Everything in one file that loads nothing but Node's own modules. Throws a BuildError. */
export async function bundle(what: BuildOptions, rules: BundleRules): Promise<Bundle> {
  const { name, leaves = [], largestBytes = Number.POSITIVE_INFINITY } = rules;
  const result = await build({
    ...what,
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    format: "esm",
    metafile: true,
    legalComments: "none",
    logLevel: "warning",
  }).catch((cause: unknown) => {
    throw new BuildError(`${name} cannot be bundled; esbuild says why above`, { cause });
  });
  const output = outputOf(result);
  const allowed = [...leaves, ...optionalPackages];
  const foreign = output.imports.filter(
    ({ external, path }) =>
      external && process.getBuiltinModule(path) === undefined && !allowed.includes(path),
  );
  const problems = [
    ...result.warnings.map(({ text }) => `esbuild warns: ${text}`),
    ...foreign.map(({ path }) => `${name} imports "${path}", which is not inside`),
  ];
  if (output.bytes > largestBytes)
    problems.push(`${name} has ${size(output.bytes)}, more than the limit of ${size(largestBytes)}`);
  if (problems.length > 0) throw new BuildError(problems.join("\nbuild: "));
  return result;
}

/** The first lines of a bundle. Bundled CommonJS packages call require() of Node's own modules. */
export function banner(about: Package, licences: string, executable: boolean): { js: string } {
  const lines = [
    ...(executable ? ["#!/usr/bin/env node"] : []),
    `// flinkjob ${about.version}, ${about.license}. Licences of the packages inside: ${licences}.`,
    `import { createRequire as createRequireOfBundle } from "node:module";`,
    `const require = createRequireOfBundle(import.meta.url);`,
  ];
  return { js: lines.join("\n") };
}

export function outputOf(result: Bundle): Output {
  const output = Object.entries(result.metafile.outputs).find(([path]) => path.endsWith(".mjs"))?.[1];
  if (!output) throw new Error("esbuild reported no output file");
  return output;
}

export async function packageAt(folder: string): Promise<Package> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Package;
}

export function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(0)} KiB`;
}
