import { FINALIZER } from "../api/group.ts";
import type { FlinkJob, FlinkSavepoint } from "../api/objects.ts";
import type { Look } from "../core/observed.ts";
import type { Effect, Step, StepEvent } from "../core/step.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import { isKubeError } from "../kube/errors.ts";
import { flinkSavepoints } from "../kube/resources.ts";
import type { Resource } from "../kube/types.ts";
import type { Cluster, Clusters } from "./clusters.ts";
import type { ConfigurationSources } from "./configuration-sources.ts";
import type { Flights } from "./flights.ts";
import type { JarSweeper } from "./jar-sweeper.ts";
import type { Jars } from "./jars.ts";
import type { JobNews } from "./job-news.ts";
import type { StorageCleaners } from "./managed/storage-cleaners.ts";
import type { Operations } from "./operations.ts";
import type { PerJobClusters } from "./per-job-clusters.ts";
import type { ReclaimedJars } from "./reclaimed-jars.ts";
import type { Requirements } from "./requirements.ts";
import type { Versions } from "./versions.ts";

export interface PerformOptions {
  kube: Pick<KubeClient, "create" | "replaceStatus" | "patch" | "delete">;
  resource: Resource<FlinkJob>;
  versions: Versions<FlinkJob>;
  clusters: Clusters;
  flights: Flights;
  jars: Jars;
  reclaimed: Pick<ReclaimedJars, "release">;
  sweeper: JarSweeper;
  looks: Map<string, Look>;
  operations: Operations;
  requirements: Requirements;
  news: JobNews;
  sources: ConfigurationSources;
  perJob: Pick<PerJobClusters, "make" | "scale" | "lookFor" | "delete" | "clear" | "orphan" | "leftOf">;
  storage: Pick<StorageCleaners, "cleanAfterJob">;
  clock: Clock;
  tell: (job: FlinkJob, event: StepEvent) => void;
  onStatusWritten?: () => void;
}

/** Carries out one step: the status first, with its precondition; then the events; then the one effect. */
export class Perform {
  readonly #options: PerformOptions;

  constructor(options: PerformOptions) {
    this.#options = options;
  }

