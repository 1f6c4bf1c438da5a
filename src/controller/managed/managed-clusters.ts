import { CLUSTER_FINALIZER, JOB_LABEL, JOB_UID_LABEL } from "../../api/group.ts";
import type { FlinkCluster, FlinkJob } from "../../api/objects.ts";
import { changesOf } from "../../core/cluster/changes.ts";
import { designOf } from "../../core/cluster/design.ts";
import { type DesiredCluster, desiredCluster } from "../../core/cluster/desired.ts";
import { type JarFetcher, keptFetcher } from "../../core/cluster/jar-fetcher.ts";
import type { ManagedState, ManagedView } from "../../core/cluster/managed-status.ts";
import { namesOf, urlOf } from "../../core/cluster/names.ts";
import type { ClusterObject } from "../../core/cluster/objects.ts";
import type { PodTrouble } from "../../core/cluster/pods.ts";
import { tearDown } from "../../core/cluster/teardown.ts";
import type { FindOptions } from "../../core/configuration/catalogue.ts";
import type { StepEvent } from "../../core/step.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import { isKubeError } from "../../kube/errors.ts";
import { flinkClusters, flinkJobs } from "../../kube/resources.ts";
import { key } from "../../kube/types.ts";
import { NativeTaskManagers } from "./native-task-managers.ts";
import { type ClusterPlace, ClusterRefusal, ObjectWriter } from "./object-writer.ts";
import type { OwnedObjects } from "./owned-objects.ts";
import type { StorageCleaners } from "./storage-cleaners.ts";

export interface ManagedClustersOptions {
  kube: Pick<KubeClient, "get" | "list" | "create" | "apply" | "delete">;
  owned: Pick<OwnedObjects, "want" | "hasSynced" | "missingRight" | "of" | "podsOf">;
  clock: Pick<Clock, "monotonic">;
  /** FlinkJobs that name a FlinkCluster, or have a job that lives there. */
  usersOf: (cluster: FlinkCluster) => FlinkJob[];
  /** By uid, as the cache has it. */
  findJob?: (uid: string) => FlinkJob | undefined;
  /** False: none are deployed, and those that are deployed are left as they are. */
  enabled: boolean;
  findOptions?: FindOptions | undefined;
  storage: Pick<StorageCleaners, "cleanAfter" | "forget">;
  /** What fetches the JARs of clusters of one job; without it they cannot have a uri. */
  jarFetcher?: JarFetcher | undefined;
}

/** What a reconcile brought. */
export interface ManagedOutcome {
  /** Undefined while too little is known to say anything. */
  view?: ManagedView | undefined;
  finalizer: "add" | "remove" | "keep";
  events?: StepEvent[] | undefined;
  requeueAfterMs?: number | undefined;
}

const AGAIN_MS = 2_000;
/** After a refusal: nothing tells when it would be over. */
const REFUSED_AGAIN_MS = 30_000;
/** Until then it may be that the garbage collector, or a cache, has not come to pods whose Deployment is gone. Milliseconds. */
const ORPHANED_MS = 4_000;

/** Makes managed clusters what they should be, and takes them away in order. */
export class ManagedClusters {
  readonly #options: ManagedClustersOptions;
  readonly #writer: ObjectWriter;
  readonly #native: NativeTaskManagers;
  /** By cluster, on the monotonic clock. */
  readonly #orphanedAt = new Map<string, number>();

  constructor(options: ManagedClustersOptions) {
    this.#options = options;
    this.#writer = new ObjectWriter(options);
    this.#native = new NativeTaskManagers({ ...options, writer: this.#writer });
  }

