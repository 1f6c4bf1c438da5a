import { existsSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { assembleOnce, cacheDirectory, type Progress } from "../machine/cache.ts";
import { digest } from "../machine/digest.ts";
import { javaKey, runTool } from "./java.ts";
import { isAtLeast, releaseOf } from "./release.ts";

const dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1";
const reportMillis = 5_000;

/** One Flink release on this machine: `lib/` with its JARs, and the class data sharing archives of each JDK. */
export interface FlinkHome {
  readonly release: string;
  readonly directory: string;
  /** lib/*.jar in a fixed order: the archives are bound to it. */
  readonly classPath: string;
  /** Where the archives of this home and this JDK are; exists. */
  readonly archives: string;
}

/**
 * The home of a Flink version ("2.3", "1.20" or a full release), assembled from Maven Central at the first call.
 * Throws ToolError when Maven cannot do it.
 */
export async function ensureFlinkHome(version: string, progress: Progress = () => {}): Promise<FlinkHome> {
  const release = releaseOf(version);
  const pom = join(import.meta.dirname, "pom.xml");
  const maven = mavenArguments(release);
  const directory = join(cacheDirectory(), `flink-${release}-${digest(await readFile(pom), ...maven)}`);
  await assembleOnce({
    directory,
    assemble: (temporary) => assemble(release, ["-f", pom, ...maven], temporary, progress),
    onWait: () => progress(`Another process is assembling Flink ${release}: waiting for it ...`),
  });
  const lib = join(directory, "lib");
  const jars = (await readdir(lib)).filter((name) => name.endsWith(".jar")).sort();
  const archives = join(directory, "cds", await javaKey());
  await mkdir(archives, { recursive: true });
  return { release, directory, classPath: jars.map((jar) => join(lib, jar)).join(":"), archives };
}

function mavenArguments(release: string): string[] {
  return [
    "--batch-mode",
    `${dependencyPlugin}:copy-dependencies`,
    "-DincludeScope=runtime",
    `-Dflink.version=${release}`,
    ...(isAtLeast(release, "2.3") ? ["--activate-profiles", "application-mode"] : []),
  ];
}

async function assemble(
  release: string,
  maven: readonly string[],
  temporary: string,
  progress: Progress,
): Promise<void> {
  const begin = performance.now();
  progress(`Assembling Flink ${release} from Maven Central (about 85 MB, usually 5-20 s, only once) ...`);
  let downloads = 0;
  const report = setInterval(() => {
    progress(`  ${seconds(begin)}: ${downloads} files downloaded so far`);
  }, reportMillis);
  try {
    const lib = join(temporary, "lib");
    await runTool(`Assembling Flink ${release}`, "mvn", [...maven, `-DoutputDirectory=${lib}`], (line) => {
      if (/Downloaded from .*\.jar /.test(line)) downloads++;
    });
    if (!existsSync(join(lib, `flink-runtime-${release}.jar`))) {
      throw new Error(`Maven ended well, but ${lib} holds no flink-runtime-${release}.jar`);
    }
  } finally {
    clearInterval(report);
  }
  progress(`Flink ${release} assembled in ${seconds(begin)} (${downloads} JARs downloaded)`);
}

function seconds(begin: number): string {
  return `${((performance.now() - begin) / 1000).toFixed(1)} s`;
}
