import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { BuildError, root } from "./bundle.ts";

/** `import ... from`, `export ... from` at the beginning of a line, which no comment has, and `import("...")`. */
const imports = /(^(?:import|export|\}).* from |\bimport\()"([^"\n]+)"/gm;

/**
 * Writes the declarations of what the entries export into `folder`, and of nothing else: no name of a package that the bundles
 * have inside, for their users do not have that. `written`: whole texts that stand for what the compiler would say of a file of
 * src, by its path below it. Throws a BuildError.
 */
export async function declare(
  entries: readonly string[],
  folder: string,
  written: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const emitted = join(folder, ".emitted");
  await mkdir(emitted, { recursive: true });
  const project = join(emitted, "tsconfig.json");
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    rootDir: join(root, "src"),
    outDir: emitted,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  await writeFile(
    project,
    JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions, include: [], files: entries }),
  );
  await promisify(execFile)(join(root, "node_modules/.bin/tsc"), ["-p", project], { cwd: root }).catch(
    ({ stdout }: { stdout: string }) => {
      throw new BuildError(`declarations: ${stdout}`);
    },
  );
  const source = (path: string) => relative(emitted, path).replace(/\.d\.ts$/, ".ts");
  const wanted = entries.map((entry) =>
    join(emitted, relative(join(root, "src"), entry)).replace(/\.ts$/, ".d.ts"),
  );
  for (const path of wanted) {
    const text = written.get(source(path)) ?? (await readFile(path, "utf8"));
    const rewritten = text.replace(imports, (_, keyword: string, specifier: string) => {
      if (!specifier.startsWith(".")) {
        if (specifier.startsWith("node:")) return `${keyword}"${specifier}"`;
        throw new BuildError(`${relative(emitted, path)} shows "${specifier}", which its users do not have`);
      }
      const target = resolve(dirname(path), specifier).replace(/\.ts$/, ".d.ts");
      if (!wanted.includes(target)) wanted.push(target);
      return `${keyword}"${specifier.replace(/\.ts$/, ".js")}"`;
    });
    const kept = join(folder, relative(emitted, path));
    await mkdir(dirname(kept), { recursive: true });
    await writeFile(kept, rewritten);
  }
  await rm(emitted, { recursive: true });
}
