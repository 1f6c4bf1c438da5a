import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { flinkImage } from "../../dev/image/flink.ts";
import type { Image } from "../../dev/image/image.ts";
import { operatorImage } from "../../dev/image/operator.ts";
import { startKube } from "../../dev/kube/cluster.ts";
import { checkPrerequisites } from "../../dev/machine/prerequisites.ts";
import { openWorkplace } from "../../dev/machine/workplace.ts";
import { ensureNodePackages } from "../../dev/node/packages.ts";
import { compilePrograms } from "./compiled-programs.ts";
import { installCrds } from "./crds.ts";
import { remainsOf } from "./node-remains.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Directory of the one cluster with a node: `startKube({ dir })` finds it. */
    kubeDir: string;
    /** Names of images by "2.3", "1.20" and "operator"; the node has them. */
    images: Record<string, string>;
  }
}

const progress = (line: string) => void process.stderr.write(`${line}\n`);

/** One control plane with a node for the whole run, and nothing of it after the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await checkPrerequisites({ needs: ["go", "java", "maven"] });
  await ensureNodePackages(progress);
  await compilePrograms();
  const workplace = await openWorkplace("test run", "flinkjob-node");
  try {
    const images: Record<string, Image> = {
      operator: await operatorImage(progress),
      "1.20": await flinkImage("1.20", progress),
      "2.3": await flinkImage("2.3", progress),
    };
    const dir = join(workplace.dir, "kube");
    const node = { images: Object.values(images) };
    const kube = await startKube({ dir, node, ownerPid: process.pid, progress });
    workplace.onStrike(async () => {
      await kube.stop();
      const remains = await remainsOf(dir);
      if (remains.length > 0) throw new Error(`The node left behind:\n${remains.join("\n")}`);
    });
    await installCrds(kube);
    const { kubeconfig, kubectl } = kube;
    project.provide("grounds", [{ kubeconfig, kubectl: [...kubectl] }]);
    project.provide("kubeDir", dir);
    const names = Object.entries(images).map(([key, { name }]) => [key, name] as const);
    project.provide("images", Object.fromEntries(names));
    return () => workplace.strike();
  } catch (error) {
    await workplace.strike();
    throw error;
  }
}
