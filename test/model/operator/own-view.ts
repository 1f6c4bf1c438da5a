import { JOB_UID_LABEL } from "../../../src/api/group.ts";
import type { FlinkCluster } from "../../../src/api/objects.ts";
import { PerJobClusters, type PerJobClustersOptions } from "../../../src/controller/per-job-clusters.ts";
import { COMPONENT_LABEL } from "../../../src/core/cluster/objects.ts";
import type { Pod } from "../../../src/core/cluster/pods.ts";
import type { Clusters } from "../kube/api-server.ts";

/** What an operator's caches hold of clusters of its own. `key`: the same for the same content. */
export interface OwnView {
  readonly key: string;
  readonly clusters: Clusters;
  /** How often the JobManager was started again of each cluster that has pods. */
  readonly pods: ReadonlyMap<string, number>;
}

/** The real PerJobClusters.seen, fed from such a view: it reads these few methods. */
export function seeingOwn(view: () => OwnView | undefined): PerJobClusters {
  const clusters = () => (view()?.clusters ?? []).map(({ object }): FlinkCluster => object);
  const podsOf = (_: string, name: string): Pod[] => {
    const restartCount = view()?.pods.get(name);
    if (restartCount === undefined) return [];
    const labels = { [COMPONENT_LABEL]: "jobmanager" };
    const status = { containerStatuses: [{ name: "flink-main-container", restartCount }] };
    return [{ metadata: { name: `${name}-x`, labels }, status }];
  };
  return new PerJobClusters({
    kube: {} as PerJobClustersOptions["kube"],
    clock: {} as PerJobClustersOptions["clock"],
    madeFor: (uid) => clusters().filter(({ metadata }) => metadata.labels?.[JOB_UID_LABEL] === uid),
    flinkCluster: (_, name) => clusters().find(({ metadata }) => metadata.name === name),
    owned: { want: () => undefined, hasSynced: () => true, of: () => [], podsOf },
  });
}
