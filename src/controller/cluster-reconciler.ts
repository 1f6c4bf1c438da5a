import type { FlinkClusterStatus } from "../api/flinkcluster.ts";
import { CLUSTER_FINALIZER } from "../api/group.ts";
import type { FlinkCluster } from "../api/objects.ts";
import { managedStatus } from "../core/cluster/managed-status.ts";
import { urlOf } from "../core/cluster/names.ts";
import { hasReadyJobManager } from "../core/cluster/pods.ts";
import { clusterStatus } from "../core/cluster-status.ts";
import type { FindOptions } from "../core/configuration/catalogue.ts";
import { clusterEvents } from "../core/events.ts";
import type { ClusterObservation } from "../core/observed.ts";
import { isTemplate, templateStatus } from "../core/per-job/template.ts";
import type { StepEvent } from "../core/step.ts";
import { sameStatus } from "../core/summarize.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import { isKubeError } from "../kube/errors.ts";
import { flinkClusters } from "../kube/resources.ts";
import type { ReadonlyStore } from "../kube/store.ts";
import { key as keyOf } from "../kube/types.ts";
import type { ReconcileOutcome } from "../kube/workers.ts";
import type { Clusters } from "./clusters.ts";
import type { ForsakenClusters } from "./forsaken-clusters.ts";
import type { ManagedClusters } from "./managed/managed-clusters.ts";
import type { Versions } from "./versions.ts";

export interface ClusterReconcilerOptions {
  store: Pick<ReadonlyStore<FlinkCluster>, "get">;
  kube: Pick<KubeClient, "replaceStatus" | "patch">;
  versions: Versions<FlinkCluster>;
  clusters: Clusters;
  managed: Pick<ManagedClusters, "bring" | "forget" | "troubleOfJobs">;
  /** Takes away those whose FlinkJob is gone; absent: they are left as they are. */
  forsaken?: Pick<ForsakenClusters, "sweep"> | undefined;
  /** The catalogue of Flink's options. */
  findOptions?: FindOptions | undefined;
  clock: Clock;
  tell?: ((cluster: FlinkCluster, event: StepEvent) => void) | undefined;
  onStatusWritten?: () => void;
  onReachable?: (cluster: { namespace: string; name: string }, reachable: boolean | undefined) => void;
}

const CONFLICT_AGAIN_MS = 200;
/** Where the JobManager makes pods: nothing tells that a job has begun to wait for them in vain. */
const JOBS_AGAIN_MS = 10_000;

/** Keeps a FlinkCluster's status equal to what its JobManager says, and a managed one deployed. */
export class ClusterReconciler {
  readonly #options: ClusterReconcilerOptions;

  constructor(options: ClusterReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileOutcome | undefined> {
    const { store, versions } = this.#options;
    const cluster = versions.newest(key, store.get(key));
    if (
      !cluster ||
      (cluster.metadata.deletionTimestamp !== undefined &&
        (cluster.spec.managed === undefined || isTemplate(cluster)))
    ) {
      const [namespace = "", name = ""] = key.split("/");
      this.#options.managed.forget({ metadata: { namespace, name } });
      this.#forget(key);
      return undefined;
    }
    try {
      if (isTemplate(cluster)) return await this.#template(cluster, signal);
      return cluster.spec.managed === undefined
        ? await this.#external(cluster, signal)
        : await this.#managed(cluster, signal);
    } catch (error) {
      if (isKubeError(error, "Conflict")) return { requeueAfterMs: CONFLICT_AGAIN_MS };
      if (!isKubeError(error, "NotFound")) throw error;
      return undefined;
    }
  }

  async #external(cluster: FlinkCluster, signal: AbortSignal): Promise<undefined> {
    const status = clusterStatus(cluster, this.#observe(cluster), this.#options.clock.now());
    await this.#write(cluster, status, signal);
  }

  async #template(cluster: FlinkCluster, signal: AbortSignal): Promise<undefined> {
    const { findOptions, clock } = this.#options;
    await this.#write(cluster, templateStatus(cluster, findOptions, clock.now()), signal);
  }

