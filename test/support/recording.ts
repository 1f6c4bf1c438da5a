import type { FlinkJob } from "../../src/api/objects.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { flinkJobs } from "../../src/kube/resources.ts";
import { conditionFaults } from "./conditions.ts";
import { eventually } from "./eventually.ts";

/** Every version of every FlinkJob of some namespaces, as a watch showed them. */
export class Recording {
  /** Oldest first. */
  readonly versions: FlinkJob[] = [];
  readonly #kube: KubeClient;
  readonly #stop = new AbortController();
  readonly #watches: Promise<void>[] = [];
  readonly #waiting = new Set<() => void>();
  #changes = 0;

  constructor(kube: KubeClient) {
    this.#kube = kube;
  }

  /** Resolves when nothing of this namespace can be missed any more. */
  async follow(namespace: string): Promise<void> {
    const { signal } = this.#stop;
    // Right after the CRDs were created the API server has no storage for them yet.
    const list = await eventually(() => this.#kube.list(flinkJobs, { namespace }));
    const { resourceVersion } = list.metadata;
    const watch = await this.#kube.watch(flinkJobs, { namespace, resourceVersion, signal });
    const record = async () => {
      try {
        for await (const { type, object } of watch) {
          if (type === "ADDED" || type === "MODIFIED") this.versions.push(object);
          this.#changes++;
          for (const wake of this.#waiting) wake();
        }
      } catch (error) {
        if (!signal.aborted && !isKubeError(error, "Network")) throw error;
      }
    };
    this.#watches.push(record());
  }

  /** How many changes were seen so far. */
  get changes(): number {
    return this.#changes;
  }

  /** Until more than `seen` changes were, or `limitMs` have passed: whoever asks the API server all the time keeps it busy. */
  async news(seen: number, limitMs = 200): Promise<void> {
    if (this.#changes > seen) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limitMs);
    this.#waiting.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }

  of(name: string, namespace?: string): FlinkJob[] {
    return this.versions.filter(
      ({ metadata }) =>
        metadata.name === name && (namespace === undefined || metadata.namespace === namespace),
    );
  }

  /** The trigger's states and reasons as they came, without repetition: "pending Submitting". */
  story(name: string, namespace?: string): string[] {
    const words = this.of(name, namespace).map(({ status }) =>
      [status?.trigger?.state, status?.trigger?.reason].filter(Boolean).join(" "),
    );
    return words.filter((word, i) => word !== "" && word !== words[i - 1]);
  }

  /** What was wrong with a status that anybody could have seen. */
  conditionFaults(): string[] {
    const before = new Map<string, FlinkJob>();
    return this.versions.flatMap((job) => {
      const { name, namespace, uid = "", generation, resourceVersion, deletionTimestamp } = job.metadata;
      const earlier = before.get(uid)?.status;
      before.set(uid, job);
      // Not yet looked at, or not since the last change of the spec or the deletion.
      if (job.status?.observedGeneration !== generation || deletionTimestamp !== undefined) return [];
      const faults = conditionFaults(job, earlier?.conditions ? earlier : undefined);
      return faults.map((fault) => `${namespace}/${name} at ${resourceVersion}: ${fault}`);
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#watches);
  }
}
