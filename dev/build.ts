// `npm run build`: the operator in one file, dist/operator.mjs, and the library, dist/library.mjs with its types. Beside the
// operator stands dist/client-node.mjs, a package that only kubeconfigs with an `auth-provider` need: inside, it would cost
// every start 0.3 s and 18 MB. `node dev/build.ts operator` leaves the library out.
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

/**
 * Larger than this is an accident: somebody's index file that imports the world. Code costs memory: `import { z }` instead
 * of `import * as z` alone adds 360 KiB here and 5 MB to the resident set.
 */
const largestOperator = 1.5 * 2 ** 20;
const largestLibrary = 0.75 * 2 ** 20;

const rarePackage = "@kubernetes/client-node";
const rareFile = "./client-node.mjs";
const dist = join(root, "dist");

const operatorOnly = process.argv[2] === "operator";
const about = await packageAt(root);

// Built elsewhere and moved over the old files: a build that fails leaves those alone.
const workplace = await mkdtemp(join(root, "node_modules", ".build-"));
try {
  await buildOperator();
  if (!operatorOnly) await buildLibrary();
  await mkdir(dist, { recursive: true });
  for (const name of await readdir(workplace)) {
    await rm(join(dist, name), { recursive: true, force: true });
    await rename(join(workplace, name), join(dist, name));
  }
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`build: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  await rm(workplace, { recursive: true });
}

async function buildOperator(): Promise<void> {
  const options = {
    target: "node24",
    // Names stay as they are: stack traces are readable without the source map, and esbuild's way of keeping names while it
    // shortens them would cost each start 10 ms.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: "linked",
    sourcesContent: false,
    define: { "process.env.FLINKJOB_VERSION": JSON.stringify(about.version) },
    banner: banner(about, "operator.licenses.txt", true),
  } as const;
  const operator = await bundle(
    {
      ...options,
      entryPoints: [join(root, "src/main.ts")],
      outfile: join(workplace, "operator.mjs"),
      plugins: [
        leaveOut(/^@kubernetes\/client-node$/, rareFile),
        takePartsOfUndici(),
        takePartsOfPromClient(),
        omitWhatIsNeverCalled(),
        takeNodeModulesUnread(),
        packOptionTable(),
      ],
    },
    { name: "operator.mjs", leaves: [rareFile], largestBytes: largestOperator },
  );
  const rare = await bundle(
    {
      ...options,
      stdin: { contents: `export { KubeConfig } from "${rarePackage}";`, resolveDir: root },
      outfile: join(workplace, rareFile),
    },
    { name: rareFile },
  );
  await writeFile(join(workplace, "operator.licenses.txt"), await licences([operator, rare]));
  process.stdout.write(report("dist/operator.mjs", outputOf(operator)));
}

/** For whoever writes `import ... from "flinkjob"`, under every Node that package.json allows. */
async function buildLibrary(): Promise<void> {
  const entry = join(root, "src/flink/library.ts");
  const library = await bundle(
    {
      entryPoints: [entry],
      outfile: join(workplace, "library.mjs"),
      plugins: [takePartsOfUndici()],
      target: "node22",
      minify: true,
      keepNames: true,
      banner: banner(about, "library.licenses.txt", false),
    },
    { name: "library.mjs", largestBytes: largestLibrary },
  );
  await writeFile(join(workplace, "library.licenses.txt"), await licences([library]));
  await declare(entry, join(workplace, "types"));
  process.stdout.write(report("dist/library.mjs", outputOf(library)));
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
