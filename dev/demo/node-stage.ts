import { flinkImage } from "../image/flink.ts";
import { operatorImage } from "../image/operator.ts";
import type { KubeInstance } from "../kube/cluster.ts";
import { ensureNodePackages } from "../node/packages.ts";
import { Ground } from "./ground.ts";

/** Everything that the demo with pods runs, and what it needs to know of it. */
export interface NodeStage {
  readonly kube: KubeInstance;
  /** The name of an image of Flink 2.3 that the node has. */
  readonly image: string;
  /** A directory of the node for the storage of Flink clusters. */
  readonly storage: string;
  readonly operatorLog: string;
  /** Resolves with the exit code if the operator ends by itself. */
  readonly operatorEnded: Promise<number | null>;
  strike(): Promise<void>;
}

/** Pods want what only root on Linux has. */
export class NoNodeError extends Error {
  override readonly name = "NoNodeError";
  readonly code = "NO_NODE";
  constructor() {
    super("--node runs pods on this machine, which needs root on Linux; without it: npm run demo");
  }
}

/** Throws NoNodeError. */
export function refuseWithoutNode({ platform, getuid }: Pick<NodeJS.Process, "platform" | "getuid">): void {
  if (platform !== "linux" || getuid?.() !== 0) throw new NoNodeError();
}

/** Starts a control plane with a node, and the operator. No Flink: that is the operator's to make. */
export async function buildNodeStage(progress: (line: string) => void): Promise<NodeStage> {
  refuseWithoutNode(process);
  await ensureNodePackages(progress);
  const operator = await operatorImage(progress);
  const flink = await flinkImage("2.3", progress);
  const ground = await Ground.prepare("embedded", progress, [operator, flink]);
  try {
    const { kube, operatorLog } = ground;
    const storage = await kube.node!.sharedDirectory("storage");
    // What it starts pods of its own from: they clean the storage.
    const { ended: operatorEnded } = await ground.startOperator("--operator-image", operator.name);
    return { kube, image: flink.name, storage, operatorLog, operatorEnded, strike: () => ground.strike() };
  } catch (error) {
    await ground.strike();
    throw error;
  }
}
