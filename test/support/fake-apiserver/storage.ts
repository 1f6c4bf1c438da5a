import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../../src/kube/types.ts";

/** One change that a watch may report. */
export interface StoredEvent {
  version: number;
  type: "ADDED" | "MODIFIED" | "DELETED";
  collection: string;
  object: KubeObject;
}

/** What holds an object whose dependents go first. */
export const FOREGROUND = "foregroundDeletion";

/** A refusal, as the API server words it. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;
  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** Objects with resource versions and a history, as in the API server: one counter for everything. */
export class Storage {
  version = 100;
  /** Versions up to here are forgotten. */
  compacted = 0;
  readonly history: StoredEvent[] = [];
  readonly #collections = new Map<string, Map<string, KubeObject>>();

  list(collection: string): KubeObject[] {
    return [...this.#objects(collection)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  get(collection: string, name: string): KubeObject {
    const object = this.#objects(collection).get(name);
    if (object === undefined) throw new Refusal(404, "NotFound", `"${name}" not found`);
    return object;
  }

  has(collection: string, name: string): boolean {
    return this.#objects(collection).has(name);
  }

  create(collection: string, name: string, object: KubeObject): KubeObject {
    if (this.has(collection, name)) throw new Refusal(409, "AlreadyExists", `"${name}" already exists`);
    const metadata = { ...object.metadata, uid: randomUUID(), generation: 1, creationTimestamp: now() };
    return this.#store(collection, name, this.#stamp({ ...object, metadata }), "ADDED");
  }

  /** An object that is being deleted is gone with its last finalizer. */
  update(collection: string, name: string, object: KubeObject): KubeObject {
    const present = this.get(collection, name);
    const { resourceVersion, uid, finalizers } = object.metadata;
    const stale = resourceVersion !== undefined && resourceVersion !== present.metadata.resourceVersion;
    if (stale || (uid !== undefined && uid !== present.metadata.uid)) {
      throw new Refusal(409, "Conflict", "the object has been modified");
    }
    const next = plain({ ...object, metadata: { ...object.metadata, ...fixedOf(present) } });
    // An update that changes nothing is not stored, and nobody hears of it.
    if (isDeepStrictEqual(next, plain(present))) return present;
    if (specOf(next) !== specOf(present)) next.metadata.generation = (present.metadata.generation ?? 0) + 1;
    if (present.metadata.deletionTimestamp === undefined)
      return this.#store(collection, name, this.#stamp(next), "MODIFIED");
    if (finalizers?.some((added) => !present.metadata.finalizers?.includes(added)))
      throw new Refusal(422, "Invalid", "metadata.finalizers: Forbidden: the object is being deleted");
    if (finalizers?.length) return this.#store(collection, name, this.#stamp(next), "MODIFIED");
    return this.#remove(collection, name, next);
  }

  /** Undefined: it is gone. Otherwise finalizers hold it: `foreground`, that of the garbage collector, which is not here. */
  delete(
    collection: string,
    name: string,
    wanted: { uid?: string; resourceVersion?: string } = {},
    foreground = false,
  ): KubeObject | undefined {
    const present = this.get(collection, name);
    const { metadata } = present;
    const mismatch =
      (wanted.uid !== undefined && wanted.uid !== metadata.uid) ||
      (wanted.resourceVersion !== undefined && wanted.resourceVersion !== metadata.resourceVersion);
    if (mismatch) throw new Refusal(409, "Conflict", "the precondition failed");
    const finalizers = [...(metadata.finalizers ?? []), ...(foreground ? [FOREGROUND] : [])];
    if (finalizers.length === 0) {
      this.#remove(collection, name, present);
      return undefined;
    }
    if (metadata.deletionTimestamp !== undefined) return present;
    const generation = (metadata.generation ?? 0) + 1;
    const dying = {
      ...metadata,
      finalizers,
      generation,
      deletionTimestamp: now(),
      deletionGracePeriodSeconds: 0,
    };
    return this.#store(collection, name, this.#stamp({ ...present, metadata: dying }), "MODIFIED");
  }

  /** Forgets the history: older watches and lists get 410. */
  compact(): void {
    this.compacted = this.version;
    this.history.length = 0;
  }

  /** What a watch from `version` has to report. Throws 410. */
  since(collection: string, version: number): StoredEvent[] {
    if (version < this.compacted) throw new Refusal(410, "Expired", `too old resource version: ${version}`);
    return this.history.filter((event) => event.version > version && event.collection === collection);
  }

  onEvent: (event: StoredEvent) => void = () => {};

  #objects(collection: string): Map<string, KubeObject> {
    let objects = this.#collections.get(collection);
    if (objects === undefined) {
      objects = new Map();
      this.#collections.set(collection, objects);
    }
    return objects;
  }

  #stamp(object: KubeObject): KubeObject {
    this.version++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.version) } };
  }

  #store(collection: string, name: string, object: KubeObject, type: "ADDED" | "MODIFIED"): KubeObject {
    this.#objects(collection).set(name, object);
    this.#record(collection, type, object);
    return object;
  }

  #remove(collection: string, name: string, object: KubeObject): KubeObject {
    const last = this.#stamp(object);
    this.#objects(collection).delete(name);
    this.#record(collection, "DELETED", last);
    return last;
  }

  #record(collection: string, type: StoredEvent["type"], object: KubeObject): void {
    const event = { version: this.version, type, collection, object };
    this.history.push(event);
    this.onEvent(event);
  }
}

/** RFC 3339 in whole seconds. */
const now = () => new Date().toISOString().replace(/\.\d+Z$/, "Z");

/** What no update changes. */
function fixedOf({ metadata }: KubeObject): KubeObject["metadata"] {
  const { uid, generation, resourceVersion, creationTimestamp } = metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  return plain({
    ...{ uid, generation, resourceVersion, creationTimestamp },
    ...{ deletionTimestamp, deletionGracePeriodSeconds },
  } as KubeObject["metadata"]);
}

/** As it goes over the wire. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const specOf = (object: KubeObject) => JSON.stringify((object as { spec?: unknown }).spec);
