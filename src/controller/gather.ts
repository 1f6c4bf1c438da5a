import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import type { Reason } from "../api/reasons.ts";
import type { TriggerStatus } from "../api/status.ts";
import { urlOf } from "../core/cluster/names.ts";
import type { FindOptions } from "../core/configuration/catalogue.ts";
import { isFollowed, withOwnStatus } from "../core/context.ts";
import { jobIdPrefix } from "../core/identity.ts";
import { wantsNextAttempt } from "../core/next-attempt.ts";
import type { ClusterObservation, Crowd, Look, Observed, PerJobSeen } from "../core/observed.ts";
import { perJobUrl } from "../core/per-job/naming.ts";
import { isTemplate } from "../core/per-job/template.ts";
import { isUnread } from "../core/policies/ending.ts";
import { isOver } from "../core/triggers.ts";
import { effectiveSpec, wantedRun } from "../core/versions.ts";
import { key } from "../kube/types.ts";
import type { OwnJobs } from "./cluster-monitor.ts";
import type { Clusters } from "./clusters.ts";
import type { ConfigurationSources } from "./configuration-sources.ts";
import type { Flights } from "./flights.ts";
import type { JobNews } from "./job-news.ts";
import type { StorageCleaners } from "./managed/storage-cleaners.ts";
import type { Operations } from "./operations.ts";
import type { PerJobClusters } from "./per-job-clusters.ts";
import type { Requirements } from "./requirements.ts";

export interface GatherOptions {
  clusters: Clusters;
  flights: Flights;
  looks: ReadonlyMap<string, Look>;
  operations: Pick<Operations, "get">;
  requirements: Pick<Requirements, "get">;
  news: Pick<JobNews, "snapshots" | "troubles" | "configuration" | "executionResult">;
  sources: Pick<ConfigurationSources, "get">;
  /** The main()s on a cluster, where they leave no place for that of this FlinkJob. */
  crowd: (url: string, uid: string) => Crowd | undefined;
  perJob: Pick<PerJobClusters, "seen">;
  storage: Pick<StorageCleaners, "seen">;
  /** The FlinkJob that a job belongs to already, unless it is the given one. */
  followerOf: (jobId: string, uid: string) => string | undefined;
  flinkCluster: (namespace: string, name: string) => FlinkCluster | undefined;
  deletionTimeoutMs: number;
  submissionBackoffMs: number | undefined;
  longestWayMs?: number | undefined;
  findOptions?: FindOptions | undefined;
}

/** Everything that `decide` may look at, out of caches and memory alone: no request is made here. */
export class Gather {
  readonly #options: GatherOptions;

  constructor(options: GatherOptions) {
    this.#options = options;
  }

  observe(known: FlinkJob): Observed {
    const job = withOwnStatus(known);
    const { flights, looks, operations, requirements, news, sources, crowd, followerOf } = this.#options;
    const { deletionTimeoutMs, submissionBackoffMs, longestWayMs, findOptions } = this.#options;
    const uid = job.metadata.uid ?? "";
    const adopts = adoptedJob(job);
    const named = this.#namedUrl(job).url;
    const perJob = this.#options.perJob.seen(job);
    return {
      job,
      cluster: this.#cluster(job, { prefix: jobIdPrefix(uid), adopted: adopts }, perJob),
      flight: flights.get(uid),
      look: looks.get(uid),
      operation: operations.get(uid),
      requirements: requirements.get(uid),
      snapshots: news.snapshots(uid),
      troubles: news.troubles(uid),
      configuration: news.configuration(uid),
      executionResult: news.executionResult(uid),
      sources: sources.get(uid),
      crowd: named === undefined ? undefined : crowd(named, uid),
      perJob,
      storage: this.#options.storage.seen(job),
      adoptedBy: adopts === undefined ? undefined : followerOf(adopts, uid),
      wantedUrl: named,
      deletionTimeoutMs,
      submissionBackoffMs,
      longestWayMs,
      findOptions,
    };
  }

  /** The object is gone, or needs no cluster any more. */
  forget(name: string): void {
    this.#options.clusters.use(`job:${name}`, []);
  }

