import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { runToEnd } from "../../dev/demo/stage.ts";
import { startFlink } from "../../dev/flink/cluster.ts";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { startKube } from "../../dev/kube/cluster.ts";
import { disposableDirectory, registerInstance, unregisterInstance } from "../../dev/machine/instances.ts";
import { checkPrerequisites } from "../../dev/machine/prerequisites.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of an administrator's kubeconfig; the CRDs are installed. */
    kubeconfig: string;
    /** The command that is kubectl. */
    kubectl: string[];
    /** By "2.3" and "1.20". */
    flink: Record<string, { url: string; jobsJar: string }>;
  }
}

const crds = fileURLToPath(new URL("../../crds", import.meta.url));
const progress = (line: string) => void process.stderr.write(`${line}\n`);

/** One control plane and one Flink of each version for the whole run, all real; nothing of them survives it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await checkPrerequisites({ needs: ["go", "java", "maven"] });
  const dir = await disposableDirectory("flinkjob-test");
  // A run that is killed leaves no directory behind: the next start of anything deletes it.
  await registerInstance({ kind: "test run", dir, pids: [], ownerPid: process.pid });
  const undo: (() => Promise<unknown>)[] = [
    async () => {
      await rm(dir, { recursive: true, force: true });
      await unregisterInstance(dir);
    },
  ];
  const strike = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  const owner = { ownerPid: process.pid, progress };
  try {
    const kube = await startKube({ dir: join(dir, "kube"), ...owner });
    undo.push(() => kube.stop());
    const [command = "kubectl", ...first] = kube.kubectl;
    await runToEnd(command, [...first, "apply", "-k", crds], { KUBECONFIG: kube.kubeconfig });
    const flink: Record<string, { url: string; jobsJar: string }> = {};
    for (const version of ["2.3", "1.20"]) {
      const cluster = await startFlink({ dir: join(dir, `flink-${version}`), version, slots: 16, ...owner });
      undo.push(() => cluster.stop());
      flink[version] = { url: cluster.url, jobsJar: await buildJobsJar(cluster.version, progress) };
    }
    project.provide("kubeconfig", kube.kubeconfig);
    project.provide("kubectl", [...kube.kubectl]);
    project.provide("flink", flink);
    return strike;
  } catch (error) {
    await strike();
    throw error;
  }
}
