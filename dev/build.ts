// `npm run build`: the operator in one file, dist/operator.mjs. Beside it stands dist/client-node.mjs, a package that only
// kubeconfigs with an `auth-provider` need: inside, it would cost every start 0.3 s and 18 MB.
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { type BuildOptions, type BuildResult, build, type Metafile, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const entry = process.argv[2] ?? join(root, "src/main.ts");
const target = process.argv[3] ?? join(root, "dist/operator.mjs");

/**
 * Larger than this is an accident: somebody's index file that imports the world. Code costs memory: `import { z }` instead
 * of `import * as z` alone adds 360 KiB here and 5 MB to the resident set.
 */
const largestBytes = 1.25 * 2 ** 20;

/** Packages that others try to load and do without: faster WebSocket code, colours in debug output. */
const optionalPackages = new Set(["bufferutil", "utf-8-validate", "supports-color"]);

/** What src/ uses of undici. Its index also loads fetch, caches, mocks and WebSockets: 3 MB of the operator's memory. */
const undiciParts = `
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import request from "undici/lib/api/api-request.js";
// As undici's index does for all of its verbs.
Object.assign(Dispatcher.prototype, { request });
export { default as buildConnector } from "undici/lib/core/connect.js";
export { default as Agent } from "undici/lib/dispatcher/agent.js";
export { default as Pool } from "undici/lib/dispatcher/pool.js";
export { default as ProxyAgent } from "undici/lib/dispatcher/proxy-agent.js";
`;

const rarePackage = "@kubernetes/client-node";
const rareFile = "./client-node.mjs";

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}
/** The bundle cannot be made, or is not what it should be. */
class BuildError extends Error {
  override readonly name = "BuildError";
}
type Output = Metafile["outputs"][string];

const { version, license } = await packageAt(root);

// Built elsewhere and moved over the old files: a build that fails leaves those alone.
const workplace = await mkdtemp(join(root, "node_modules", ".build-"));
try {
  const operator = await bundle(
    { entryPoints: [entry], plugins: [leaveRarePackageOut(), takePartsOfUndici(), packOptionTable()] },
    "operator.mjs",
  );
  const rare = await bundle(
    { stdin: { contents: `export { KubeConfig } from "${rarePackage}";`, resolveDir: root } },
    rareFile.slice(2),
  );
  await writeFile(
    join(workplace, "operator.licenses.txt"),
    await licences([operator.metafile, rare.metafile]),
  );
  await mkdir(dirname(target), { recursive: true });
  for (const name of await readdir(workplace))
    await rename(join(workplace, name), join(dirname(target), name));
  process.stdout.write(report(outputOf(operator)));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`build: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  await rm(workplace, { recursive: true });
}

async function bundle(what: BuildOptions, name: string): Promise<BuildResult<{ metafile: true }>> {
  const result = await build({
    ...what,
    outfile: join(workplace, name),
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    minify: true,
    // Stack traces and error names stay readable without the source map.
    keepNames: true,
    sourcemap: "linked",
    sourcesContent: false,
    metafile: true,
    legalComments: "none",
    logLevel: "warning",
    define: { "process.env.FLINKJOB_VERSION": JSON.stringify(version) },
    banner: {
      // Bundled CommonJS packages call require() of Node's own modules.
      js: [
        `#!/usr/bin/env node`,
        `// flinkjob ${version}, ${license}. Licences of the packages inside: operator.licenses.txt.`,
        `import { createRequire as createRequireOfBundle } from "node:module";`,
        `const require = createRequireOfBundle(import.meta.url);`,
      ].join("\n"),
    },
  }).catch((cause: unknown) => {
    throw new BuildError(`${name} cannot be bundled; esbuild says why above`, { cause });
  });
  const output = outputOf(result);
  const problems = [
    ...result.warnings.map(({ text }) => `esbuild warns: ${text}`),
    ...foreignImports(output).map((path) => `${name} imports "${path}", which is not inside`),
  ];
  if (name === "operator.mjs" && output.bytes > largestBytes) {
    problems.push(`${name} has ${size(output.bytes)}, more than the limit of ${size(largestBytes)}`);
  }
  if (problems.length > 0) throw new BuildError(problems.join("\nbuild: "));
  return result;
}