  /** One step towards what the FlinkCluster says. Throws KubeError. */
  async bring(cluster: FlinkCluster, signal: AbortSignal): Promise<ManagedOutcome> {
    const { owned, enabled, findOptions } = this.#options;
    const { namespace = "", name, finalizers = [], deletionTimestamp } = cluster.metadata;
    const deleted = deletionTimestamp !== undefined;
    if (!deleted) this.forget(cluster);
    if (deleted && !finalizers.includes(CLUSTER_FINALIZER)) return { finalizer: "keep" };
    const place = { namespace, clusterId: namesOf(name).clusterId };
    const { managed } = cluster.spec;
    if (managed === undefined) return { finalizer: "keep" };
    const jarFetcher = keptFetcher(owned.of(namespace, place.clusterId)) ?? this.#options.jarFetcher;
    const desired = desiredCluster(designOf(namespace, name, managed, { findOptions, jarFetcher }));
    if (!enabled) {
      const message = "The operator runs with --managed-clusters=false.";
      const state = { kind: "blocked", reason: "ManagedClustersOff", message, stalled: true } as const;
      return { view: viewOf(desired, [], [], state), finalizer: "keep" };
    }
    owned.want();
    if (!owned.hasSynced()) return this.#waitForCaches(desired);
    try {
      if (deleted) return await this.#tearDown(cluster, place, desired, signal);
      if (!finalizers.includes(CLUSTER_FINALIZER)) return { finalizer: "add" };
      return await this.#deploy(cluster, place, desired, signal);
    } catch (error) {
      if (!(error instanceof ClusterRefusal)) throw error;
      const { reason, message, stalled } = error;
      const state = { kind: "blocked", reason, message, stalled } as const;
      return { ...this.#seen(place, desired, state), requeueAfterMs: REFUSED_AGAIN_MS };
    }
  }

  #waitForCaches(desired: DesiredCluster): ManagedOutcome {
    const message = this.#options.owned.missingRight();
    if (message === undefined) return { finalizer: "keep", requeueAfterMs: 100 };
    const state = { kind: "blocked", reason: "RightMissing", message, stalled: true } as const;
    return { view: viewOf(desired, [], [], state), finalizer: "keep", requeueAfterMs: AGAIN_MS };
  }

  async #deploy(
    cluster: FlinkCluster,
    place: ClusterPlace,
    desired: DesiredCluster,
    signal: AbortSignal,
  ): Promise<ManagedOutcome> {
    const { refusal } = desired;
    if (refusal) return this.#seen(place, desired, { kind: "blocked", ...refusal, stalled: true });
    const live = await this.#live(place, desired.objects, signal);
    const { apply, remove, held } = changesOf(desired.objects, live);
    const makes = apply.some((object) => !find(live, object));
    if (makes && !(await this.#isThere(cluster, signal))) return { finalizer: "keep" };
    for (const object of apply) await this.#writer.apply(object, find(live, object), signal);
    for (const object of remove) await this.#writer.remove(place, object, signal);
    const waits = await this.#native.replaceOutdated(place, desired, live, signal);
    return this.#seen(place, desired, { kind: "deployed", held: held !== undefined || waits });
  }

  /** Why jobs of a JobManager that makes pods get none; `waits`: one does, for slots. */
  async troubleOfJobs(
    { metadata, spec }: FlinkCluster,
    waits: boolean,
    signal: AbortSignal,
  ): Promise<PodTrouble | undefined> {
    if (!spec.managed) return undefined;
    const design = designOf(metadata.namespace ?? "", metadata.name, spec.managed);
    return await this.#native.trouble(design, waits, signal);
  }

  /** By the API server's own word: an operator that woke up late must not make what nobody would take away. */
  async #isThere({ metadata }: FlinkCluster, signal: AbortSignal): Promise<boolean> {
    const { namespace, name, uid } = metadata;
    try {
      const now = await this.#options.kube.get(flinkClusters, { namespace, name }, { signal });
      return now.metadata.uid === uid && now.metadata.deletionTimestamp === undefined;
    } catch (error) {
      if (isKubeError(error, "NotFound")) return false;
      throw error;
    }
  }

  async #tearDown(
    cluster: FlinkCluster,
    place: ClusterPlace,
    desired: DesiredCluster,
    signal: AbortSignal,
  ): Promise<ManagedOutcome> {
    const { owned } = this.#options;
    this.#native.forget(place);
    const users = (await this.#usersNow(cluster, signal)).map(({ metadata }) => metadata.name);
    const objects = owned.of(place.namespace, place.clusterId);
    const step = tearDown({ users, objects, pods: owned.podsOf(place.namespace, place.clusterId) });
    if (step.kind !== "orphans") this.#orphanedAt.delete(key(cluster));
    switch (step.kind) {
      case "wait":
        return this.#goingAway(place, desired, step.reason, step.message);
      case "remove":
        for (const object of step.objects) await this.#writer.remove(place, object, signal);
        return this.#goingAway(place, desired, "TearingDown", step.message);
      case "orphans":
        if (this.#orphanedMs(cluster) >= ORPHANED_MS)
          await this.#writer.removeOrphans(place, step.pods, signal);
        return this.#goingAway(place, desired, "TearingDown", step.message);
      case "letGo":
        if (await this.#writer.hasPods(place, signal)) {
          return this.#goingAway(place, desired, "TearingDown", "Pods are still there.");
        }
        await this.#writer.removeFlinkConfigMaps(place, signal);
        return await this.#cleanStorage(cluster, place, desired, signal);
    }
  }

  /** Nobody writes there any more, and nobody who might is made until the finalizer is gone. */
  async #cleanStorage(
    cluster: FlinkCluster,
    place: ClusterPlace,
    desired: DesiredCluster,
    signal: AbortSignal,
  ): Promise<ManagedOutcome> {
    const state = await this.#options.storage.cleanAfter(cluster, signal);
    if (!state.isOver) return this.#goingAway(place, desired, "CleaningStorage", state.message);
    return { finalizer: "remove", events: state.event ? [state.event] : [] };
  }

  /** What was known of its end. */
  forget({ metadata }: Pick<FlinkCluster, "metadata">): void {
    this.#orphanedAt.delete(key({ metadata }));
    this.#options.storage.forget(metadata.namespace ?? "", namesOf(metadata.name).clusterId);
  }

  /** Since its pods were first seen to be without their Deployments, in milliseconds. */
  #orphanedMs({ metadata }: FlinkCluster): number {
    const now = this.#options.clock.monotonic();
    const since = this.#orphanedAt.get(key({ metadata })) ?? now;
    this.#orphanedAt.set(key({ metadata }), since);
    return now - since;
  }

  #goingAway(
    place: ClusterPlace,
    desired: DesiredCluster,
    reason: "InUse" | "TearingDown" | "CleaningStorage",
    message: string,
  ): ManagedOutcome {
    const outcome = this.#seen(place, desired, { kind: "blocked", reason, message, stalled: false });
    return { ...outcome, requeueAfterMs: AGAIN_MS };
  }

  /**
   * Of one that was made for a FlinkJob alone, while it has pods, by the API server's own word: the cache may not show yet that
   * a job of it lives there.
   */
  async #usersNow(cluster: FlinkCluster, signal: AbortSignal): Promise<FlinkJob[]> {
    const { usersOf, findJob, owned, kube } = this.#options;
    const users = usersOf(cluster);
    const { namespace = "", name, labels = {} } = cluster.metadata;
    const uid = labels[JOB_UID_LABEL];
    const hasPods = owned.podsOf(namespace, namesOf(name).clusterId).length > 0;
    if (users.length > 0 || uid === undefined || !hasPods) return users;
    // The label of a long name is shortened.
    const job = findJob?.(uid)?.metadata.name ?? labels[JOB_LABEL] ?? "";
    try {
      const now = await kube.get(flinkJobs, { namespace, name: job }, { signal });
      return now.metadata.uid === uid ? usersAmong(cluster, [], [now]) : [];
    } catch (error) {
      if (isKubeError(error, "NotFound")) return [];
      throw error;
    }
  }

  /** What the caches hold, and what they do not hold yet. */
  async #live(
    { namespace, clusterId }: ClusterPlace,
    wanted: readonly ClusterObject[],
    signal: AbortSignal,
  ): Promise<ClusterObject[]> {
    const cached = this.#options.owned.of(namespace, clusterId);
    const missing = wanted.filter((object) => !find(cached, object));
    const read = await Promise.all(missing.map((object) => this.#writer.read(object, signal)));
    return [...cached, ...read.filter((object) => object !== undefined)];
  }

  #seen(
    { namespace, clusterId }: ClusterPlace,
    desired: DesiredCluster,
    state: ManagedState,
  ): ManagedOutcome {
    const { owned } = this.#options;
    const view = viewOf(desired, owned.of(namespace, clusterId), owned.podsOf(namespace, clusterId), state);
    return { view, finalizer: "keep" };
  }
}

