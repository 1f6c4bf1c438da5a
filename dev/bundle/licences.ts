import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bundle, packageAt, root } from "./bundle.ts";

/** Names, versions and licence texts of the packages inside: their licences ask for it. */
export async function licences(bundles: readonly Bundle[]): Promise<string> {
  const folders = new Set<string>();
  for (const path of bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs))) {
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

async function licenceText(folder: string): Promise<string> {
  for (const name of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE", "License"]) {
    const text = await readFile(join(folder, name), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    if (text !== undefined) return text;
  }
  return "(the package carries no licence file)\n";
}
