import { JOB_ID_LABEL, JOB_UID_LABEL, ORPHANED_ANNOTATION, RUN_HASH_ANNOTATION } from "../api/group.ts";
import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import type { Reason } from "../api/reasons.ts";
import { namesOf } from "../core/cluster/names.ts";
import { CLUSTER_LABEL } from "../core/cluster/objects.ts";
import { jobManagerRestarts } from "../core/cluster/pods.ts";
import type { PerJobCluster, PerJobSeen } from "../core/observed.ts";
import { perJobClusterName } from "../core/per-job/naming.ts";
import { FLINK_PODS } from "../core/storage/cleaner-pod.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import { isKubeError } from "../kube/errors.ts";
import { flinkClusters, flinkJobs } from "../kube/resources.ts";
import { pods } from "./managed/kinds.ts";
import { ownWords } from "./managed/object-writer.ts";
import type { OwnedObjects } from "./managed/owned-objects.ts";

export interface PerJobClustersOptions {
  kube: Pick<KubeClient, "get" | "list" | "create" | "delete" | "patch">;
  clock: Clock;
  /** FlinkClusters that bear this uid in their label. */
  madeFor: (uid: string) => readonly FlinkCluster[];
  flinkCluster: (namespace: string, name: string) => FlinkCluster | undefined;
  owned: Pick<OwnedObjects, "want" | "hasSynced" | "of" | "podsOf">;
}

/** The FlinkClusters that are made for FlinkJobs alone (spec.cluster.perJob): what is seen of them, making and deleting. */
export class PerJobClusters {
  readonly #options: PerJobClustersOptions;
  /** What the API server did not take, by the FlinkJob's uid. */
  readonly #refusals = new Map<string, NonNullable<PerJobSeen["refusal"]>>();
  /** What was asked for and is not there, by the FlinkJob's uid. */
  readonly #absent = new Map<string, NonNullable<PerJobSeen["absent"]>>();

  constructor(options: PerJobClustersOptions) {
    this.#options = options;
  }

