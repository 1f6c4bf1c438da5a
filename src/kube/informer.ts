import { type Clock, sleep, systemClock } from "./clock.ts";
import { Reflector, type ReflectorOptions } from "./reflector.ts";
import { type Change, type Indexers, type ReadonlyStore, Store } from "./store.ts";
import type { KubeObject } from "./types.ts";

/** What somebody does when objects change. Calls are synchronous and in order; put longer work in a queue. */
export interface ChangeHandler<T extends KubeObject> {
  /** `initial`: the object was there before we looked, so it is less urgent than a change. */
  add?(object: T, initial: boolean): void;
  update?(object: T, previous: T): void;
  /** `object` is its last known state. */
  delete?(object: T): void;
}

export interface InformerOptions<T extends KubeObject> extends ReflectorOptions<T> {
  indexers?: Indexers<T> | undefined;
  /** What of an object the cache keeps; everything, unless told. Index and handlers see no more. */
  trim?: ((object: T) => T) | undefined;
  /** Told what a handler threw: nothing else happens then. */
  onHandlerError?: ((error: unknown, change: Change<T>) => void) | undefined;
}

/** A cache of one kind of objects that follows the API server, and those who want to know about changes. */
export class Informer<T extends KubeObject> {
  readonly #store: Store<T>;
  readonly #reflector: Reflector<T>;
  readonly #handlers: ChangeHandler<T>[] = [];
  readonly #onHandlerError: (error: unknown, change: Change<T>) => void;
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #synced = false;

  constructor(options: InformerOptions<T>) {
    this.#clock = options.clock ?? systemClock;
    this.#store = new Store<T>(options.indexers);
    this.#onHandlerError = options.onHandlerError ?? (() => {});
    const { trim = (object) => object } = options;
    this.#reflector = new Reflector<T>(options, {
      replace: (objects) => this.#replaced(this.#store.replace(objects.map(trim))),
      put: (object) => this.#tell(this.#store.put(trim(object)), false),
      remove: (object) => this.#tell(this.#store.remove(trim(object)), false),
    });
  }

  get store(): ReadonlyStore<T> {
    return this.#store;
  }

  /** Whether the cache has held a complete list. */
  hasSynced(): boolean {
    return this.#synced;
  }

  /** Milliseconds since the server was last heard; Infinity before the first list. Bookmarks come about every minute. */
  silentMs(): number {
    return this.#reflector.silentMs;
  }

  /** Registers a handler; what the cache already holds is told to it at once, as initial. */
  addHandler(handler: ChangeHandler<T>): void {
    for (const object of this.#store.list()) this.#call(handler, { type: "add", object }, true);
    this.#handlers.push(handler);
  }

  /** Follows the API server until the signal aborts. Never throws. */
  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  /** Resolves true once the cache is complete, false after `limitMs` or when the signal aborts. */
  async waitForSync(limitMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#synced) return true;
    const done = new AbortController();
    const end = () => done.abort();
    signal?.addEventListener("abort", end, { once: true });
    this.#waiting.add(end);
    if (!signal?.aborted) await sleep(this.#clock, limitMs, done.signal);
    this.#waiting.delete(end);
    signal?.removeEventListener("abort", end);
    return this.#synced;
  }

  #replaced(changes: Change<T>[]): void {
    const initial = !this.#synced;
    this.#synced = true;
    this.#tell(changes, initial);
    for (const end of this.#waiting) end();
  }

  #tell(changes: Change<T>[], initial: boolean): void {
    for (const change of changes) for (const handler of this.#handlers) this.#call(handler, change, initial);
  }

  #call(handler: ChangeHandler<T>, change: Change<T>, initial: boolean): void {
    try {
      if (change.type === "add") handler.add?.(change.object, initial);
      else if (change.type === "update") handler.update?.(change.object, change.previous);
      else handler.delete?.(change.object);
    } catch (error) {
      this.#onHandlerError(error, change);
    }
  }
}
