import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { assembleOnce, cacheDirectory, type Progress } from "../machine/cache.ts";
import { digest } from "../machine/digest.ts";
import { ensureFlinkHome } from "./home.ts";
import { jdkTool, runTool } from "./java.ts";
import { isAtLeast } from "./release.ts";

/** The entry class of the example that a JAR of jobs runs when none is named. */
export const counterClass = "dev.flinkjob.examples.Counter";
/** The entry class with a mode for everything a user's main() can do. */
export const scenarioClass = "dev.flinkjob.testing.Scenario";

const sources = join(import.meta.dirname, "jobs", "src");

/** Oldest Java of any Flink image in use (1.17-2.3), so that the JAR runs in all of them. */
const javaRelease = "11";

/**
 * The path of a JAR with the example and the test jobs, compiled against this Flink version (about 2 s, then cached by
 * the content of the sources). One compiled against any version runs on all of 1.17-2.3. Throws ToolError with javac's
 * messages.
 */
export async function buildJobsJar(version: string, progress: Progress = () => {}): Promise<string> {
  const home = await ensureFlinkHome(version, progress);
  const all = (await readdir(sources, { recursive: true })).filter((name) => name.endsWith(".java")).sort();
  // It asks for what older releases do not tell.
  const tooNew = isAtLeast(home.release, "1.20") ? [] : ["EffectiveConfiguration.java"];
  const names = all.filter((name) => !tooNew.includes(basename(name)));
  const paths = names.map((name) => join(sources, name));
  const contents = await Promise.all(paths.map((path) => readFile(path)));
  const key = digest(home.directory, javaRelease, ...names, ...contents);
  const directory = join(cacheDirectory(), `jobs-${home.release}-${key}`);
  const jar = "flinkjob-jobs.jar";
  await assembleOnce({
    directory,
    assemble: async (temporary) => {
      progress(`Compiling the example jobs for Flink ${home.release} (usually 2 s) ...`);
      const classes = join(temporary, "classes");
      const javac = ["--release", javaRelease, "-d", classes, "-cp", home.classPath, ...paths];
      await runTool("Compiling the example jobs", jdkTool("javac"), javac);
      const pack = [
        "--create",
        "--file",
        join(temporary, jar),
        "--main-class",
        counterClass,
        "-C",
        classes,
        ".",
      ];
      await runTool("Packing the example jobs", jdkTool("jar"), pack);
    },
  });
  return join(directory, jar);
}