  /** Undefined where there are none, and none is spoken of. */
  seen({ metadata, spec, status }: FlinkJob): PerJobSeen | undefined {
    const { namespace = "", name, uid = "" } = metadata;
    const own = status?.trigger?.cluster;
    const clusters = this.#options
      .madeFor(uid)
      .filter((cluster) => cluster.metadata.namespace === namespace && isMadeFor(cluster, name));
    if (!own && !spec.cluster.perJob && clusters.length === 0) return undefined;
    const named = own && this.#options.flinkCluster(namespace, own.name);
    const taken = named !== undefined && !clusters.includes(named);
    const wasThere = own?.uid !== undefined || status?.trigger?.acceptedAt !== undefined;
    const lost = own !== undefined && wasThere && named === undefined;
    return {
      clusters: clusters.map((cluster) => ({ ...clusterSeen(cluster), restarts: this.#restarts(cluster) })),
      taken,
      refusal: this.#refusals.get(uid),
      absent: this.#absent.get(uid),
      ...(lost ? { remains: this.#remains(namespace, own.name) } : {}),
    };
  }

  /** Makes it; that it is there a watch will tell. True: the API server refuses it, which the next decision knows. Throws other KubeErrors. */
  async make(job: FlinkJob, cluster: FlinkCluster, signal: AbortSignal): Promise<boolean> {
    const { kube, clock } = this.#options;
    const { uid = "" } = job.metadata;
    const { name } = cluster.metadata;
    // An operator that woke up late must not make what nobody would take away, or what is over.
    if (!(await this.#isWanted(job, cluster, signal))) return false;
    try {
      await kube.create(flinkClusters, cluster, { signal });
      this.#refusals.delete(uid);
      return false;
    } catch (error) {
      // Made before, by this operator or another: it is the same. Whose it is the next decision sees.
      if (isKubeError(error, "AlreadyExists")) return false;
      if (!isKubeError(error, "Forbidden", "Invalid", "BadRequest", "TooLarge")) throw error;
      if (error.hasCause("NamespaceTerminating")) throw error;
      const lacks = isKubeError(error, "Forbidden") && /cannot \w+ resource/u.test(error.message);
      const reason: Reason = lacks ? "RightMissing" : "ObjectRefused";
      this.#refusals.set(uid, { name, reason, message: ownWords(error), at: clock.now() });
      return true;
    }
  }

  /** By the API server's own word first: an operator with an old view must not take away what a newer attempt needs. */
  async delete(job: FlinkJob, name: string, uid: string, signal: AbortSignal): Promise<void> {
    const { namespace } = job.metadata;
    const now = await this.#newest(job, signal);
    if (now && needs(now, name)) return;
    try {
      await this.#options.kube.delete(flinkClusters, { namespace, name }, { preconditions: { uid }, signal });
    } catch (error) {
      if (!isKubeError(error, "NotFound", "Conflict")) throw error;
    }
  }

  forget(uid: string): void {
    this.#refusals.delete(uid);
    this.#absent.delete(uid);
  }

  /** True when it is not there. One that its FlinkJob has let go is deleted, should it be. */
  async lookFor(job: FlinkJob, name: string, signal: AbortSignal): Promise<boolean> {
    const { kube, clock } = this.#options;
    const { namespace, uid = "" } = job.metadata;
    const at = clock.now();
    try {
      const found = await kube.get(flinkClusters, { namespace, name }, { signal });
      const { cluster } = job.status?.trigger ?? {};
      const released = cluster?.name === name && cluster.releasedAt !== undefined;
      if (released) await this.#deleteOwn(job, found, signal);
      return false;
    } catch (error) {
      if (!isKubeError(error, "NotFound")) throw error;
      this.#absent.set(uid, { name, at });
      return true;
    }
  }

  /** Deletes all that were made for it, by the API server's own list, and returns their names. */
  async clear(job: FlinkJob, signal: AbortSignal): Promise<string[]> {
    const { namespace, uid } = job.metadata;
    const labelSelector = `${JOB_UID_LABEL}=${uid}`;
    const { items } = await this.#options.kube.list(flinkClusters, { namespace, labelSelector, signal });
    const own = items.filter(
      (item) => item.metadata.labels?.[JOB_UID_LABEL] === uid && isMadeFor(item, job.metadata.name),
    );
    for (const cluster of own) await this.#deleteOwn(job, cluster, signal);
    return own.map(({ metadata }) => metadata.name);
  }

  /** What may still write to the storage of its clusters, by the API server's own word; undefined: nothing does. */
  async leftOf(job: FlinkJob, signal: AbortSignal): Promise<string | undefined> {
    const [cluster] = await this.clear(job, signal);
    if (cluster !== undefined) return `FlinkCluster ${cluster} is still there`;
    const { name } = job.status?.trigger?.cluster ?? {};
    if (name === undefined) return undefined;
    const { namespace } = job.metadata;
    // Such a name is its own cluster-id.
    const labelSelector = FLINK_PODS(name);
    const { items } = await this.#options.kube.list(pods, { namespace, labelSelector, limit: 1, signal });
    const pod = items.find(({ metadata }) => metadata.labels?.[CLUSTER_LABEL] === name);
    return pod && `the pod ${pod.metadata.name} is still there`;
  }

  /** Another number of TaskManagers; its watch will tell. The uid keeps it off a namesake. */
  async scale({ metadata }: FlinkJob, name: string, uid: string, taskManagers: number, signal: AbortSignal) {
    const { namespace } = metadata;
    const body = { metadata: { uid }, spec: { managed: { taskManager: { replicas: taskManagers } } } };
    try {
      await this.#options.kube.patch(flinkClusters, { namespace, name }, { type: "merge", body }, { signal });
    } catch (error) {
      if (!isKubeError(error, "NotFound", "Conflict")) throw error;
    }
  }

  /** It stays when its FlinkJob goes, and says so: what does not is swept. */
  async orphan({ metadata }: FlinkJob, name: string, signal: AbortSignal): Promise<void> {
    const { namespace } = metadata;
    const body = { metadata: { annotations: { [ORPHANED_ANNOTATION]: "true" } } };
    try {
      await this.#options.kube.patch(flinkClusters, { namespace, name }, { type: "merge", body }, { signal });
    } catch (error) {
      if (!isKubeError(error, "NotFound")) throw error;
    }
  }

  async #deleteOwn(
    job: FlinkJob,
    { metadata, spec, ...rest }: FlinkCluster,
    signal: AbortSignal,
  ): Promise<void> {
    if (metadata.labels?.[JOB_UID_LABEL] !== job.metadata.uid || metadata.deletionTimestamp !== undefined)
      return;
    if (!isMadeFor({ metadata, spec, ...rest }, job.metadata.name)) return;
    await this.delete(job, metadata.name, metadata.uid ?? "", signal);
  }

  /** By the API server's own word. */
  async #isWanted(job: FlinkJob, cluster: FlinkCluster, signal: AbortSignal): Promise<boolean> {
    const now = await this.#newest(job, signal);
    return now !== undefined && isMadeFrom(now, cluster);
  }

  /** The same FlinkJob as the API server has it; undefined where it is gone, or going. */
  async #newest({ metadata }: FlinkJob, signal: AbortSignal): Promise<FlinkJob | undefined> {
    const { namespace, name, uid } = metadata;
    try {
      const now = await this.#options.kube.get(flinkJobs, { namespace, name }, { signal });
      return now.metadata.uid === uid && now.metadata.deletionTimestamp === undefined ? now : undefined;
    } catch (error) {
      if (isKubeError(error, "NotFound")) return undefined;
      throw error;
    }
  }

  #restarts({ metadata }: FlinkCluster): number {
    const { namespace = "", name } = metadata;
    return jobManagerRestarts(this.#options.owned.podsOf(namespace, namesOf(name).clusterId));
  }

  #remains(namespace: string, name: string): boolean | undefined {
    const { owned } = this.#options;
    owned.want();
    if (!owned.hasSynced()) return undefined;
    const { clusterId } = namesOf(name);
    const makers = owned.of(namespace, clusterId).filter(({ kind }) => kind === "Deployment");
    return makers.length > 0 || owned.podsOf(namespace, clusterId).length > 0;
  }
}

/** The attempt is the newest, and its cluster neither let go nor seen before. */
export function isMadeFrom({ status }: FlinkJob, { metadata }: FlinkCluster): boolean {
  const { jobId, cluster, finishedAt } = status?.trigger ?? {};
  if (jobId !== metadata.labels?.[JOB_ID_LABEL] || finishedAt !== undefined) return false;
  return cluster?.name === metadata.name && cluster.releasedAt === undefined && cluster.uid === undefined;
}

/** Its trigger has a job there, or may; a status that was lost is found again by what is there. */
export function needs({ status }: FlinkJob, name: string): boolean {
  const { trigger } = status ?? {};
  if (!trigger) return true;
  return trigger.cluster?.name === name && trigger.cluster.releasedAt === undefined;
}

/** Anybody may write a label: what was made for this FlinkJob has the name that comes of both. */
export function isMadeFor({ metadata, spec }: FlinkCluster, job: string): boolean {
  const jobId = metadata.labels?.[JOB_ID_LABEL];
  return jobId !== undefined && spec.managed !== undefined && metadata.name === perJobClusterName(job, jobId);
}

function clusterSeen({ metadata, spec, status }: FlinkCluster): PerJobCluster {
  const conditions = status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === "Ready");
  const stalled = conditions.find(({ type }) => type === "Stalled");
  return {
    name: metadata.name,
    uid: metadata.uid ?? "",
    jobId: metadata.labels?.[JOB_ID_LABEL] ?? "",
    mode: spec.managed?.application ? "application" : "session",
    runHash: metadata.annotations?.[RUN_HASH_ANNOTATION],
    taskManagers: spec.managed?.taskManager.replicas,
    isDeleting: metadata.deletionTimestamp !== undefined,
    wasReached: status?.incarnation !== undefined,
    ...(ready?.status === "True" ? { readySince: Date.parse(ready.lastTransitionTime) } : {}),
    ...(stalled?.status === "True" ? { isStalled: true } : {}),
    ...(ready ? { reason: ready.reason as Reason, message: ready.message } : {}),
  };
}

/** The uids of FlinkJobs, for an index of FlinkClusters. */
export function madeForUid({ metadata }: FlinkCluster): string[] {
  const uid = metadata.labels?.[JOB_UID_LABEL];
  return uid === undefined ? [] : [uid];
}