function leaveRarePackageOut(): Plugin {
  return {
    name: "rare-package",
    setup: ({ onResolve }) =>
      onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({ path: rareFile, external: true })),
  };
}

/** A name that is not among the parts fails the build. */
function takePartsOfUndici(): Plugin {
  const namespace = "undici-parts";
  return {
    name: namespace,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^undici$/ }, () => ({ path: "undici", namespace }));
      onLoad({ filter: /./, namespace }, () => ({ contents: undiciParts, resolveDir: root }));
    },
  };
}

/** The table of Flink's options goes inside, packed: 160 KB that most operators never look at. */
function packOptionTable(): Plugin {
  return {
    name: "option-table",
    setup: ({ onLoad }) =>
      onLoad({ filter: /[/\\]src[/\\]flink[/\\]options[/\\]option-table\.ts$/ }, async ({ path }) => {
        const packed = brotliCompressSync(await readFile(join(dirname(path), "flink-options.tsv")));
        const contents = `
import { brotliDecompressSync } from "node:zlib";
const packed = ${JSON.stringify(packed.toString("base64"))};
export const optionTable = () => brotliDecompressSync(Buffer.from(packed, "base64")).toString();
`;
        return { contents, resolveDir: dirname(path) };
      }),
  };
}

function outputOf(result: BuildResult<{ metafile: true }>): Output {
  const output = Object.entries(result.metafile.outputs).find(([path]) => path.endsWith(".mjs"))?.[1];
  if (!output) throw new Error("esbuild reported no output file");
  return output;
}

/** Everything the bundle loads that Node itself does not bring along. */
function foreignImports(file: Output): string[] {
  return file.imports.filter(({ external, path }) => external && !isAllowed(path)).map(({ path }) => path);
}

function isAllowed(path: string): boolean {
  return process.getBuiltinModule(path) !== undefined || path === rareFile || optionalPackages.has(path);
}

function packageOf(path: string): string {
  const match = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path);
  return match?.[1] ?? (path.startsWith("src/") ? "src" : path);
}

function report(file: Output): string {
  const byPackage = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(file.inputs)) {
    const name = packageOf(path);
    byPackage.set(name, (byPackage.get(name) ?? 0) + bytesInOutput);
  }
  const largest = [...byPackage].sort(([, a], [, b]) => b - a);
  const lines = largest.slice(0, 12).map(([name, bytes]) => `${size(bytes).padStart(10)}  ${name}`);
  const rest = largest.slice(12).reduce((sum, [, bytes]) => sum + bytes, 0);
  if (rest > 0) lines.push(`${size(rest).padStart(10)}  ${largest.length - 12} more`);
  return `${relative(root, target)}: ${size(file.bytes)}, Node 24, from\n${lines.join("\n")}\n`;
}

function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(0)} KiB`;
}

/** Names, versions and licence texts of the packages inside: their licences ask for it. */
async function licences(metafiles: readonly Metafile[]): Promise<string> {
  const folders = new Set<string>();
  for (const path of metafiles.flatMap(({ inputs }) => Object.keys(inputs))) {
    const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
    if (folder) folders.add(join(root, folder));
  }
  const texts = await Promise.all(
    [...folders].sort().map(async (folder) => {
      const { name, version, license } = await packageAt(folder);
      return `${name} ${version} (${license ?? "see its text"})\n\n${await licenceText(folder)}`;
    }),
  );
  return texts.join(`\n${"-".repeat(80)}\n`);
}

async function packageAt(folder: string): Promise<Package> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Package;
}

async function licenceText(folder: string): Promise<string> {
  for (const name of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE", "License"]) {
    const text = await readFile(join(folder, name), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    if (text !== undefined) return text;
  }
  return "(the package carries no licence file)\n";
}
