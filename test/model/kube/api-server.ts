import type { FlinkJobSpec } from "../../../src/api/flinkjob.ts";
import { API_VERSION, FINALIZER } from "../../../src/api/group.ts";
import type { FlinkCluster, FlinkJob } from "../../../src/api/objects.ts";
import type { FlinkJobStatus } from "../../../src/api/status.ts";
import { idOf } from "./interned.ts";
import { listOf, type Made, type MadeState, madeOf, NONE } from "./made.ts";

export { EPOCH, idOf } from "./interned.ts";

/** One version of the FlinkJob; immutable. `uid` counts the objects that bore its name. */
export interface Version {
  readonly resourceVersion: number;
  readonly uid: number;
  /** The object itself, without its resourceVersion, which no decision may depend on; undefined: it is gone. */
  readonly job: FlinkJob | undefined;
}

interface Content {
  uid: number;
  generation: number;
  deletedAt: number | undefined;
  finalizer: boolean;
  spec: FlinkJobSpec;
  status: FlinkJobStatus | undefined;
}

/** The FlinkClusters that are there; immutable, and the same for the same ones. */
export type Clusters = readonly Made[];

/** One FlinkJob, every version of it that a watch cache may still show. */
export class ApiServer {
  /** Oldest first; shared between clones and never changed in place. */
  versions: readonly Version[];
  /** The FlinkClusters, likewise. */
  clusterVersions: readonly Clusters[] = [NONE];
  clustersMade = 0;
  /** What an operator wrote and what it does to the spec's numbers of writes; for "nothing more is written". */
  statusWrites = 0;

  constructor(versions: readonly Version[] = []) {
    this.versions = versions;
  }

  clone(): ApiServer {
    const copy = new ApiServer(this.versions);
    copy.statusWrites = this.statusWrites;
    copy.clusterVersions = this.clusterVersions;
    copy.clustersMade = this.clustersMade;
    return copy;
  }

  get newest(): Version {
    return this.versions[this.versions.length - 1]!;
  }

  get clusters(): Clusters {
    return this.clusterVersions[this.clusterVersions.length - 1]!;
  }

  cluster(name: string): Made | undefined {
    return this.clusters.find((made) => made.name === name);
  }

  /** False: there is one of that name. */
  createCluster(base: FlinkCluster): boolean {
    if (this.cluster(base.metadata.name)) return false;
    this.#setClusters([...this.clusters, madeOf(base, ++this.clustersMade, {})]);
    return true;
  }

  changeCluster(before: Made, change: Partial<MadeState>): void {
    const after = madeOf(before.base, before.uid, { ...before.state, ...change });
    this.#setClusters(this.clusters.map((made) => (made === before ? after : made)));
  }

  /** It bears a finalizer from its first moment on. */
  deleteCluster(name: string, now: number, uid?: string): void {
    const made = this.cluster(name);
    if (!made || made.state.deletedAt !== undefined) return;
    if (uid === undefined || made.object.metadata.uid === uid) this.changeCluster(made, { deletedAt: now });
  }

  clusterGone(name: string): void {
    this.#setClusters(this.clusters.filter((made) => made.name !== name));
  }

  #setClusters(clusters: Clusters): void {
    this.clusterVersions = [...this.clusterVersions, listOf(clusters)];
  }

  create(spec: FlinkJobSpec): void {
    const uid = this.versions.length === 0 ? 1 : this.newest.uid + 1;
    this.#add({ uid, generation: 1, deletedAt: undefined, finalizer: false, spec, status: undefined });
  }

  editSpec(spec: FlinkJobSpec): void {
    const before = this.#content();
    this.#add({ ...before, spec, generation: before.generation + 1 });
  }

  wipeStatus(): void {
    this.#add({ ...this.#content(), status: undefined });
  }

  delete(now: number): void {
    const before = this.#content();
    if (!before.finalizer) this.#gone();
    else if (before.deletedAt === undefined) this.#add({ ...before, deletedAt: now });
  }

  /** Conflict (false) unless `base` is what is stored. */
  writeStatus(base: Version, status: FlinkJobStatus, unconditionally = false): boolean {
    const { newest } = this;
    const fits = unconditionally ? base.uid === newest.uid : base.resourceVersion === newest.resourceVersion;
    if (!fits || newest.job === undefined) return false;
    this.statusWrites++;
    this.#add({ ...this.#content(), status });
    return true;
  }

  writeFinalizer(base: Version, finalizer: boolean): boolean {
    const { newest } = this;
    if (base.resourceVersion !== newest.resourceVersion || newest.job === undefined) return false;
    const before = this.#content();
    // The API server adds no finalizer to an object that is being deleted.
    if (finalizer && before.deletedAt !== undefined) return false;
    if (!finalizer && before.deletedAt !== undefined) this.#gone();
    else this.#add({ ...before, finalizer });
    return true;
  }

  #gone(): void {
    const { resourceVersion, uid } = this.newest;
    this.versions = [...this.versions, { resourceVersion: resourceVersion + 1, uid, job: undefined }];
  }

  #add(content: Content): void {
    const resourceVersion = this.versions.length === 0 ? 1 : this.newest.resourceVersion + 1;
    this.versions = [...this.versions, { resourceVersion, uid: content.uid, job: jobOf(content) }];
  }

  #content(): Content {
    const { uid, job } = this.newest;
    const { generation = 0, deletionTimestamp, finalizers = [] } = job!.metadata;
    const deletedAt = deletionTimestamp === undefined ? undefined : Date.parse(deletionTimestamp);
    return {
      uid,
      generation,
      deletedAt,
      finalizer: finalizers.includes(FINALIZER),
      spec: job!.spec,
      status: job!.status,
    };
  }
}

/** The uid of the n-th object of the name. */
export function uidText(uid: number): string {
  return `7d4bd0a2-8a0e-4c0c-9a51-00000000000${uid}`;
}

/** Equal contents are one object, so that what is worked out for one need not be worked out again. */
const objects = new Map<string, FlinkJob>();
function jobOf({ uid, generation, deletedAt, finalizer, spec, status }: Content): FlinkJob {
  const key = `${uid}.${generation}.${deletedAt ?? ""}.${finalizer ? 1 : 0}.${idOf(spec)}.${idOf(status)}`;
  const known = objects.get(key);
  if (known) return known;
  if (objects.size > 30_000) objects.clear();
  const job: FlinkJob = {
    apiVersion: API_VERSION,
    kind: "FlinkJob",
    metadata: {
      name: "orders",
      namespace: "shop",
      uid: uidText(uid),
      generation,
      ...(deletedAt === undefined ? {} : { deletionTimestamp: new Date(deletedAt).toISOString() }),
      ...(finalizer ? { finalizers: [FINALIZER] } : {}),
    },
    spec,
    ...(status ? { status } : {}),
  };
  objects.set(key, job);
  return job;
}
