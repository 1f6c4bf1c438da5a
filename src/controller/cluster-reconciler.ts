import type { FlinkCluster } from "../api/objects.ts";
import { clusterStatus } from "../core/cluster-status.ts";
import { sameStatus } from "../core/summarize.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import { isKubeError } from "../kube/errors.ts";
import type { ReadonlyStore } from "../kube/store.ts";
import type { Resource } from "../kube/types.ts";
import type { ReconcileOutcome } from "../kube/workers.ts";
import type { Clusters } from "./clusters.ts";
import type { Versions } from "./versions.ts";

export interface ClusterReconcilerOptions {
  store: Pick<ReadonlyStore<FlinkCluster>, "get">;
  kube: Pick<KubeClient, "replaceStatus">;
  resource: Resource<FlinkCluster>;
  versions: Versions<FlinkCluster>;
  clusters: Clusters;
  clock: Clock;
  onStatusWritten?: () => void;
  onReachable?: (cluster: { namespace: string; name: string }, reachable: boolean | undefined) => void;
}

const CONFLICT_AGAIN_MS = 200;

/** Keeps a FlinkCluster's status equal to what its JobManager says. */
export class ClusterReconciler {
  readonly #options: ClusterReconcilerOptions;

  constructor(options: ClusterReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileOutcome | undefined> {
    const { store, kube, resource, versions, clusters, clock, onReachable } = this.#options;
    const cluster = versions.newest(key, store.get(key));
    const [namespace = "", name = ""] = key.split("/");
    if (!cluster || cluster.metadata.deletionTimestamp !== undefined) {
      clusters.use(`cluster:${key}`, []);
      onReachable?.({ namespace, name }, undefined);
      return undefined;
    }
    const { url } = cluster.spec;
    clusters.use(`cluster:${key}`, [url]);
    const observed = clusters.get(url)?.monitor.observation({ prefix: "" }) ?? {
      kind: "connecting" as const,
      url,
    };
    if (observed.kind !== "connecting") onReachable?.({ namespace, name }, observed.kind === "reachable");
    const status = clusterStatus(cluster, observed, clock.now());
    if (!status || (cluster.status && sameStatus(cluster.status, status))) return undefined;
    try {
      versions.wrote(cluster, await kube.replaceStatus(resource, { ...cluster, status }, { signal }));
      this.#options.onStatusWritten?.();
    } catch (error) {
      versions.forget(key);
      if (isKubeError(error, "Conflict")) return { requeueAfterMs: CONFLICT_AGAIN_MS };
      if (!isKubeError(error, "NotFound")) throw error;
    }
    return undefined;
  }
}
