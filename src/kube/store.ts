import { type KubeObject, key } from "./types.ts";

/** What one change of the world meant for the cache. */
export type Change<T extends KubeObject> =
  | { readonly type: "add"; readonly object: T }
  | { readonly type: "update"; readonly object: T; readonly previous: T }
  /** `object` is the last state that was known. */
  | { readonly type: "delete"; readonly object: T };

/** For each index, the values under which an object is found. */
export type Indexers<T extends KubeObject> = Readonly<Record<string, (object: T) => readonly string[]>>;

/** What readers of a cache may do. Objects are shared: never change them. */
export interface ReadonlyStore<T extends KubeObject> {
  readonly size: number;
  get(key: string): T | undefined;
  list(): T[];
  /** The objects that an indexer filed under `value`. */
  byIndex(index: string, value: string): T[];
}

/**
 * The present objects of one kind, by "namespace/name". An object that was deleted and made anew under the same name has
 * another uid, and shows as a delete and then an add, even when nobody saw the moment between.
 */
export class Store<T extends KubeObject> implements ReadonlyStore<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexers: Indexers<T>;
  readonly #indexes = new Map<string, Map<string, Set<string>>>();

  constructor(indexers: Indexers<T> = {}) {
    this.#indexers = indexers;
    for (const name of Object.keys(indexers)) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  byIndex(index: string, value: string): T[] {
    const values = this.#indexes.get(index);
    if (values === undefined) throw new TypeError(`The store has no index ${JSON.stringify(index)}`);
    return [...(values.get(value) ?? [])]
      .map((key) => this.#objects.get(key))
      .filter((object) => object !== undefined);
  }

  /** Takes in a complete list: what it does not name is deleted. */
  replace(objects: Iterable<T>): Change<T>[] {
    const changes: Change<T>[] = [];
    const named = new Set<string>();
    for (const object of objects) {
      named.add(key(object));
      changes.push(...this.put(object));
    }
    const gone = [...this.#objects].filter(([name]) => !named.has(name));
    for (const [, object] of gone) changes.push(...this.remove(object));
    return changes;
  }

  /** Takes in an object's present state. An unchanged resourceVersion is no change. */
  put(object: T): Change<T>[] {
    // managedFields are often half of an object, and no controller reads them.
    delete object.metadata.managedFields;
    const name = key(object);
    const previous = this.#objects.get(name);
    if (previous === undefined) {
      this.#set(name, object);
      return [{ type: "add", object }];
    }
    if (previous.metadata.uid !== object.metadata.uid) {
      this.#unset(name, previous);
      this.#set(name, object);
      return [
        { type: "delete", object: previous },
        { type: "add", object },
      ];
    }
    if (previous.metadata.resourceVersion === object.metadata.resourceVersion) return [];
    this.#unset(name, previous);
    this.#set(name, object);
    return [{ type: "update", object, previous }];
  }

  /** Takes in that an object is gone; `object` is its last state. */
  remove(object: T): Change<T>[] {
    const name = key(object);
    const known = this.#objects.get(name);
    // The end of an earlier object of that name says nothing about the present one.
    if (known === undefined || known.metadata.uid !== object.metadata.uid) return [];
    this.#unset(name, known);
    return [{ type: "delete", object }];
  }

  #set(name: string, object: T): void {
    this.#objects.set(name, object);
    for (const [index, valuesOf] of Object.entries(this.#indexers)) {
      const values = this.#indexes.get(index);
      for (const value of valuesOf(object)) {
        const names = values?.get(value);
        if (names) names.add(name);
        else values?.set(value, new Set([name]));
      }
    }
  }

  #unset(name: string, object: T): void {
    this.#objects.delete(name);
    for (const [index, valuesOf] of Object.entries(this.#indexers)) {
      const values = this.#indexes.get(index);
      for (const value of valuesOf(object)) {
        const names = values?.get(value);
        names?.delete(name);
        if (names?.size === 0) values?.delete(value);
      }
    }
  }
}
