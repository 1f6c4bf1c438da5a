import type { FlinkJobSpec } from "../../../src/api/flinkjob.ts";
import { API_VERSION, FINALIZER } from "../../../src/api/group.ts";
import type { FlinkJob } from "../../../src/api/objects.ts";
import type { FlinkJobStatus } from "../../../src/api/status.ts";

/** When every schedule begins. */
export const EPOCH = Date.parse("2026-03-01T12:00:00.000Z");

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

/** One FlinkJob, every version of it that a watch cache may still show. */
export class ApiServer {
  /** Oldest first; shared between clones and never changed in place. */
  versions: readonly Version[];
  /** What an operator wrote and what it does to the spec's numbers of writes; for "nothing more is written". */
  statusWrites = 0;

  constructor(versions: readonly Version[] = []) {
    this.versions = versions;
  }

  clone(): ApiServer {
    const copy = new ApiServer(this.versions);
    copy.statusWrites = this.statusWrites;
    return copy;
  }

  get newest(): Version {
    return this.versions[this.versions.length - 1]!;
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
const ids = new WeakMap<object, number>();
let lastId = 0;

/** A small number that stands for an object; the same for the same object. */
export function idOf(object: object | undefined): number {
  if (object === undefined) return 0;
  const known = ids.get(object);
  if (known !== undefined) return known;
  ids.set(object, ++lastId);
  return lastId;
}

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