  #cluster(job: FlinkJob, own: OwnJobs, perJob: PerJobSeen | undefined): ClusterObservation {
    const { clusters } = this.#options;
    const named = this.#namedUrl(job);
    // What was sent somewhere is looked for there, wherever the spec points by now.
    const trigger = job.status?.trigger;
    const over = trigger !== undefined && isOver(trigger);
    const made = this.#made(job, perJob);
    const followed = trigger && !over ? trigger.sentTo?.url : made;
    // A cluster of its own is made when it is needed.
    const idle =
      over &&
      made === undefined &&
      (effectiveSpec(job).cluster.perJob !== undefined || !needsCluster(job, trigger));
    const urls = [...new Set([followed, idle ? undefined : named.url].filter((url) => url !== undefined))];
    clusters.use(`job:${key(job)}`, urls);
    const seen = urls.map((url) => this.#explained(clusters.get(url)?.monitor.observation(own), job, url));
    const first = seen[0];
    const second = seen[1];
    if (first === undefined) {
      if (idle) return this.#glance(trigger.sentTo?.url, own);
      const { name, isTemplate: hasNoPods = false } = named;
      return { kind: "notFound", name, ...(hasNoPods ? { isTemplate: true } : {}) };
    }
    // The same cluster under a new address: our JobID there proves it.
    const moved =
      first.kind !== "reachable" && second?.kind === "reachable" && second.jobs.has(trigger?.jobId ?? "");
    return moved ? second : first;
  }

  /** With what the FlinkCluster says of a managed cluster that does not answer. */
  #explained(seen: ClusterObservation | undefined, job: FlinkJob, url: string): ClusterObservation {
    if (seen?.kind !== "unreachable") return seen ?? { kind: "connecting", url };
    const { name } = effectiveSpec(job).cluster;
    const cluster =
      name === undefined ? undefined : this.#options.flinkCluster(job.metadata.namespace ?? "", name);
    if (cluster?.spec.managed === undefined || urlOf(cluster) !== url) return seen;
    const ready = cluster.status?.conditions?.find(({ type }) => type === "Ready");
    // That nobody answers we know better: this operator has asked itself.
    if (ready === undefined || ready.status === "True" || ready.reason === "ClusterUnreachable") return seen;
    const { reason, message } = ready;
    return { ...seen, says: { name: cluster.metadata.name, reason: reason as Reason, message } };
  }

  /** Where the cluster is that was made for the trigger: while it is there, something may be left to be read. */
  #made({ metadata, status }: FlinkJob, perJob: PerJobSeen | undefined): string | undefined {
    const { name, releasedAt } = status?.trigger?.cluster ?? {};
    const made = perJob?.clusters.find(
      (cluster) => cluster.name === name && (!cluster.isDeleting || releasedAt === undefined),
    );
    return made && perJobUrl(metadata.namespace, made.name);
  }

  /** An ended trigger costs its cluster no request; where somebody watches it anyway, we see what they see. */
  #glance(url: string | undefined, own: OwnJobs): ClusterObservation {
    const monitor = url === undefined ? undefined : this.#options.clusters.get(url)?.monitor;
    return monitor?.observation(own) ?? { kind: "connecting", url: url ?? "" };
  }

  #namedUrl(job: FlinkJob): { url: string | undefined; name: string; isTemplate?: boolean } {
    const { metadata } = job;
    const { url, name, perJob } = effectiveSpec(job).cluster;
    const own = job.status?.trigger?.cluster;
    if (perJob) {
      // Before its attempt is on record it has no name, and leads nowhere.
      return { url: own && perJobUrl(metadata.namespace, own.name), name: own?.name ?? "" };
    }
    if (url !== undefined) return { url, name: url };
    const cluster = this.#options.flinkCluster(metadata.namespace ?? "", name ?? "");
    if (cluster && isTemplate(cluster))
      return { url: undefined, name: cluster.metadata.name, isTemplate: true };
    return { url: cluster && urlOf(cluster), name: name ?? "" };
  }
}

/** Whether a trigger that is over has anything more to do with its cluster. */
function needsCluster(job: FlinkJob, trigger: TriggerStatus): boolean {
  // A suspended job that Flink brings back is to be noticed.
  if (trigger.state === "pending" || job.spec.state === "suspended") return true;
  if (isUnread(trigger, job.status?.result)) return true;
  return wantedRun(job) !== undefined || wantsNextAttempt(effectiveSpec(job), trigger);
}

/** The job that the FlinkJob took over, or is to take over: its JobID has another prefix. */
function adoptedJob({ spec, status }: FlinkJob): string | undefined {
  const trigger = status?.trigger;
  if (!trigger) return spec.trigger?.jobId;
  return trigger.adoptedBy !== undefined && isFollowed(trigger) ? trigger.jobId : undefined;
}
