import { SAVEPOINT_FINALIZER } from "../../api/group.ts";
import type { FlinkCluster, FlinkJob, FlinkSavepoint } from "../../api/objects.ts";
import { urlOf } from "../../core/cluster/names.ts";
import type { ClusterObservation } from "../../core/observed.ts";
import { liveTrigger, ownFacts } from "../../core/savepoints/context.ts";
import type { SavepointObserved } from "../../core/savepoints/observed.ts";
import { key } from "../../kube/types.ts";
import type { Clusters } from "../clusters.ts";
import type { SavepointsNews } from "./savepoint-news.ts";

export interface SavepointGatherOptions {
  clusters: Pick<Clusters, "use" | "get">;
  news: Pick<SavepointsNews, "get">;
  flinkJob: (namespace: string, name: string) => FlinkJob | undefined;
  flinkCluster: (namespace: string, name: string) => FlinkCluster | undefined;
  /** Those that name the FlinkJob. */
  savepointsOf: (key: string) => readonly FlinkSavepoint[];
  deletionTimeoutMs: number;
}

/** Everything that `decideSavepoint` may look at, out of caches and memory alone. */
export class SavepointGather {
  readonly #options: SavepointGatherOptions;

  constructor(options: SavepointGatherOptions) {
    this.#options = options;
  }

  observe(savepoint: FlinkSavepoint): SavepointObserved {
    const { news, flinkJob, deletionTimeoutMs } = this.#options;
    const { namespace = "", uid = "" } = savepoint.metadata;
    const job = flinkJob(namespace, savepoint.spec.job.name);
    return {
      savepoint,
      job,
      cluster: this.#cluster(savepoint, job),
      otherPaths: this.#otherPaths(savepoint),
      news: news.get(uid),
      deletionTimeoutMs,
    };
  }

  #otherPaths({ metadata, spec }: FlinkSavepoint): ReadonlySet<string> {
    const all = this.#options.savepointsOf(`${metadata.namespace}/${spec.job.name}`);
    const others = all.filter(
      (other) => other.metadata.uid !== metadata.uid && other.metadata.deletionTimestamp === undefined,
    );
    const paths = others.map(({ spec, status }) => status?.path ?? spec.alreadyExists?.path);
    return new Set(paths.filter((path) => path !== undefined));
  }

  /** The object is gone, or needs no cluster any more. */
  forget(name: string): void {
    this.#options.clusters.use(`savepoint:${name}`, []);
  }

  /** The first that answers. A cluster is in use only while something of it is to be asked. */
  #cluster(savepoint: FlinkSavepoint, job: FlinkJob | undefined): ClusterObservation | undefined {
    const { clusters } = this.#options;
    const urls = this.#urls(savepoint, job);
    clusters.use(`savepoint:${key(savepoint)}`, urls);
    const facts = ownFacts(savepoint);
    const jobId = facts.state === "inProgress" ? facts.jobId : liveTrigger(job)?.jobId;
    const own = { prefix: jobId?.slice(0, 16) ?? "", adopted: jobId };
    const seen = urls.map(
      (url) => clusters.get(url)?.monitor.observation(own) ?? { kind: "connecting" as const, url },
    );
    return seen.find(({ kind }) => kind === "reachable") ?? seen[0];
  }

  #urls(savepoint: FlinkSavepoint, job: FlinkJob | undefined): string[] {
    const { metadata, spec } = savepoint;
    const { state, sentTo, jobId } = ownFacts(savepoint);
    const asked = sentTo?.url;
    const trigger = job?.status?.trigger;
    // The same cluster under a new address: the FlinkJob has found its job there.
    if (state === "inProgress")
      return unique([asked, trigger?.jobId === jobId ? trigger?.sentTo?.url : undefined]);
    if (metadata.deletionTimestamp !== undefined) {
      const disposes = metadata.finalizers?.includes(SAVEPOINT_FINALIZER) && spec.disposeOnDelete;
      // Any cluster will do that reaches the files.
      return disposes ? unique([trigger?.sentTo?.url, this.#named(job), asked]) : [];
    }
    const over = state !== undefined && state !== "pending";
    return over || spec.alreadyExists ? [] : unique([liveTrigger(job)?.sentTo?.url]);
  }

  #named(job: FlinkJob | undefined): string | undefined {
    if (!job) return undefined;
    const { url, name } = job.spec.cluster;
    const cluster = this.#options.flinkCluster(job.metadata.namespace ?? "", name ?? "");
    return url ?? (cluster && urlOf(cluster));
  }
}

function unique(urls: (string | undefined)[]): string[] {
  return [...new Set(urls.filter((url) => url !== undefined))];
}
