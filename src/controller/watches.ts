import type { FlinkCluster, FlinkJob, FlinkSavepoint } from "../api/objects.ts";
import { namesOf, urlOf } from "../core/cluster/names.ts";
import { jobIdPrefix } from "../core/identity.ts";
import { runsMainOf } from "../core/triggers.ts";
import type { Followed } from "../kube/followed.ts";
import { key } from "../kube/types.ts";
import type { WorkQueue } from "../kube/work-queue.ts";
import type { ClusterChange } from "./cluster-monitor.ts";
import { madeForUid } from "./per-job-clusters.ts";

export interface WatchesOptions {
  jobs: Followed<FlinkJob>;
  clusters: Followed<FlinkCluster>;
  savepoints: Followed<FlinkSavepoint>;
  jobQueue: WorkQueue;
  clusterQueue: WorkQueue;
  savepointQueue: WorkQueue;
  /** Of FlinkJobs: their periodic savepoints. */
  scheduleQueue: WorkQueue;
}

/** Names of the indexes that the informer of FlinkSavepoints keeps. */
export const savepointIndexers = {
  /** By the FlinkJob that it names: namespace/name. */
  job: ({ metadata, spec }: FlinkSavepoint) => [`${metadata.namespace}/${spec.job.name}`],
};

/** Names of the indexes that the informer of FlinkJobs keeps. */
export const jobIndexers = {
  /** By the first half of its JobIDs, and of that of a job it took over. */
  prefix: ({ metadata, spec, status }: FlinkJob) => [
    ...new Set([
      jobIdPrefix(metadata.uid ?? ""),
      ...[spec.trigger?.jobId, status?.trigger?.adoptedBy && status.trigger.jobId].flatMap((jobId) =>
        jobId ? [jobId.slice(0, 16)] : [],
      ),
    ]),
  ],
  /** By the cluster on which its main() runs: its URL. */
  main: ({ status }: FlinkJob) => {
    const { trigger } = status ?? {};
    const url = trigger && runsMainOf(trigger) ? trigger.sentTo?.url : undefined;
    return url === undefined ? [] : [url];
  },
  /** By uid. */
  uid: (job: FlinkJob) => [job.metadata.uid ?? ""],
  /** By the FlinkCluster that it names: namespace/name. */
  cluster: (job: FlinkJob) =>
    job.spec.cluster.name === undefined ? [] : [`${job.metadata.namespace}/${job.spec.cluster.name}`],
  /** By JarId. */
  jar: ({ spec }: FlinkJob) => (spec.jar?.id === undefined ? [] : [spec.jar.id]),
};

/** Names of the indexes that the informer of FlinkClusters keeps. */
export const clusterIndexers = {
  /** By the label on all that belongs to a managed one: namespace/cluster-id. */
  clusterId: ({ metadata, spec }: FlinkCluster) =>
    spec.managed === undefined ? [] : [`${metadata.namespace}/${namesOf(metadata.name).clusterId}`],
  /** By the uid of the FlinkJob that it was made for. */
  madeFor: madeForUid,
};

/** The name of the FlinkJob, other than that of `uid`, whose job this is: by its prefix, or because it took it over. */
export function followerOf(candidates: readonly FlinkJob[], jobId: string, uid: string): string | undefined {
  const follower = candidates.find(
    ({ metadata, status }) =>
      metadata.uid !== uid &&
      (jobId.startsWith(jobIdPrefix(metadata.uid ?? "")) || status?.trigger?.jobId === jobId),
  );
  return follower?.metadata.name;
}

/** Which events queue which keys: the only place that knows. */
export class Watches {
  readonly #options: WatchesOptions;

  constructor(options: WatchesOptions) {
    this.#options = options;
    const { jobs, clusters, savepoints, clusterQueue, savepointQueue, scheduleQueue } = options;
    jobs.addHandler({
      add: (job, initial) => this.#jobChanged(job, initial),
      update: (job) => this.#jobChanged(job, false),
      delete: (job) => {
        this.#jobChanged(job, false);
        // One that an operator with an old view has made is nobody's now.
        for (const cluster of clusters.byIndex("madeFor", job.metadata.uid ?? ""))
          clusterQueue.add(key(cluster));
      },
    });
    const savepointChanged = (savepoint: FlinkSavepoint, initial: boolean) => {
      savepointQueue.add(key(savepoint), initial ? "low" : "high");
      scheduleQueue.add(`${savepoint.metadata.namespace}/${savepoint.spec.job.name}`, "low");
    };
    savepoints.addHandler({
      add: savepointChanged,
      update: (savepoint) => savepointChanged(savepoint, false),
      delete: (savepoint) => savepointChanged(savepoint, false),
    });
    clusters.addHandler({
      add: (cluster, initial) => this.#clusterChanged(cluster, initial),
      update: (cluster, previous) => this.#clusterChanged(cluster, false, tellsElse(cluster, previous)),
      delete: (cluster) => this.#clusterChanged(cluster, false),
    });
  }