function viewOf(
  { objects, configuration, madeFrom }: DesiredCluster,
  live: readonly ClusterObject[],
  pods: ManagedView["pods"],
  state: ManagedState,
): ManagedView {
  return { state, desired: objects, configuration, live, pods, madeFrom };
}

function find(
  objects: readonly ClusterObject[],
  { kind, metadata }: ClusterObject,
): ClusterObject | undefined {
  return objects.find((object) => object.kind === kind && object.metadata.name === metadata.name);
}

/** FlinkJobs in the way of a FlinkCluster's deletion. */
export function usersAmong(
  cluster: FlinkCluster,
  named: readonly FlinkJob[],
  all: readonly FlinkJob[],
): FlinkJob[] {
  const url = urlOf(cluster);
  const living = all.filter(({ status }) => {
    const { trigger } = status ?? {};
    // What was made for it alone, and let go by it, waits for it no more.
    if (trigger?.cluster?.releasedAt !== undefined) return false;
    // What a finished job has counted is read after its end is on record.
    const unread = trigger?.cluster !== undefined && trigger.state === "finished";
    const lives = trigger?.state === "pending" || trigger?.state === "running";
    return trigger?.sentTo?.url === url && (lives || unread);
  });
  return [...new Map([...named, ...living].map((job) => [key(job), job])).values()];
}
