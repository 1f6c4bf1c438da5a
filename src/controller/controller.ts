import type { FlinkCluster, FlinkJob, FlinkSavepoint } from "../api/objects.ts";
import type { JarFetcher } from "../core/cluster/jar-fetcher.ts";
import type { FindOptions } from "../core/configuration/catalogue.ts";
import { jobIdPrefix } from "../core/identity.ts";
import { urlsOf } from "../core/per-job/template.ts";
import type { StepEvent } from "../core/step.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import type { Retry } from "../kube/errors.ts";
import { type Followed, following } from "../kube/followed.ts";
import type { KubeMetrics } from "../kube/metrics.ts";
import { flinkClusters, flinkJobs, flinkSavepoints } from "../kube/resources.ts";
import { WorkQueue } from "../kube/work-queue.ts";
import { type Reconcile, Workers } from "../kube/workers.ts";
import type { JobManagerPort } from "../ports.ts";
import { ClusterReconciler } from "./cluster-reconciler.ts";
import { Clusters } from "./clusters.ts";
import { Flights, type FlightsOptions } from "./flights.ts";
import { ForsakenClusters } from "./forsaken-clusters.ts";
import { Gather } from "./gather.ts";
import { JarSweeper } from "./jar-sweeper.ts";
import { Jars } from "./jars.ts";
import { jobMemory } from "./job-memory.ts";
import { JobReconciler } from "./job-reconciler.ts";
import { MainPlaces } from "./main-places.ts";
import { managedParts } from "./managed/managed-parts.ts";
import type { OwnedObjects } from "./managed/owned-objects.ts";
import type { ServiceAddresses } from "./managed/service-addresses.ts";
import { Perform } from "./perform.ts";
import { ReclaimedJars } from "./reclaimed-jars.ts";
import { Savepoints } from "./savepoints/savepoints.ts";
import { Turnstiles } from "./turnstile.ts";
import { Versions } from "./versions.ts";
import { clusterIndexers, followerOf, jobIndexers, savepointIndexers, Watches } from "./watches.ts";

const RECONCILE_LIMIT_MS = 60_000;
/** They only ask and look: a savepoint itself takes its time at Flink. */
export const SAVEPOINT_WORKERS = 2;
const PATROL_MS = 600_000;
/** Far longer than a gateway takes from an upload's end to the FlinkJob, or a cache is behind. */
const ORPHANED_JAR_MS = 900_000;

export interface ControllerOptions {
  kube: KubeClient;
  clock: Clock;
  connect: (url: string) => JobManagerPort;
  /** Empty: all. */
  namespaces: readonly string[];
  workers: number;
  pollIntervalMs: number;
  submissionConcurrency: number;
  /** main()s that may run at once on a Flink cluster >= 2.3. */
  mainConcurrency: number;
  deletionTimeoutMs: number;
  /** The wait after the first run request of a trigger; it doubles with each further one. Default 5 s. */
  submissionBackoffMs?: number;
  /** For how long a run request may be on its way and still arrive, in milliseconds. Default 5 s. */
  longestWayMs?: number;
  /** How long a JAR that came with a request may lie there before a FlinkJob names it. Default 15 min. */
  orphanedJarMs?: number | undefined;
  /** The catalogue of Flink's options; without it flinkConfiguration goes out unexamined. */
  findOptions?: FindOptions;
  /** False: managed FlinkClusters are not deployed. Default true. */
  managedClusters?: boolean;
  /** With the operator's own files: what cleans the storage of clusters that are gone. */
  image?: string | undefined;
  /** What fetches the JARs of clusters of one job. */
  jarFetcher?: JarFetcher | undefined;
  /** Learns where the Services of managed clusters are; what `connect` should resolve their names with. */
  addresses?: ServiceAddresses;
  maySend: () => boolean;
  tell: (job: FlinkJob, event: StepEvent) => void;
  tellCluster?: (cluster: FlinkCluster, event: StepEvent) => void;
  tellSavepoint?: (savepoint: FlinkSavepoint, event: StepEvent) => void;
  metrics: KubeMetrics;
  onOutcome?: FlightsOptions["onOutcome"];
  onStatusWritten?: (kind: string) => void;
  onReachable?: (cluster: { namespace: string; name: string }, reachable: boolean | undefined) => void;
  onDecision?: (object: FlinkJob | FlinkSavepoint, rule: string, changed: boolean) => void;
  onProblem?: (what: string, problem: unknown, details: Record<string, unknown>) => void;
}