  /** A poll of a Flink cluster showed something new. `users`: who needs that cluster. */
  flinkChanged(change: ClusterChange, users: ReadonlySet<string>): void {
    const { jobQueue, clusterQueue, savepointQueue } = this.#options;
    if (change.kind === "jobs") {
      for (const jobId of change.jobIds) this.#ownerOf(jobId);
      return;
    }
    for (const user of users) {
      if (user.startsWith("job:")) jobQueue.add(user.slice(4));
      else if (user.startsWith("cluster:")) clusterQueue.add(user.slice(8));
      else if (user.startsWith("savepoint:")) savepointQueue.add(user.slice(10));
    }
  }

  /** An object or a pod of a managed cluster changed, or the pod that cleans up after a FlinkJob: then it is the uid. */
  ownedChanged(namespace: string, clusterId: string): void {
    const { clusters, clusterQueue } = this.#options;
    this.uidChanged(clusterId);
    for (const cluster of clusters.byIndex("clusterId", `${namespace}/${clusterId}`))
      clusterQueue.add(key(cluster));
  }

  /** Something that this process knows of a FlinkJob changed. */
  uidChanged(uid: string): void {
    for (const job of this.#options.jobs.byIndex("uid", uid)) this.#options.jobQueue.add(key(job));
  }

  #jobChanged(job: FlinkJob, initial: boolean): void {
    const { jobQueue, savepointQueue, scheduleQueue, savepoints } = this.#options;
    const name = key(job);
    jobQueue.add(name, initial ? "low" : "high");
    if (job.spec.savepoints?.interval !== undefined) scheduleQueue.add(name, "low");
    this.#freeCluster(job);
    for (const savepoint of savepoints.byIndex("job", name)) {
      // A complete one has nothing to learn of its job, unless it waits to be let go.
      if (savepoint.status?.state !== "completed" || savepoint.metadata.deletionTimestamp !== undefined)
        savepointQueue.add(key(savepoint));
    }
  }

  /** A cluster that is being deleted waits for the FlinkJobs that name it. */
  #freeCluster({ metadata, spec, status }: FlinkJob): void {
    const { clusters, clusterQueue } = this.#options;
    const name = status?.trigger?.cluster?.name ?? spec.cluster.name;
    if (name === undefined) return;
    const cluster = clusters.get(`${metadata.namespace}/${name}`);
    if (cluster?.metadata.deletionTimestamp !== undefined) clusterQueue.add(key(cluster));
  }

  #ownerOf(jobId: string): void {
    const { jobs, jobQueue } = this.#options;
    for (const job of jobs.byIndex("prefix", jobId.slice(0, 16))) jobQueue.add(key(job));
  }

  #clusterChanged(cluster: FlinkCluster, initial: boolean, concernsJobs = true): void {
    const { jobs, jobQueue, clusterQueue } = this.#options;
    clusterQueue.add(key(cluster), initial ? "low" : "high");
    for (const uid of madeForUid(cluster)) this.uidChanged(uid);
    if (!concernsJobs) return;
    for (const job of jobs.byIndex("cluster", key(cluster))) jobQueue.add(key(job));
  }
}

/** Whether FlinkJobs that name it have something new to learn: where it is, or what keeps a managed one from coming up. */
function tellsElse(cluster: FlinkCluster, previous: FlinkCluster): boolean {
  const [now, before] = [cluster, previous].map(({ status }) =>
    status?.conditions?.find(({ type }) => type === "Ready"),
  );
  if (urlOf(cluster) !== urlOf(previous)) return true;
  return (
    cluster.spec.managed !== undefined && (now?.reason !== before?.reason || now?.message !== before?.message)
  );
}
