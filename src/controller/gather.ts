import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import { withOwnStatus } from "../core/context.ts";
import { jobIdPrefix, wantedTriggerId } from "../core/identity.ts";
import type { ClusterObservation, Look, Observed } from "../core/observed.ts";
import { isOver } from "../core/triggers.ts";
import { key } from "../kube/types.ts";
import type { Clusters } from "./clusters.ts";
import type { Flights } from "./flights.ts";

export interface GatherOptions {
  clusters: Clusters;
  flights: Flights;
  looks: ReadonlyMap<string, Look>;
  flinkCluster: (namespace: string, name: string) => FlinkCluster | undefined;
  deletionTimeoutMs: number;
  submissionBackoffMs: number | undefined;
  longestWayMs?: number | undefined;
}

/** Everything that `decide` may look at, out of caches and memory alone: no request is made here. */
export class Gather {
  readonly #options: GatherOptions;

  constructor(options: GatherOptions) {
    this.#options = options;
  }

  observe(known: FlinkJob): Observed {
    const job = withOwnStatus(known);
    const { flights, looks, deletionTimeoutMs, submissionBackoffMs, longestWayMs } = this.#options;
    const uid = job.metadata.uid ?? "";
    return {
      job,
      cluster: this.#cluster(job, jobIdPrefix(uid)),
      flight: flights.get(uid),
      look: looks.get(uid),
      wantedUrl: this.#namedUrl(job).url,
      deletionTimeoutMs,
      submissionBackoffMs,
      longestWayMs,
    };
  }

  /** The object is gone, or needs no cluster any more. */
  forget(name: string): void {
    this.#options.clusters.use(`job:${name}`, []);
  }

  #cluster(job: FlinkJob, prefix: string): ClusterObservation {
    const { clusters } = this.#options;
    const named = this.#namedUrl(job);
    // What was sent somewhere is looked for there, wherever the spec points by now.
    const trigger = job.status?.trigger;
    const followed = trigger && !isOver(trigger) ? trigger.sentTo?.url : undefined;
    const idle =
      trigger !== undefined && isOver(trigger) && !this.#wantsRun(job) && trigger.state !== "pending";
    const urls = [...new Set([followed, idle ? undefined : named.url].filter((url) => url !== undefined))];
    clusters.use(`job:${key(job)}`, urls);
    const seen = urls.map(
      (url) => clusters.get(url)?.monitor.observation(prefix) ?? { kind: "connecting" as const, url },
    );
    const first = seen[0];
    const second = seen[1];
    if (first === undefined) {
      return idle ? this.#glance(trigger.sentTo?.url, prefix) : { kind: "notFound", name: named.name };
    }
    // The same cluster under a new address: our JobID there proves it.
    const moved =
      first.kind !== "reachable" && second?.kind === "reachable" && second.jobs.has(trigger?.jobId ?? "");
    return moved ? second : first;
  }

  /** An ended trigger costs its cluster no request; where somebody watches it anyway, we see what they see. */
  #glance(url: string | undefined, prefix: string): ClusterObservation {
    const monitor = url === undefined ? undefined : this.#options.clusters.get(url)?.monitor;
    return monitor?.observation(prefix) ?? { kind: "connecting", url: url ?? "" };
  }

  #namedUrl({ spec, metadata }: FlinkJob): { url: string | undefined; name: string } {
    const { url, name } = spec.cluster;
    if (url !== undefined) return { url, name: url };
    const cluster = this.#options.flinkCluster(metadata.namespace ?? "", name ?? "");
    return { url: cluster?.spec.url, name: name ?? "" };
  }

  #wantsRun(job: FlinkJob): boolean {
    if (job.status?.trigger?.failure?.reason === "JobLost") return true;
    return wantedTriggerId(job.spec, job.metadata.generation ?? 0, job.status?.trigger) !== undefined;
  }
}