/** Everything between the API server and the Flink clusters: caches, queues, workers, monitors. */
export class Controller {
  readonly jobs: Followed<FlinkJob>;
  readonly clusters: Followed<FlinkCluster>;
  readonly savepoints: Followed<FlinkSavepoint>;
  readonly #options: ControllerOptions;
  readonly #flink: Clusters;
  readonly #flights: Flights;
  readonly #jars = new Jars();
  readonly #sweeper: JarSweeper;
  readonly #owned: OwnedObjects;
  readonly #workers: Workers[];

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { kube, clock, connect, pollIntervalMs, metrics } = options;
    const follow = following(options);
    this.jobs = follow(flinkJobs, { indexers: jobIndexers });
    this.clusters = follow(flinkClusters, { indexers: clusterIndexers });
    this.savepoints = follow(flinkSavepoints, { indexers: savepointIndexers });
    const jobQueue = new WorkQueue({ name: "flinkjob", clock, metrics });
    const clusterQueue = new WorkQueue({ name: "flinkcluster", clock, metrics });
    const savepointQueue = new WorkQueue({ name: "flinksavepoint", clock, metrics });
    const scheduleQueue = new WorkQueue({ name: "savepointschedule", clock, metrics });
    const watches = new Watches({
      jobs: this.jobs,
      clusters: this.clusters,
      savepoints: this.savepoints,
      jobQueue,
      clusterQueue,
      savepointQueue,
      scheduleQueue,
    });

