import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Progress } from "../machine/cache.ts";
import { type Layer, packedLayer } from "./image.ts";

const run = promisify(execFile);
const script = "record-classes.sh";
const patienceMillis = 5 * 60_000;

/**
 * The classes that Flink's roles load, ready to be mapped: a third of the work of a JobManager's start. Recorded by a Flink
 * that runs in the `flink` layers, because Java takes an archive only for the same JARs at the same paths. What job it runs
 * there makes no difference. Needs root, as pods do.
 */
export async function classesLayer(
  image: { flink: readonly Layer[]; jobs: Layer; environment: readonly string[] },
  progress: Progress,
): Promise<Layer> {
  const { flink, jobs, environment } = image;
  const text = await readFile(join(import.meta.dirname, script));
  return {
    name: "classes",
    inputs: [text, ...environment, ...flink.flatMap(({ name, inputs }) => [name, ...inputs])],
    fill: async (root) => {
      progress("Recording the classes that Flink loads, for its image (usually 15 s, only once) ...");
      const machine = join(dirname(root), "machine");
      await mkdir(machine);
      for (const layer of [...flink, jobs])
        await run("tar", ["-C", machine, "--overwrite", "-xpf", (await packedLayer(layer)).file]);
      await copyFile(join(import.meta.dirname, script), join(machine, script));
      // In mounts of its own, of which nothing stays; devices are this machine's.
      const steps = [
        `mount --bind /dev '${machine}/dev'`,
        `mount -t proc proc '${machine}/proc'`,
        "ip link set lo up",
        `exec chroot '${machine}' /bin/env -i ${environment.join(" ")} /bin/sh /${script}`,
      ];
      const apart = ["--mount", "--net", "--uts", "--pid", "--fork", "--kill-child"];
      await run("unshare", [...apart, "sh", "-ec", steps.join("\n")], { timeout: patienceMillis });
      const archives = "opt/flink/cds";
      await mkdir(join(root, archives), { recursive: true });
      for (const role of ["jobmanager", "taskmanager"])
        await copyFile(join(machine, archives, `${role}.jsa`), join(root, archives, `${role}.jsa`));
      await rm(machine, { recursive: true });
    },
  };
}
