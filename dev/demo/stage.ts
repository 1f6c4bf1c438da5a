import type { FlinkInstance } from "../flink/cluster.ts";
import { buildJobsJar } from "../flink/jobs.ts";
import type { KubeInstance } from "../kube/cluster.ts";
import { Ground } from "./ground.ts";

/** Everything that the demo runs, and what it needs to know of it. */
export interface Stage {
  dir: string;
  kube: KubeInstance;
  flink: FlinkInstance;
  /** Where the example JAR is served. */
  jarUri: string;
  operatorLog: string;
  /** Resolves with the exit code if the operator ends by itself. */
  operatorEnded: Promise<number | null>;
  strike(): Promise<void>;
}

/** Starts a control plane, a Flink and the operator. */
export async function buildStage(
  kind: KubeInstance["kind"],
  progress: (line: string) => void,
): Promise<Stage> {
  // One after the other: the first time each of them builds something, and both want all processors.
  const ground = await Ground.prepare(kind, progress);
  try {
    const { dir, kube, operatorLog } = ground;
    const flink = await ground.flink("flink");
    const jarUri = await ground.serveJar(await buildJobsJar(flink.version, progress));
    const { ended: operatorEnded } = await ground.startOperator();
    return { dir, kube, flink, jarUri, operatorLog, operatorEnded, strike: () => ground.strike() };
  } catch (error) {
    await ground.strike();
    throw error;
  }
}
