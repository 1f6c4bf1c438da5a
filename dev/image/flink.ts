import { existsSync } from "node:fs";
import { chmod, copyFile, link, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureFlinkHome, type FlinkHome } from "../flink/home.ts";
import { runTool } from "../flink/java.ts";
import { buildJobsJar } from "../flink/jobs.ts";
import { assembleOnce, cacheDirectory, type Progress } from "../machine/cache.ts";
import { digest } from "../machine/digest.ts";
import { classesLayer } from "./classes.ts";
import { type Image, image, type Layer } from "./image.ts";
import { javaHome, javaLayer } from "./java-runtime.ts";
import { shellLayer } from "./shell.ts";

const dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1";
const flinkHome = "/opt/flink";
/** Where the image has the JAR with our example and test jobs: a user's own image looks like that. */
export const jobsJarPath = `${flinkHome}/usrlib/flinkjob-jobs.jar`;

/**
 * The releases of flink-kubernetes and flink-container that go with each. Maven has not all of them: those of another patch
 * release of the same minor version fit.
 */
const companions: Readonly<Record<string, { readonly kubernetes: string; readonly container: string }>> = {
  "2.3.0": { kubernetes: "2.3.0", container: "2.3.0" },
  "2.2.1": { kubernetes: "2.2.0", container: "2.2.1" },
  "2.1.3": { kubernetes: "2.1.0", container: "2.1.0" },
  "2.0.2": { kubernetes: "2.0.0", container: "2.0.0" },
  "1.20.5": { kubernetes: "1.20.1", container: "1.20.0" },
};

/**
 * An image of a Flink version ("2.3", "1.20") that starts as the official ones do: the same commands, paths, user and
 * variables (docker-entrypoint.sh). Made of what `dev/flink` assembles, without Docker, at the first call; it has the JAR
 * of our jobs in usrlib. Throws ToolError, PrerequisitesError.
 */
export async function flinkImage(version: string, progress: Progress = () => {}): Promise<Image> {
  const home = await ensureFlinkHome(version, progress);
  const flink = [await shellLayer(progress), await javaLayer(progress), await flinkLayer(home, progress)];
  const jobs = await jobsLayer(version, progress);
  const path = [`${flinkHome}/bin`, `${javaHome}/bin`, "/usr/sbin", "/usr/bin", "/sbin", "/bin"].join(":");
  const environment = [`FLINK_HOME=${flinkHome}`, `JAVA_HOME=${javaHome}`, `PATH=${path}`];
  const layers = [...flink, await classesLayer({ flink, jobs, environment }, progress), jobs];
  return image("flink", home.release, layers, {
    entrypoint: ["/docker-entrypoint.sh"],
    environment,
    user: "9999:9999",
    directory: flinkHome,
  });
}

async function flinkLayer(home: FlinkHome, progress: Progress): Promise<Layer> {
  const companion = companions[home.release];
  if (companion === undefined)
    throw new Error(`No image of Flink ${home.release}: only of ${Object.keys(companions).join(", ")}`);
  const own = ["docker-entrypoint.sh", "log4j-console.properties", "pom.xml"];
  const contents = await Promise.all(own.map((name) => readFile(join(import.meta.dirname, name))));
  return {
    name: "flink",
    inputs: [home.directory, JSON.stringify(companion), ...contents],
    fill: async (root) => {
      progress(`Packing Flink ${home.release} for its image (usually 5 s, only once) ...`);
      const flink = join(root, flinkHome);
      for (const dir of ["lib", "conf", "conf-default", "log", "bin", "opt", "plugins", "usrlib"])
        await mkdir(join(flink, dir), { recursive: true });
      await chmod(join(flink, "log"), 0o1777);
      const extra = await companionJars(companion);
      for (const lib of [join(home.directory, "lib"), extra])
        for (const name of await readdir(lib))
          if (name.endsWith(".jar")) await linkOrCopyInto(join(lib, name), join(flink, "lib", name));
      await place(root, "docker-entrypoint.sh", "/docker-entrypoint.sh");
      await place(root, "log4j-console.properties", `${flinkHome}/conf-default/log4j-console.properties`);
      await writeFile(join(flink, "conf-default/config.yaml"), "");
      // What a JobManager in native mode starts its TaskManagers by: bash -c 'kubernetes-taskmanager.sh ...'
      await script(join(root, "bin/bash"), 'exec /bin/sh "$@"');
      // The former is called with kubernetes-session or kubernetes-application as its first word.
      await script(join(flink, "bin/kubernetes-jobmanager.sh"), 'exec /docker-entrypoint.sh "$@"');
      const taskManager = 'exec /docker-entrypoint.sh kubernetes-taskmanager "$@"';
      await script(join(flink, "bin/kubernetes-taskmanager.sh"), taskManager);
    },
  };
}

async function jobsLayer(version: string, progress: Progress): Promise<Layer> {
  const jar = await buildJobsJar(version, progress);
  return {
    name: "jobs",
    inputs: [jar],
    fill: async (root) => {
      await mkdir(join(root, flinkHome, "usrlib"), { recursive: true });
      await copyFile(jar, join(root, jobsJarPath));
    },
  };
}

async function companionJars({ kubernetes, container }: { kubernetes: string; container: string }) {
  const pom = join(import.meta.dirname, "pom.xml");
  const directory = join(
    cacheDirectory(),
    `flink-companions-${kubernetes}-${digest(await readFile(pom), container)}`,
  );
  await assembleOnce({
    directory,
    assemble: (temporary) =>
      runTool("Fetching the JARs of Flink for Kubernetes", "mvn", [
        ...["--batch-mode", "-f", pom, `${dependencyPlugin}:copy-dependencies`, "-DexcludeTransitive=true"],
        ...[`-Dkubernetes.version=${kubernetes}`, `-Dcontainer.version=${container}`],
        `-DoutputDirectory=${temporary}`,
      ]),
  });
  return directory;
}

async function place(root: string, name: string, path: string): Promise<void> {
  await copyFile(join(import.meta.dirname, name), join(root, path));
  if (name.endsWith(".sh")) await chmod(join(root, path), 0o755);
}

async function script(path: string, line: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
}

/** What is there stays: it may be linked to a JAR of the home, and would be written there. */
async function linkOrCopyInto(from: string, to: string): Promise<void> {
  if (existsSync(to)) return;
  await link(from, to).catch(() => copyFile(from, to));
}
