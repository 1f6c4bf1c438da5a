import type { KubeClient } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { KubeError } from "./errors.ts";
import { type ChangeHandler, Informer } from "./informer.ts";
import type { KubeMetrics } from "./metrics.ts";
import type { Indexers } from "./store.ts";
import type { KubeObject, Resource } from "./types.ts";

export interface FollowingOptions {
  kube: KubeClient;
  clock: Clock;
  metrics: KubeMetrics;
  /** Empty: all. */
  namespaces: readonly string[];
  onProblem?: ((what: string, problem: unknown, details: Record<string, unknown>) => void) | undefined;
}

/** Which objects of a kind are followed, and how they are found. */
export interface Following<T extends KubeObject> {
  indexers: Indexers<T>;
  labelSelector?: string | undefined;
  /** Told, besides the operator's log, of what goes wrong. */
  onProblem?: ((problem: KubeError) => void) | undefined;
}

export type Follow = <T extends KubeObject>(resource: Resource<T>, following: Following<T>) => Followed<T>;

/** Makes caches of the namespaces that the operator looks after. */
export function following({ kube, clock, metrics, namespaces, onProblem }: FollowingOptions): Follow {
  const scopes = namespaces.length === 0 ? [{}] : namespaces.map((namespace) => ({ namespace }));
  return <T extends KubeObject>(resource: Resource<T>, { indexers, labelSelector, ...told }: Following<T>) =>
    new Followed<T>(
      scopes.map(
        (scope) =>
          new Informer<T>({
            client: kube,
            resource,
            selection: { ...scope, ...(labelSelector === undefined ? {} : { labelSelector }) },
            indexers,
            clock,
            metrics,
            onProblem: (problem) => {
              told.onProblem?.(problem);
              onProblem?.(`watch ${resource.plural}`, problem, {});
            },
            onHandlerError: (error) => onProblem?.(`handle a change of ${resource.plural}`, error, {}),
          }),
      ),
    );
}

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
