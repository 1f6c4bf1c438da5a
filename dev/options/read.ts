import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { jdkTool, runTool } from "../flink/java.ts";
import { assembleOnce, cacheDirectory, type Progress } from "../machine/cache.ts";
import { digest } from "../machine/digest.ts";
import { optionsClassPath } from "./class-path.ts";
import type { DeclaredOption } from "./declared-option.ts";
import type { OptionsRelease } from "./releases.ts";

const sources = join(import.meta.dirname, "src", "dev", "flinkjob", "options");

/** Every option that the JARs of a release declare. Throws ToolError. */
export async function declaredOptions(
  release: OptionsRelease,
  progress: Progress = () => {},
): Promise<DeclaredOption[]> {
  const jars = await optionsClassPath(release, progress);
  const flinks = jars.filter(
    (jar) => basename(jar).startsWith("flink-") && !basename(jar).includes("shaded"),
  );
  const lines: string[] = [];
  await runOnFlink("Reading the options", jars, "PrintOptions", flinks, (line) => lines.push(line));
  const options = lines.filter((line) => line.startsWith("{"));
  return options.map((line) => JSON.parse(line) as DeclaredOption);
}

/** Runs one of the classes in src/ against these JARs. */
export async function runOnFlink(
  what: string,
  jars: readonly string[],
  className: string,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<void> {
  const classPath = [await compiledAgainst(jars), ...jars].join(":");
  const java = ["-Xshare:auto", "-cp", classPath, `dev.flinkjob.options.${className}`, ...args];
  await runTool(what, jdkTool("java"), java, onLine);
}

/** What of the Java side goes into the catalogue: names and contents. */
export async function javaSources(): Promise<{ name: string; text: string }[]> {
  const names = (await readdir(sources)).sort();
  return Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(sources, name), "utf8") })),
  );
}

async function compiledAgainst(jars: readonly string[]): Promise<string> {
  const files = await javaSources();
  const key = digest(...jars, ...files.flatMap(({ name, text }) => [name, text]));
  const directory = join(cacheDirectory(), `options-reader-${key}`);
  await assembleOnce({
    directory,
    assemble: (temporary) => {
      const paths = files.map(({ name }) => join(sources, name));
      const javac = ["--release", "11", "-d", temporary, "-cp", jars.join(":"), ...paths];
      return runTool("Compiling the reader of options", jdkTool("javac"), javac);
    },
  });
  return directory;
}
