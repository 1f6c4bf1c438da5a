import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import type { Call } from "./call.ts";
import type { CustomResources } from "./custom-resources.ts";
import { isAccepted, throwIfRefused, throwIfStalled } from "./progress.ts";

/**
 * Waits until Flink has accepted the job, and resolves with its FlinkJob as it is then. Rejects with `DeploymentFailed`, also for what only
 * the FlinkCluster of the attempt says: a FlinkJob goes on waiting for it.
 */
export async function accepted(
  jobs: CustomResources<FlinkJob>,
  clusters: CustomResources<FlinkCluster>,
  job: FlinkJob,
  call: Call,
): Promise<FlinkJob> {
  for (let looked: string | undefined; ; ) {
    const at = looked;
    const seen = await jobs.whileThere(job, (now) => acceptedOrInTrouble(now, at), call);
    if (isAccepted(seen)) return seen;
    const { name } = seen.status?.trigger?.cluster ?? {};
    const cluster = name === undefined ? undefined : await clusters.get(name, call);
    if (cluster) throwIfStalled(cluster);
    else throwIfRefused(seen);
    looked = seen.metadata.resourceVersion;
  }
}

/** `looked`: the version whose trouble was looked at already. */
function acceptedOrInTrouble(job: FlinkJob, looked: string | undefined): FlinkJob | undefined {
  if (isAccepted(job)) return job;
  if (job.metadata.resourceVersion === looked) return undefined;
  const { state, reason, cluster } = job.status?.trigger ?? {};
  return cluster && state === "pending" && reason !== "ClusterDeploying" ? job : undefined;
}
