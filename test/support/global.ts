import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startFlink } from "../../dev/flink/cluster.ts";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { startKube } from "../../dev/kube/cluster.ts";
import { checkPrerequisites } from "../../dev/machine/prerequisites.ts";
import { openWorkplace, type Workplace } from "../../dev/machine/workplace.ts";
import { compilePrograms } from "./compiled-programs.ts";
import { installCrds } from "./crds.ts";
import type { Ground } from "./ground.ts";

/** Others by `FLINKJOB_TEST_FLINKS=1.17,1.18`, for tests that ask whatever Flinks there are. */
const versions = (process.env.FLINKJOB_TEST_FLINKS ?? "2.3,1.20").split(",");
const progress = (line: string) => void process.stderr.write(`${line}\n`);

/**
 * For each lane of files one control plane and one Flink of each version, for the whole run, all real; nothing of them
 * survives it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await checkPrerequisites({ needs: ["go", "java", "maven"] });
  await compilePrograms();
  const workplace = await openWorkplace("test run", "flinkjob-test");
  try {
    // What one of them has begun is known to the workplace when another one fails.
    const opened = await Promise.allSettled(lanesOf(project).map((lane) => openGround(workplace, lane)));
    const grounds = opened.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
    project.provide("grounds", grounds);
    return () => workplace.strike();
  } catch (error) {
    await workplace.strike();
    throw error;
  }
}

/** No more than there are files to run. */
function lanesOf(project: TestProject): number[] {
  const paths = project.vitest.state.getPaths().filter((path) => project.matchesTestGlob(path));
  return Array.from({ length: Math.min(project.config.maxWorkers, paths.length) }, (_, i) => i + 1);
}

async function openGround(workplace: Workplace, lane: number): Promise<Ground> {
  const { dir } = workplace;
  const owner = { ownerPid: process.pid, progress };
  const kube = await startKube({ dir: join(dir, `kube-${lane}`), ...owner });
  workplace.onStrike(() => kube.stop());
  await installCrds(kube);
  const flink: Record<string, { url: string; jobsJar: string }> = {};
  for (const version of versions) {
    const cluster = await startFlink({
      dir: join(dir, `flink-${version}-${lane}`),
      version,
      slots: 16,
      ...owner,
    });
    workplace.onStrike(() => cluster.stop());
    flink[version] = { url: cluster.url, jobsJar: await buildJobsJar(cluster.version, progress) };
  }
  const { kubeconfig, kubectl } = kube;
  return { kubeconfig, kubectl: [...kubectl], flink };
}
