import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import type { Call } from "./call.ts";
import type { CustomResources } from "./custom-resources.ts";
import { DeploymentError } from "./deployment-error.ts";
import { conditionOf, titleOf } from "./progress.ts";

/** Deletes a FlinkJob; resolves when it is gone, at once where there is none. */
export async function killJob(jobs: CustomResources<FlinkJob>, name: string, call: Call): Promise<void> {
  const job = await jobs.get(name, call);
  if (job === undefined) return;
  await jobs.delete(job, call);
  await jobs.until(job, (seen) => seen === undefined || undefined, call);
}

/** Deletes a FlinkCluster; resolves when it is gone, at once where there is none. Rejects with `InUse`. */
export async function killCluster(
  clusters: CustomResources<FlinkCluster>,
  jobs: CustomResources<FlinkJob>,
  name: string,
  call: Call,
): Promise<void> {
  const cluster = await clusters.get(name, call);
  if (cluster === undefined) return;
  await clusters.delete(cluster, call);
  for (let version: string | undefined; ; ) {
    const looked = version;
    const inUse = await clusters.until(cluster, (seen) => goneOrInUse(seen, looked), call);
    if (inUse === "gone") return;
    await throwIfInUse(jobs, inUse, call);
    version = inUse.metadata.resourceVersion;
  }
}

/** `looked`: the version that was looked at already. */
function goneOrInUse(
  seen: FlinkCluster | undefined,
  looked: string | undefined,
): FlinkCluster | "gone" | undefined {
  if (seen === undefined) return "gone";
  if (seen.metadata.resourceVersion === looked) return undefined;
  return conditionOf(seen, "Ready")?.reason === "InUse" ? seen : undefined;
}

/** What the operator says may be older than what is so: only FlinkJobs that stay hold a cluster. */
async function throwIfInUse(
  jobs: CustomResources<FlinkJob>,
  cluster: FlinkCluster,
  call: Call,
): Promise<void> {
  const { name } = cluster.metadata;
  const staying = (await jobs.list(call)).some(
    ({ metadata, spec }) => spec.cluster.name === name && metadata.deletionTimestamp === undefined,
  );
  if (!staying) return;
  const message = `${titleOf(cluster)}: ${conditionOf(cluster, "Ready")?.message}`;
  throw new DeploymentError("InUse", message, { reason: "InUse", retry: "backoff" });
}
