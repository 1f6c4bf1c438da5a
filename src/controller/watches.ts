import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import { jobIdPrefix } from "../core/identity.ts";
import { key } from "../kube/types.ts";
import type { WorkQueue } from "../kube/work-queue.ts";
import type { ClusterChange } from "./cluster-monitor.ts";
import type { Followed } from "./followed.ts";

export interface WatchesOptions {
  jobs: Followed<FlinkJob>;
  clusters: Followed<FlinkCluster>;
  jobQueue: WorkQueue;
  clusterQueue: WorkQueue;
}

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
  /** By uid. */
  uid: (job: FlinkJob) => [job.metadata.uid ?? ""],
  /** By the FlinkCluster that it names: namespace/name. */
  cluster: (job: FlinkJob) =>
    job.spec.cluster.name === undefined ? [] : [`${job.metadata.namespace}/${job.spec.cluster.name}`],
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
    const { jobs, clusters, jobQueue } = options;
    jobs.addHandler({
      add: (job, initial) => jobQueue.add(key(job), initial ? "low" : "high"),
      update: (job) => jobQueue.add(key(job)),
      delete: (job) => jobQueue.add(key(job)),
    });
    clusters.addHandler({
      add: (cluster, initial) => this.#clusterChanged(cluster, initial),
      update: (cluster, previous) =>
        this.#clusterChanged(cluster, false, cluster.spec.url !== previous.spec.url),
      delete: (cluster) => this.#clusterChanged(cluster, false),
    });
  }

  /** A poll of a Flink cluster showed something new. `users`: who needs that cluster. */
  flinkChanged(change: ClusterChange, users: ReadonlySet<string>): void {
    const { jobQueue, clusterQueue } = this.#options;
    if (change.kind === "jobs") {
      for (const jobId of change.jobIds) this.#ownerOf(jobId);
      return;
    }
    for (const user of users) {
      if (user.startsWith("job:")) jobQueue.add(user.slice(4));
      else if (user.startsWith("cluster:")) clusterQueue.add(user.slice(8));
    }
  }

  /** Something that this process knows of a FlinkJob changed. */
  uidChanged(uid: string): void {
    for (const job of this.#options.jobs.byIndex("uid", uid)) this.#options.jobQueue.add(key(job));
  }

  #ownerOf(jobId: string): void {
    const { jobs, jobQueue } = this.#options;
    for (const job of jobs.byIndex("prefix", jobId.slice(0, 16))) jobQueue.add(key(job));
  }

  #clusterChanged(cluster: FlinkCluster, initial: boolean, moved = true): void {
    const { jobs, jobQueue, clusterQueue } = this.#options;
    clusterQueue.add(key(cluster), initial ? "low" : "high");
    if (!moved) return;
    for (const job of jobs.byIndex("cluster", key(cluster))) jobQueue.add(key(job));
  }
}
