import type { FlinkJob } from "../../../src/api/objects.ts";
import type { OwnJobs } from "../../../src/controller/cluster-monitor.ts";
import type { Clusters } from "../../../src/controller/clusters.ts";
import type { Flights } from "../../../src/controller/flights.ts";
import { Gather } from "../../../src/controller/gather.ts";
import type { PerJobClusters } from "../../../src/controller/per-job-clusters.ts";
import { jobIdPrefix } from "../../../src/core/identity.ts";
import type { ClusterObservation, Look, PerJobSeen } from "../../../src/core/observed.ts";
import type { Step } from "../../../src/core/step.ts";
import { EPOCH, idOf } from "../kube/api-server.ts";
import type { Setting } from "../world/setting.ts";
import type { Operator } from "./operator.ts";
import { type OwnView, seeingOwn } from "./own-view.ts";

/** A decision, and which cluster the operator watches after it. */
export interface Decision {
  readonly step: Step;
  readonly url: string | undefined;
}

const DELETION_TIMEOUT_MS = 30_000;
/** Kept at once, of all worlds together. */
const LIMIT = 30_000;

/**
 * Gather.observe and decide, the real ones, fed from an operator's memory. Both are functions of what they are given, so
 * that an answer once worked out is kept.
 */
export class Decisions {
  static readonly #all = new WeakMap<Setting["decide"], Map<number | undefined, Decisions>>();
  readonly #decide: Setting["decide"];
  readonly #known = new Map<string, Decision>();
  readonly #gather: Gather;
  #operator: Operator | undefined;
  #url: string | undefined;
  #own: OwnView | undefined;

  constructor(decide: Setting["decide"], submissionBackoffMs: number | undefined) {
    this.#decide = decide;
    // Gather reads these few methods; everything else of the classes is I/O.
    const clusters = {
      use: (_user: string, urls: readonly string[]) => {
        this.#url = urls[0];
      },
      get: (url: string) => {
        const cluster = this.#operator?.cluster;
        return !isAt(cluster, url)
          ? undefined
          : { monitor: { observation: (own: OwnJobs) => rowsOf(cluster, own) } };
      },
    } as unknown as Clusters;
    const flights = { get: () => this.#operator?.flight } as unknown as Flights;
    const looks = { get: () => this.#operator?.look } as unknown as ReadonlyMap<string, Look>;
    const perJob = seeingOwn(() => this.#own);
    this.#gather = new Gather({
      clusters,
      flights,
      looks,
      operations: { get: () => this.#operator?.operation },
      requirements: { get: () => this.#operator?.requirements },
      news: {
        snapshots: () => this.#operator?.snapshots,
        troubles: () => this.#operator?.troubles,
        configuration: () => undefined,
        executionResult: () => undefined,
      },
      sources: { get: () => undefined },
      crowd: () => undefined,
      followerOf: () => undefined,
      storage: { seen: () => undefined },
      perJob: { seen: (job) => this.#seen(perJob, job) },
      flinkCluster: () => undefined,
      deletionTimeoutMs: DELETION_TIMEOUT_MS,
      submissionBackoffMs,
    });
  }

  /** Those of one `decide` and one set of options, whatever the world. */
  static in({ decide, backoffMs }: Setting): Decisions {
    const all = Decisions.#all.get(decide) ?? new Map<number | undefined, Decisions>();
    Decisions.#all.set(decide, all);
    const known = all.get(backoffMs) ?? new Decisions(decide, backoffMs);
    all.set(backoffMs, known);
    return known;
  }

  of(operator: Operator, job: FlinkJob, now: number, own: OwnView | undefined): Decision {
    const { cluster, flight, look, operation, snapshots, troubles, requirements } = operator;
    const key = `${idOf(job)}.${idOf(cluster)}.${idOf(flight)}.${idOf(look)}.${idOf(operation)}.${idOf(snapshots)}.${idOf(troubles)}.${idOf(requirements)}.${now}${own ? own.key : ""}`;
    const known = this.#known.get(key);
    if (known) return known;
    if (this.#known.size > LIMIT) this.#known.clear();
    this.#operator = operator;
    this.#own = own;
    const step = this.#decide(this.#gather.observe(job), EPOCH + now);
    const decision = { step, url: this.#url };
    this.#known.set(key, decision);
    return decision;
  }

  /** By the operator's caches, and what the API server has told it besides. */
  #seen(perJob: PerJobClusters, job: FlinkJob): PerJobSeen | undefined {
    const absent = this.#operator?.absent;
    const seen = this.#own && perJob.seen(job);
    return seen && { ...seen, absent };
  }
}

function isAt(
  cluster: ClusterObservation | undefined,
  url: string,
): cluster is Exclude<ClusterObservation, { kind: "notFound" }> {
  return cluster !== undefined && cluster.kind !== "notFound" && cluster.url === url;
}

const filtered = new Map<string, ClusterObservation>();

function rowsOf(cluster: ClusterObservation, { prefix, adopted }: OwnJobs): ClusterObservation {
  if (cluster.kind !== "reachable" || cluster.jobs.size === 0) return cluster;
  let foreign = false;
  for (const id of cluster.jobs.keys()) foreign ||= !(id.startsWith(prefix) || id === adopted);
  if (!foreign) return cluster;
  const key = `${idOf(cluster)}.${prefix}.${adopted}`;
  const known = filtered.get(key);
  if (known) return known;
  const jobs = new Map([...cluster.jobs].filter(([id]) => id.startsWith(prefix) || id === adopted));
  const mine = { ...cluster, jobs };
  if (filtered.size > 50_000) filtered.clear();
  filtered.set(key, mine);
  return mine;
}

const prefixes = new Map<string, string>();

/** The 16 digits that the JobIDs of an object begin with. */
export function prefixOf(uid: string): string {
  const known = prefixes.get(uid) ?? jobIdPrefix(uid);
  prefixes.set(uid, known);
  return known;
}
