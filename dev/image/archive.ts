import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Packs a directory as the root of an archive: the same files give the same bytes. All belong to root, all are of 1970. */
export async function pack(directory: string, archive: string): Promise<void> {
  const sameBytes = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=a+rX"];
  await run("tar", [...sameBytes, "--hard-dereference", "-C", directory, "-cf", archive, "."]);
}

/** The shared libraries that a program or library is linked to, as paths of this machine, its loader included. */
export async function librariesOf(files: readonly string[]): Promise<string[]> {
  const { stdout } = await run("ldd", [...files]);
  const paths = [...stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map(([, path]) => path!);
  return [...new Set(paths)].filter((path) => !files.includes(path)).sort();
}