    // Once per process, what an earlier one left behind.
    const known = new Set<string>();
    this.#flink = new Clusters({
      connect,
      pollIntervalMs,
      clock,
      onChange: (url, change, users) => {
        watches.flinkChanged(change, users);
        if (change.kind === "cluster" && !known.has(url)) this.#sweeper.begin(url);
        known.add(url);
      },
    });
    const reclaimed = new ReclaimedJars({
      usersOf: (jarId) => this.jobs.byIndex("jar", jarId),
      flinkClusters: () => this.clusters.list(),
      clock,
      orphanedAfterMs: options.orphanedJarMs ?? ORPHANED_JAR_MS,
    });
    this.#sweeper = new JarSweeper({
      jars: this.#jars,
      reclaimed,
      clusters: this.#flink,
      clock,
      pauseMs: pollIntervalMs,
      ownerOf: (prefix) =>
        this.jobs
          .byIndex("prefix", prefix)
          .find(({ metadata }) => jobIdPrefix(metadata.uid ?? "") === prefix),
      jobs: () => this.jobs.list(),
      maySend: options.maySend,
      onProblem: (what, problem, details) => options.onProblem?.(what, problem, details),
    });
    const turnstiles = new Turnstiles(options.submissionConcurrency, clock);
    const places = new MainPlaces({
      limit: options.mainConcurrency,
      clock,
      listed: (url) => this.jobs.byIndex("main", url).map(({ metadata }) => metadata.uid ?? ""),
      wake: (uid) => watches.uidChanged(uid),
    });
    const jars = this.#jars;
    const { onOutcome, maySend } = options;
    const flights = new Flights({
      ...{ jars, clock, turnstiles, places, maySend },
      jarInDoubt: (url) => this.#sweeper.begin(url),
      onChange: (uid) => watches.uidChanged(uid),
      ...(onOutcome ? { onOutcome } : {}),
    });
    this.#flights = flights;
    const memory = jobMemory(kube, clock);
    const versions = new Versions<FlinkJob>();
    const { owned, perJob, storage, managed } = managedParts({
      ...options,
      ...{ follow, jobs: this.jobs, clusters: this.clusters, savepoints: this.savepoints },
      onChange: (namespace, clusterId) => watches.ownedChanged(namespace, clusterId),
    });
    this.#owned = owned;
    const gather = new Gather({
      clusters: this.#flink,
      flights,
      ...memory,
      crowd: (url, uid) => places.crowd(url, uid),
      followerOf: (jobId, uid) => followerOf(this.jobs.byIndex("prefix", jobId.slice(0, 16)), jobId, uid),
      flinkCluster: (namespace, name) => this.clusters.get(`${namespace}/${name}`),
      ...{ perJob, storage },
      deletionTimeoutMs: options.deletionTimeoutMs,
      submissionBackoffMs: options.submissionBackoffMs,
      longestWayMs: options.longestWayMs,
      findOptions: options.findOptions,
    });
    const perform = new Perform({
      kube,
      resource: flinkJobs,
      versions,
      clusters: this.#flink,
      flights,
      jars,
      reclaimed,
      sweeper: this.#sweeper,
      ...memory,
      ...{ perJob, storage },
      clock,
      tell: options.tell,
      onStatusWritten: () => options.onStatusWritten?.("FlinkJob"),
    });
    const decisions = options.onDecision ? { log: options.onDecision } : {};
    const jobReconciler = new JobReconciler({
      store: this.jobs,
      versions,
      gather,
      perform,
      flights,
      jars,
      ...memory,
      ...{ perJob, storage },
      places,
      clock,
      ...decisions,
    });
    const clusterReconciler = new ClusterReconciler({
      ...{ store: this.clusters, kube, versions: new Versions<FlinkCluster>(), clusters: this.#flink },
      managed,
      ...(options.managedClusters === false
        ? {}
        : { forsaken: new ForsakenClusters({ kube, jobsOf: (uid) => this.jobs.byIndex("uid", uid) }) }),
      ...{ clock, tell: options.tellCluster, findOptions: options.findOptions },
      onStatusWritten: () => options.onStatusWritten?.("FlinkCluster"),
      ...(options.onReachable ? { onReachable: options.onReachable } : {}),
    });
    const savepoints = new Savepoints({
      kube,
      clock,
      jobs: this.jobs,
      clusters: this.clusters,
      savepoints: this.savepoints,
      flink: this.#flink,
      sources: memory.sources,
      deletionTimeoutMs: options.deletionTimeoutMs,
      tell: (savepoint, event) => options.tellSavepoint?.(savepoint, event),
      onStatusWritten: () => options.onStatusWritten?.("FlinkSavepoint"),
      ...decisions,
    });
    this.#workers = [
      this.#team("flinkjob", jobQueue, options.workers, (key, signal) =>
        jobReconciler.reconcile(key, signal),
      ),
      this.#team("flinkcluster", clusterQueue, 1, (key, signal) => clusterReconciler.reconcile(key, signal)),
      this.#team("flinksavepoint", savepointQueue, SAVEPOINT_WORKERS, (key, signal) =>
        savepoints.reconciler.reconcile(key, signal),
      ),
      this.#team("savepointschedule", scheduleQueue, 1, (key, signal) =>
        savepoints.schedule.reconcile(key, signal),
      ),
    ];
  }

  /** Fills the caches and keeps them filled until the signal aborts; a standby does this much. */
  async watch(signal: AbortSignal): Promise<void> {
    const followed = [this.jobs, this.clusters, this.savepoints, this.#owned];
    await Promise.all(followed.map((each) => each.run(signal)));
  }

  hasSynced(): boolean {
    return this.jobs.hasSynced() && this.clusters.hasSynced() && this.savepoints.hasSynced();
  }

  /** Begins to reconcile. Call it as the leader, with full caches. */
  work(): void {
    for (const workers of this.#workers) workers.start();
    this.#sweeper.resume(this.jobs.list());
    void this.#sweeper.patrol(() => urlsOf(this.clusters.list()), PATROL_MS);
  }

  /** Stops taking keys, lets reconciles end, gives up flights that have sent nothing. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all(this.#workers.map((workers) => workers.stop(graceMs)));
    await Promise.all([this.#flights.close(), this.#sweeper.close()]);
    await this.#flink.close();
  }

  #team(name: string, queue: WorkQueue, concurrency: number, reconcile: Reconcile): Workers {
    const { clock, metrics, onProblem } = this.#options;
    const onError = (error: unknown, key: string, retry: Retry) =>
      onProblem?.(`reconcile ${name}`, error, { key, retry: retry.kind });
    return new Workers({
      ...{ name, queue, reconcile, concurrency, clock, metrics, onError },
      timeLimitMs: RECONCILE_LIMIT_MS,
    });
  }
}
