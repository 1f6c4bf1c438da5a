import { JOB_LABEL, JOB_UID_LABEL, ORPHANED_ANNOTATION } from "../api/group.ts";
import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import { MANAGED_BY, MANAGED_BY_LABEL } from "../core/cluster/objects.ts";
import type { KubeClient } from "../kube/client.ts";
import { isKubeError } from "../kube/errors.ts";
import { flinkClusters, flinkJobs } from "../kube/resources.ts";
import { isMadeFor } from "./per-job-clusters.ts";

export interface ForsakenClustersOptions {
  kube: Pick<KubeClient, "list" | "delete">;
  /** The FlinkJobs of this uid in the cache. */
  jobsOf: (uid: string) => readonly FlinkJob[];
}

/**
 * FlinkClusters that were made for a FlinkJob (spec.cluster.perJob) that is gone: an operator that stood still between its last
 * look at the FlinkJob and the create may make one afterwards, and nobody would take it away. A uid never comes again, so what
 * the API server's own list does not have needs nothing any more.
 */
export class ForsakenClusters {
  readonly #options: ForsakenClustersOptions;

  constructor(options: ForsakenClustersOptions) {
    this.#options = options;
  }

  /** True: it was one, and is deleted. Throws KubeError. */
  async sweep(cluster: FlinkCluster, signal: AbortSignal): Promise<boolean> {
    const uid = forsakenUid(cluster);
    if (uid === undefined || this.#options.jobsOf(uid).length > 0) return false;
    const { kube } = this.#options;
    const { namespace, name, resourceVersion = "" } = cluster.metadata;
    // A cache may not have it yet: all of them, for its name may be longer than what a label holds.
    const { items } = await kube.list(flinkJobs, { namespace, signal });
    if (items.some(({ metadata }) => metadata.uid === uid)) return false;
    // Whoever has marked or changed it since is right.
    const preconditions = { uid: cluster.metadata.uid ?? "", resourceVersion };
    try {
      await kube.delete(flinkClusters, { namespace, name }, { preconditions, signal });
    } catch (error) {
      if (!isKubeError(error, "NotFound")) throw error;
    }
    return true;
  }
}

/** The uid of the FlinkJob without which it is nobody's; undefined where it is not for us to judge. */
function forsakenUid(cluster: FlinkCluster): string | undefined {
  const { labels = {}, annotations = {}, deletionTimestamp } = cluster.metadata;
  const uid = labels[JOB_UID_LABEL];
  const isOurs = labels[MANAGED_BY_LABEL] === MANAGED_BY && isMadeFor(cluster, labels[JOB_LABEL] ?? "");
  const stays = deletionTimestamp !== undefined || annotations[ORPHANED_ANNOTATION] !== undefined;
  return isOurs && !stays ? uid : undefined;
}