  /** True: something changed that the next decision should see at once. Throws KubeError, FlinkError. */
  async step(job: FlinkJob, step: Step, signal: AbortSignal): Promise<boolean> {
    const { flights, clusters, tell } = this.#options;
    const uid = job.metadata.uid ?? "";
    let current = job;
    if (step.status) current = await this.#writeStatus(job, step.status, signal);
    if (step.settlesFlight) flights.forget(uid);
    if (current.status?.trigger && current.status.trigger.state !== "pending") {
      await this.#releaseJar(current);
      // Once, with the outcome: what is missed then is the sweep's.
      if ((job.status?.trigger?.state ?? "pending") === "pending") await this.#reclaimJar(current);
    }
    for (const event of step.events) tell(current, event);
    const again = step.effect ? await this.#effect(current, step.effect, signal) : false;
    // After the effect, so that the next list shows what it did.
    if (step.watchClosely)
      for (const cluster of this.#clustersOf(current, clusters)) cluster.monitor.watchClosely();
    return again;
  }

  async #writeStatus(
    job: FlinkJob,
    status: NonNullable<Step["status"]>,
    signal: AbortSignal,
  ): Promise<FlinkJob> {
    const { kube, resource, onStatusWritten } = this.#options;
    const written = await this.#options.versions.through(job, () =>
      kube.replaceStatus(resource, { ...job, status }, { signal }),
    );
    onStatusWritten?.();
    return written;
  }

  async #effect(job: FlinkJob, effect: Effect, signal: AbortSignal): Promise<boolean> {
    const { flights, clusters, clock, looks, sources } = this.#options;
    const uid = job.metadata.uid ?? "";
    const told = (message: string) => sources.withoutSecrets(job, message);
    switch (effect.kind) {
      case "addFinalizer":
        await this.#setFinalizers(job, [...(job.metadata.finalizers ?? []), FINALIZER], signal);
        return true;
      case "removeFinalizer":
        if (effect.clears) {
          const left = await this.#options.perJob.clear(job, signal);
          if (effect.awaits && left.length > 0) return false;
        }
        if (effect.record) await this.#record(effect.record, effect.insists ?? false, signal);
        if (effect.orphans !== undefined) await this.#options.perJob.orphan(job, effect.orphans, signal);
        // First: without the FlinkJob nobody would know whose JAR it is.
        await this.#releaseJar(job);
        if (job.spec.deletionPolicy !== "Orphan") await this.#reclaimJar(job);
        await this.#options.sweeper.letGo(job);
        await this.#setFinalizers(
          job,
          (job.metadata.finalizers ?? []).filter((name) => name !== FINALIZER),
          signal,
        );
        return false;
      case "deleteFlinkJob":
        await this.#deleteJob(job, signal);
        return false;
      case "makeCluster":
        return await this.#options.perJob.make(job, effect.cluster, signal);
      case "scaleCluster":
        await this.#options.perJob.scale(job, effect.name, effect.uid, effect.taskManagers, signal);
        return false;
      case "lookForCluster":
        return await this.#options.perJob.lookFor(job, effect.name, signal);
      case "deleteCluster":
        await this.#options.perJob.delete(job, effect.name, effect.uid, signal);
        return false;
      case "cleanStorage":
        return await this.#options.storage.cleanAfterJob(
          job,
          () => this.#options.perJob.leftOf(job, signal),
          signal,
        );
      case "abandonFlight":
        flights.abandon(uid);
        return false;
      case "submit":
        // What was seen before the request says nothing about what it does.
        looks.delete(uid);
        sources.sent(uid);
        flights.start(uid, effect, this.#cluster(effect.url, clusters).jobManager, told);
        return true;
      case "readSources":
        await sources.read(job, effect.from, signal);
        return true;
      case "lookUp": {
        await sources.recall(job, signal);
        const at = clock.now();
        const alone = job.status?.trigger?.cluster?.mode === "application";
        const { jobManager } = this.#cluster(effect.url, clusters);
        const look = await jobManager.lookUp(effect.jobId, signal, alone);
        const failure = look.failure && { ...look.failure, message: told(look.failure.message) };
        looks.set(uid, { ...look, ...(failure ? { failure } : {}), at, endedAt: clock.now() });
        return true;
      }
      case "cancelJob":
        await this.#cluster(effect.url, clusters).jobManager.cancelJob(effect.jobId, signal);
        return false;
      case "cancelApplication":
        await this.#cluster(effect.url, clusters).jobManager.cancelApplication(effect.jobId, signal);
        return false;
      case "readSnapshots":
      case "readConfiguration":
      case "readExecutionResult":
      case "readTroubles": {
        const { jobManager } = this.#cluster(effect.url, clusters);
        await sources.recall(job, signal);
        await this.#options.news.read(uid, jobManager, effect, told, signal);
        return true;
      }
      case "readRequirements":
      case "requireResources": {
        const { jobManager } = this.#cluster(effect.url, clusters);
        await sources.recall(job, signal);
        await this.#options.requirements.perform(uid, jobManager, effect, told, signal);
        return true;
      }
      case "stopWithSavepoint":
      case "readOperation": {
        const { jobManager } = this.#cluster(effect.url, clusters);
        await sources.recall(job, signal);
        await this.#options.operations.perform(uid, jobManager, effect, told, signal);
        return true;
      }
    }
  }

  async #setFinalizers(job: FlinkJob, finalizers: string[], signal: AbortSignal): Promise<void> {
    const { kube, resource } = this.#options;
    const { name, namespace, resourceVersion, uid } = job.metadata;
    // The resourceVersion makes the patch a precondition, the uid keeps it off a namesake.
    const body = { metadata: { finalizers, resourceVersion, uid } };
    await this.#options.versions.through(job, () =>
      kube.patch(resource, { name, namespace }, { type: "merge", body }, { signal }),
    );
  }

  /** Where nothing can be made any more (a namespace that goes, missing rights), the event has to do. */
  async #record(savepoint: FlinkSavepoint, insists: boolean, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.kube.create(flinkSavepoints, savepoint, { signal });
    } catch (error) {
      const hopeless = isKubeError(error, "AlreadyExists", "Forbidden", "Invalid", "NotFound");
      if (!hopeless && insists) throw error;
    }
  }

  async #deleteJob(job: FlinkJob, signal: AbortSignal): Promise<void> {
    const { kube, resource } = this.#options;
    const { name, namespace, uid = "", resourceVersion = "" } = job.metadata;
    try {
      await kube.delete(resource, { name, namespace }, { preconditions: { uid, resourceVersion }, signal });
    } catch (error) {
      if (!isKubeError(error, "NotFound")) throw error;
    }
  }

  /** Awaited: the connection to the cluster may end with the next step. */
  async #releaseJar({ metadata, status }: FlinkJob): Promise<void> {
    const { jars, sweeper } = this.#options;
    try {
      await jars.release(metadata.uid ?? "");
    } catch {
      const url = status?.trigger?.sentTo?.url;
      if (url !== undefined) sweeper.begin(url);
    }
  }

  async #reclaimJar(job: FlinkJob): Promise<void> {
    const { reclaimed, sweeper, clusters } = this.#options;
    const url = job.status?.trigger?.sentTo?.url;
    if (job.spec.jar?.reclaimPolicy !== "Delete" || url === undefined) return;
    const cluster = clusters.get(url);
    if (!cluster) return;
    try {
      await reclaimed.release(job, cluster.jobManager);
    } catch {
      sweeper.begin(url);
    }
  }

  #cluster(url: string, clusters: Clusters): Cluster {
    const cluster = clusters.get(url);
    if (!cluster) throw new Error(`no connection to ${url} any more`);
    return cluster;
  }

  #clustersOf(job: FlinkJob, clusters: Clusters): Cluster[] {
    const url = job.status?.trigger?.sentTo?.url;
    const cluster = url === undefined ? undefined : clusters.get(url);
    return cluster ? [cluster] : [];
  }
}
