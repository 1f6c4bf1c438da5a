import type { KubeObject } from "../../../src/kube/types.ts";

/** One change that a watch may report. */
export interface StoredEvent {
  version: number;
  type: "ADDED" | "MODIFIED" | "DELETED";
  collection: string;
  object: KubeObject;
}

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
  #uids = 0;

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
    const uid = `uid-${++this.#uids}`;
    const stored = this.#stamp({ ...object, metadata: { ...object.metadata, uid, generation: 1 } });
    return this.#store(collection, name, stored, "ADDED");
  }

  update(collection: string, name: string, object: KubeObject): KubeObject {
    const present = this.get(collection, name);
    const { resourceVersion } = object.metadata;
    if (resourceVersion !== undefined && resourceVersion !== present.metadata.resourceVersion) {
      throw new Refusal(409, "Conflict", "the object has been modified");
    }
    const { uid, generation = 1 } = present.metadata;
    const metadata = {
      ...object.metadata,
      uid: uid ?? "",
      generation,
      resourceVersion: resourceVersion ?? "",
    };
    const same = JSON.stringify({ ...present, metadata: { ...present.metadata, resourceVersion } });
    // An update that changes nothing is not stored, and nobody hears of it.
    if (same === JSON.stringify({ ...object, metadata })) return present;
    return this.#store(collection, name, this.#stamp({ ...object, metadata }), "MODIFIED");
  }

  delete(
    collection: string,
    name: string,
    wanted: { uid?: string; resourceVersion?: string } = {},
  ): KubeObject {
    const { metadata, ...rest } = this.get(collection, name);
    const mismatch =
      (wanted.uid !== undefined && wanted.uid !== metadata.uid) ||
      (wanted.resourceVersion !== undefined && wanted.resourceVersion !== metadata.resourceVersion);
    if (mismatch) throw new Refusal(409, "Conflict", "the precondition failed");
    const last = this.#stamp({ ...rest, metadata });
    this.#objects(collection).delete(name);
    this.#record(collection, "DELETED", last);
    return last;
  }

  /** Forgets the history: older watches and lists get 410. */
  compact(): void {
    this.compacted = this.version;
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

  #record(collection: string, type: StoredEvent["type"], object: KubeObject): void {
    const event = { version: this.version, type, collection, object };
    this.history.push(event);
    this.onEvent(event);
  }
}