  async #managed(cluster: FlinkCluster, signal: AbortSignal): Promise<ReconcileOutcome | undefined> {
    const { managed, clock, forsaken, tell } = this.#options;
    if (await forsaken?.sweep(cluster, signal)) return undefined;
    const { view, finalizer, events = [], requeueAfterMs } = await managed.bring(cluster, signal);
    for (const event of events) tell?.(cluster, event);
    const { finalizers = [], deletionTimestamp } = cluster.metadata;
    if (finalizer === "add") {
      await this.#setFinalizers(cluster, [...finalizers, CLUSTER_FINALIZER], signal);
      return { requeueAfterMs: 0 };
    }
    if (finalizer === "remove") {
      this.#forget(keyOf(cluster));
      const others = finalizers.filter((name) => name !== CLUSTER_FINALIZER);
      await this.#setFinalizers(cluster, others, signal);
      return undefined;
    }
    // While FlinkJobs need the cluster they watch it themselves.
    if (deletionTimestamp !== undefined) this.#forget(keyOf(cluster));
    if (view) {
      const observed = deletionTimestamp === undefined ? this.#observe(cluster) : connecting(cluster);
      const monitor = this.#options.clusters.get(urlOf(cluster))?.monitor;
      // Somebody may wait for it to answer, and it does so from now on.
      if (observed.kind !== "reachable" && hasReadyJobManager(view.pods)) monitor?.watchClosely();
      const waits = observed.kind === "reachable" && monitor?.hasJobThatWaits() === true;
      const troubleOfJobs = await managed.troubleOfJobs(cluster, waits, signal);
      await this.#write(
        cluster,
        managedStatus(cluster, { ...view, troubleOfJobs }, observed, clock.now()),
        signal,
      );
    }
    const againMs = requeueAfterMs ?? (view?.madeFrom === undefined ? undefined : JOBS_AGAIN_MS);
    return againMs === undefined ? undefined : { requeueAfterMs: againMs };
  }

  #observe(cluster: FlinkCluster): ClusterObservation {
    const { clusters, onReachable } = this.#options;
    const { namespace = "", name } = cluster.metadata;
    const url = urlOf(cluster);
    clusters.use(`cluster:${keyOf(cluster)}`, [url]);
    const observed = clusters.get(url)?.monitor.observation({ prefix: "" }) ?? connecting(cluster);
    if (observed.kind !== "connecting") onReachable?.({ namespace, name }, observed.kind === "reachable");
    return observed;
  }

  #forget(key: string): void {
    const { clusters, onReachable } = this.#options;
    const [namespace = "", name = ""] = key.split("/");
    clusters.use(`cluster:${key}`, []);
    onReachable?.({ namespace, name }, undefined);
  }

  async #write(
    cluster: FlinkCluster,
    status: FlinkClusterStatus | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { kube, tell, onStatusWritten } = this.#options;
    if (!status || (cluster.status && sameStatus(cluster.status, status))) return;
    await this.#change(cluster, () => kube.replaceStatus(flinkClusters, { ...cluster, status }, { signal }));
    onStatusWritten?.();
    for (const event of clusterEvents(cluster.status, status)) tell?.(cluster, event);
  }

  async #setFinalizers(cluster: FlinkCluster, finalizers: string[], signal: AbortSignal): Promise<void> {
    const { name, namespace, resourceVersion, uid } = cluster.metadata;
    // The resourceVersion makes the patch a precondition, the uid keeps it off a namesake.
    const body = { metadata: { finalizers, resourceVersion, uid } };
    const patch = { type: "merge", body } as const;
    await this.#change(cluster, () =>
      this.#options.kube.patch(flinkClusters, { name, namespace }, patch, { signal }),
    );
  }

  async #change(cluster: FlinkCluster, write: () => Promise<FlinkCluster>): Promise<void> {
    await this.#options.versions.through(cluster, write);
  }
}

function connecting(cluster: FlinkCluster): ClusterObservation {
  return { kind: "connecting", url: urlOf(cluster) };
}
