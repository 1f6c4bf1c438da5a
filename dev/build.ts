// `npm run build`: the operator in one file, dist/operator.mjs, the gateway in another, dist/gateway.mjs, the step that fetches
// JARs in dist/fetch-jar.mjs, the one that cleans storage in dist/clean-storage.mjs, and the library, dist/library.mjs and dist/kubernetes.mjs with their types. Beside the programs stands dist/client-node.mjs, a package that only kubeconfigs with an
// `auth-provider` need: inside, it would cost every start 0.3 s and 18 MB. `node dev/build.ts image` leaves the library out.
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildError, banner, bundle, type Output, outputOf, packageAt, root, size } from "./bundle/bundle.ts";
import { declare } from "./bundle/declarations.ts";
import { licences } from "./bundle/licences.ts";
import {
  leaveOut,
  omitWhatIsNeverCalled,
  packOptionTable,
  takeNodeModulesUnread,
  takePartsOfPromClient,
  takePartsOfUndici,
} from "./bundle/plugins.ts";
import { specTypes } from "./bundle/spec-types.ts";

/**
 * Larger than this is an accident: somebody's index file that imports the world. Code costs memory: `import { z }` instead
 * of `import * as z` alone adds 360 KiB here and 5 MB to the resident set.
 */
const programs = [
  { name: "operator", entry: "src/main.ts", largestBytes: 1.5 * 2 ** 20, plugins: [packOptionTable()] },
  { name: "fetch-jar", entry: "src/fetch-jar-main.ts", largestBytes: 0.75 * 2 ** 20, plugins: [] },
  {
    name: "clean-storage",
    entry: "src/clean-storage-main.ts",
    largestBytes: 0.5 * 2 ** 20,
    plugins: [],
  },
  { name: "gateway", entry: "src/gateway-main.ts", largestBytes: 1.75 * 2 ** 20, plugins: [] },
];
/**
 * What users of the library import. The second one has Flink's side from the first: a class that both had would be two, and
 * `instanceof` wrong.
 */
const libraries = [
  { name: "library", entry: "src/flink/library.ts", largestBytes: 0.75 * 2 ** 20, plugins: [], leaves: [] },
  {
    name: "kubernetes",
    entry: "src/descriptor/library.ts",
    largestBytes: 0.75 * 2 ** 20,
    plugins: [
      leaveOut(/^(\.\.\/)+flink\/library\.ts$/, "./library.mjs"),
      leaveOut(/^@kubernetes\/client-node$/, "./client-node.mjs"),
    ],
    leaves: ["./library.mjs", "./client-node.mjs"],
  },
];

const rarePackage = "@kubernetes/client-node";
const rareFile = "./client-node.mjs";
const dist = join(root, "dist");

const imageOnly = process.argv[2] === "image";
const about = await packageAt(root);

// Built elsewhere and moved over the old files: a build that fails leaves those alone, and a program that starts meanwhile is there.
const workplace = await mkdtemp(join(root, "node_modules", ".build-"));
try {
  await buildPrograms();
  if (!imageOnly) await buildLibrary();
  await mkdir(dist, { recursive: true });
  for (const entry of await readdir(workplace, { withFileTypes: true })) {
    const { name } = entry;
    if (entry.isDirectory()) await rm(join(dist, name), { recursive: true, force: true });
    await rename(join(workplace, name), join(dist, name));
  }
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`build: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  await rm(workplace, { recursive: true });
}

/** What the image holds: each program in one file, and beside them what they rarely load. */
async function buildPrograms(): Promise<void> {
  const rare = await bundle(
    {
      ...optionsOf("programs.licenses.txt"),
      stdin: { contents: `export { KubeConfig } from "${rarePackage}";`, resolveDir: root },
      outfile: join(workplace, rareFile),
    },
    { name: rareFile },
  );
  const bundles = [rare];
  for (const { name, entry, largestBytes, plugins } of programs) {
    const file = `${name}.mjs`;
    const program = await bundle(
      {
        ...optionsOf("programs.licenses.txt"),
        entryPoints: [join(root, entry)],
        outfile: join(workplace, file),
        plugins: [
          leaveOut(/^@kubernetes\/client-node$/, rareFile),
          takePartsOfUndici(),
          takePartsOfPromClient(),
          omitWhatIsNeverCalled(),
          takeNodeModulesUnread(),
          ...plugins,
        ],
      },
      { name: file, leaves: [rareFile], largestBytes },
    );
    bundles.push(program);
    process.stdout.write(report(`dist/${file}`, outputOf(program)));
  }
  await writeFile(join(workplace, "programs.licenses.txt"), await licences(bundles));
}

function optionsOf(licencesFile: string) {
  return {
    target: "node24",
    // Names stay as they are: stack traces are readable without the source map, and esbuild's way of keeping names while it
    // shortens them would cost each start 10 ms.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: "linked",
    sourcesContent: false,
    define: { "process.env.FLINKJOB_VERSION": JSON.stringify(about.version) },
    banner: banner(about, licencesFile, true),
  } as const;
}

/** For whoever writes `import ... from "flinkjob"`, under every Node that package.json allows. */
async function buildLibrary(): Promise<void> {
  const bundles = [];
  for (const { name, entry, largestBytes, plugins, leaves } of libraries) {
    const file = `${name}.mjs`;
    const library = await bundle(
      {
        entryPoints: [join(root, entry)],
        outfile: join(workplace, file),
        plugins: [takePartsOfUndici(), ...plugins],
        target: "node22",
        minify: true,
        keepNames: true,
        banner: banner(about, "library.licenses.txt", false),
      },
      { name: file, leaves, largestBytes },
    );
    bundles.push(library);
    process.stdout.write(report(`dist/${file}`, outputOf(library)));
  }
  await writeFile(join(workplace, "library.licenses.txt"), await licences(bundles));
  const entries = libraries.map(({ entry }) => join(root, entry));
  await declare(entries, join(workplace, "types"), new Map([["descriptor/specs.ts", specTypes()]]));
}

function packageOf(path: string): string {
  const match = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path);
  return match?.[1] ?? (path.startsWith("src/") ? "src" : path);
}

function report(name: string, file: Output): string {
  const byPackage = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(file.inputs)) {
    const origin = packageOf(path);
    byPackage.set(origin, (byPackage.get(origin) ?? 0) + bytesInOutput);
  }
  const largest = [...byPackage].sort(([, a], [, b]) => b - a);
  const lines = largest.slice(0, 12).map(([origin, bytes]) => `${size(bytes).padStart(10)}  ${origin}`);
  const rest = largest.slice(12).reduce((sum, [, bytes]) => sum + bytes, 0);
  if (rest > 0) lines.push(`${size(rest).padStart(10)}  ${largest.length - 12} more`);
  return `${name}: ${size(file.bytes)}, from\n${lines.join("\n")}\n`;
}
