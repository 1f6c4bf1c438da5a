import type { FlinkJob } from "../../api/objects.ts";
import type { TriggerState } from "../../api/status.ts";
import type { ChangeHandler } from "../../kube/informer.ts";
import type { ClusterRef } from "../ports.ts";
import { badRequest } from "../run-async/submission-request.ts";
import { isForgotten } from "../run-async/tracking.ts";

interface Cache {
  byIndex(index: string, value: string): FlinkJob[];
  addHandler(handler: ChangeHandler<FlinkJob>): void;
}

export interface PageRequest {
  readonly limit: number;
  readonly continue?: string | undefined;
  readonly state?: TriggerState | undefined;
}

export interface Page {
  readonly jobs: readonly FlinkJob[];
  /** Absent on the last page. */
  readonly continue: string | undefined;
}

/** Where a page ended: the time of creation and the name of its last submission. */
type Position = readonly [createdAt: string, name: string];

/** What of a FlinkJob tracking and listing tell: the cache of ten thousand keeps no arguments, configurations and histories. */
export function trimmed({ apiVersion, kind, metadata, spec, status }: FlinkJob): FlinkJob {
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp } = metadata;
  const kept = { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp };
  const { labels, annotations } = metadata;
  const { cluster, trigger, deletionPolicy, plan, state } = spec;
  const { perJob: _, ...named } = cluster;
  return {
    apiVersion,
    kind,
    metadata: { ...kept, labels, annotations } as FlinkJob["metadata"],
    spec: { cluster: named, trigger, deletionPolicy, plan, state } as FlinkJob["spec"],
    ...(status
      ? { status: { trigger: status.trigger, job: status.job } as FlinkJob["status"] & object }
      : {}),
  };
}

/** Of the FlinkJobs in the cache, those of one FlinkCluster: the index. */
export const submissionIndexers = {
  cluster: ({ metadata, spec }: FlinkJob) => [`${metadata.namespace}/${spec.cluster.name ?? ""}`],
};

/**
 * Pages of submissions out of the cache, the newest first. A page goes on where the last one ended, whatever came and went
 * meanwhile: nothing that stays is skipped or told twice.
 */
export class Listing {
  readonly #cache: Cache;
  /** The order of each cluster's submissions, until one comes or goes. */
  readonly #orders = new Map<string, FlinkJob[]>();

  constructor(cache: Cache) {
    this.#cache = cache;
    const changed = (job: FlinkJob) => {
      for (const cluster of submissionIndexers.cluster(job)) this.#orders.delete(cluster);
    };
    cache.addHandler({
      add: changed,
      delete: changed,
      update: (job, previous) => {
        changed(job);
        changed(previous);
      },
    });
  }

  /** Throws the GatewayError BadRequest for a token that is none of ours. */
  page({ namespace, name }: ClusterRef, { limit, continue: token, state }: PageRequest): Page {
    const order = this.#order(`${namespace}/${name}`);
    const after = token === undefined ? undefined : positionOf(token);
    const jobs: FlinkJob[] = [];
    for (let at = after === undefined ? 0 : firstAfter(order, after); at < order.length; at++) {
      const job = order[at]!;
      if (isForgotten(job)) continue;
      if (state !== undefined && (job.status?.trigger?.state ?? "pending") !== state) continue;
      if (jobs.length === limit) return { jobs, continue: tokenOf(jobs.at(-1)!) };
      jobs.push(job);
    }
    return { jobs, continue: undefined };
  }

  #order(cluster: string): readonly FlinkJob[] {
    const known = this.#orders.get(cluster);
    if (known) return known;
    const keyed = this.#cache.byIndex("cluster", cluster).map((job) => ({ job, at: placeOf(job) }));
    const order = keyed.sort((a, b) => compare(a.at, b.at)).map(({ job }) => job);
    this.#orders.set(cluster, order);
    return order;
  }
}

function placeOf({ metadata }: FlinkJob): Position {
  return [metadata.creationTimestamp ?? "", metadata.name ?? ""];
}

/** Newest first; within a second, which is all that Kubernetes tells, by name. */
function compare([aTime, aName]: Position, [bTime, bName]: Position): number {
  if (aTime !== bTime) return aTime > bTime ? -1 : 1;
  return aName < bName ? -1 : aName > bName ? 1 : 0;
}

function firstAfter(order: readonly FlinkJob[], after: Position): number {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(placeOf(order[middle]!), after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function tokenOf(job: FlinkJob): string {
  return Buffer.from(placeOf(job).join(" ")).toString("base64url");
}

function positionOf(token: string): Position {
  const [time = "", name = "", ...rest] = Buffer.from(token, "base64url").toString().split(" ");
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time) && name !== "" && rest.length === 0) return [time, name];
  throw badRequest(["continue: is no token of this list; begin again without it"]);
}
