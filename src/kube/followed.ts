import type { ChangeHandler, Informer } from "./informer.ts";
import type { KubeObject } from "./types.ts";

/** The caches of one kind in several namespaces, or in all of them, as one. */
export class Followed<T extends KubeObject> {
  readonly #informers: readonly Informer<T>[];

  constructor(informers: readonly Informer<T>[]) {
    this.#informers = informers;
  }

  get(key: string): T | undefined {
    for (const { store } of this.#informers) {
      const object = store.get(key);
      if (object) return object;
    }
    return undefined;
  }

  list(): T[] {
    return this.#informers.flatMap(({ store }) => store.list());
  }

  byIndex(index: string, value: string): T[] {
    return this.#informers.flatMap(({ store }) => store.byIndex(index, value));
  }

  addHandler(handler: ChangeHandler<T>): void {
    for (const informer of this.#informers) informer.addHandler(handler);
  }

  hasSynced(): boolean {
    return this.#informers.every((informer) => informer.hasSynced());
  }

  /** Milliseconds since the quietest of them last heard the API server. */
  silentMs(): number {
    return Math.max(...this.#informers.map((informer) => informer.silentMs()));
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.run(signal)));
  }
}
