import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startFlink } from "../../dev/flink/cluster.ts";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { startKube } from "../../dev/kube/cluster.ts";
import { checkPrerequisites } from "../../dev/machine/prerequisites.ts";
import { openWorkplace } from "../../dev/machine/workplace.ts";
import { installCrds } from "./crds.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of an administrator's kubeconfig; the CRDs are installed. */
    kubeconfig: string;
    /** The command that is kubectl. */
    kubectl: string[];
    /** By "2.3" and "1.20", unless others are asked for. */
    flink: Record<string, { url: string; jobsJar: string }>;
  }
}

/** Others by `FLINKJOB_TEST_FLINKS=1.17,1.18`, for tests that ask whatever Flinks there are. */
const versions = (process.env.FLINKJOB_TEST_FLINKS ?? "2.3,1.20").split(",");
const progress = (line: string) => void process.stderr.write(`${line}\n`);

/** One control plane and one Flink of each version for the whole run, all real; nothing of them survives it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await checkPrerequisites({ needs: ["go", "java", "maven"] });
  const workplace = await openWorkplace("test run", "flinkjob-test");
  const { dir } = workplace;
  const owner = { ownerPid: process.pid, progress };
  try {
    const kube = await startKube({ dir: join(dir, "kube"), ...owner });
    workplace.onStrike(() => kube.stop());
    await installCrds(kube);
    const flink: Record<string, { url: string; jobsJar: string }> = {};
    for (const version of versions) {
      const cluster = await startFlink({ dir: join(dir, `flink-${version}`), version, slots: 16, ...owner });
      workplace.onStrike(() => cluster.stop());
      flink[version] = { url: cluster.url, jobsJar: await buildJobsJar(cluster.version, progress) };
    }
    project.provide("kubeconfig", kube.kubeconfig);
    project.provide("kubectl", [...kube.kubectl]);
    project.provide("flink", flink);
    return () => workplace.strike();
  } catch (error) {
    await workplace.strike();
    throw error;
  }
}
