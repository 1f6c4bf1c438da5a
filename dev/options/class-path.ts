import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../flink/java.ts";
import { assembleOnce, cacheDirectory, type Progress } from "../machine/cache.ts";
import { digest } from "../machine/digest.ts";
import type { OptionsRelease } from "./releases.ts";

const dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1";
const pom = join(import.meta.dirname, "pom.xml");

/** The JARs of a release in Maven's own repository, found once per content of pom.xml. Throws ToolError. */
export async function optionsClassPath(
  { minor, release, profiles, properties = {} }: OptionsRelease,
  progress: Progress = () => {},
): Promise<string[]> {
  const defined = Object.entries({ "flink.version": release, ...properties });
  const maven = [
    ...["--batch-mode", "--file", pom, `${dependencyPlugin}:build-classpath`],
    ...defined.map(([name, value]) => `-D${name}=${value}`),
    ...(profiles.length > 0 ? ["--activate-profiles", profiles.join(",")] : []),
  ];
  const directory = join(cacheDirectory(), `options-${release}-${digest(await readFile(pom), ...maven)}`);
  const file = "class-path";
  await assembleOnce({
    directory,
    assemble: async (temporary) => {
      progress(`Fetching the JARs of Flink ${minor} that declare options ...`);
      const output = `-Dmdep.outputFile=${join(temporary, file)}`;
      await runTool(`Fetching Flink ${release}`, "mvn", [...maven, output]);
    },
  });
  return (await readFile(join(directory, file), "utf8")).trim().split(":");
}
