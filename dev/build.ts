// `npm run build`: one file, dist/operator.mjs, from src/main.ts and everything it needs.
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const entry = process.argv[2] ?? join(root, "src/main.ts");
const target = process.argv[3] ?? join(root, "dist/operator.mjs");

/** Larger than this is an accident: somebody's index file that imports the world. */
const largestBytes = 8 * 2 ** 20;

/** Packages that others try to load and do without: faster WebSocket code, colours in debug output. */
const optionalPackages = new Set(["bufferutil", "utf-8-validate", "supports-color"]);

interface Package {
  readonly version: string;
  readonly license: string;
}
const { version, license } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Package;

// Built beside the old file and moved over it: a build that fails leaves the old one alone.
const workplace = join(dirname(target), ".new", basename(target));
const result = await build({
  entryPoints: [entry],
  outfile: workplace,
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
}).catch(() => {
  process.stderr.write(`build: ${basename(entry)} cannot be bundled; esbuild says why above.\n`);
  process.exit(1);
});

const output = Object.entries(result.metafile.outputs).find(([path]) =>
  path.endsWith(basename(workplace)),
)?.[1];
if (!output) throw new Error("esbuild reported no output file");
const problems = [
  ...result.warnings.map(({ text }) => `esbuild warns: ${text}`),
  ...foreignImports(output).map((path) => `"${path}" is imported at run time but is not inside the file`),
  ...(output.bytes > largestBytes
    ? [`${size(output.bytes)} is more than the limit of ${size(largestBytes)}`]
    : []),
];
if (problems.length > 0) {
  for (const problem of problems) process.stderr.write(`build: ${problem}\n`);
  await rm(dirname(workplace), { recursive: true });
  process.exit(1);
}

await rename(`${workplace}.map`, `${target}.map`);
await rename(workplace, target);
await rm(dirname(workplace), { recursive: true });
await writeFile(target.replace(/\.mjs$/, ".licenses.txt"), await licences(result.metafile));
process.stdout.write(report(output));

/** Everything the bundle loads that Node itself does not bring along. */
function foreignImports(file: Metafile["outputs"][string]): string[] {
  return file.imports
    .filter(({ external, path }) => external && !isOfNode(path) && !optionalPackages.has(path))
    .map(({ path }) => path);
}

function isOfNode(path: string): boolean {
  return process.getBuiltinModule(path) !== undefined;
}

function packageOf(path: string): string {
  const match = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path);
  return match?.[1] ?? (path.startsWith("src/") ? "src" : path);
}

function report(file: Metafile["outputs"][string]): string {
  const byPackage = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(file.inputs)) {
    const name = packageOf(path);
    byPackage.set(name, (byPackage.get(name) ?? 0) + bytesInOutput);
  }
  const largest = [...byPackage].sort(([, a], [, b]) => b - a);
  const lines = largest.slice(0, 12).map(([name, bytes]) => `${size(bytes).padStart(10)}  ${name}`);
  const rest = largest.slice(12).reduce((sum, [, bytes]) => sum + bytes, 0);
  if (rest > 0) lines.push(`${size(rest).padStart(10)}  ${largest.length - 12} more`);
  return `${target.replace(root, "")}: ${size(file.bytes)}, Node 24, from\n${lines.join("\n")}\n`;
}

function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(0)} KiB`;
}

/** Names, versions and licence texts of the packages inside: their licences ask for it. */
async function licences(metafile: Metafile): Promise<string> {
  const folders = new Set<string>();
  for (const path of Object.keys(metafile.inputs)) {
    const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
    if (folder) folders.add(folder);
  }
  const texts = await Promise.all(
    [...folders].sort().map(async (folder) => {
      const { name, version, license } = JSON.parse(
        await readFile(join(root, folder, "package.json"), "utf8"),
      ) as {
        name: string;
        version: string;
        license?: string;
      };
      return `${name} ${version} (${license ?? "see its text"})\n\n${await licenceText(join(root, folder))}`;
    }),
  );
  return texts.join(`\n${"-".repeat(80)}\n`);
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
