import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import { jobIdPrefix } from "../core/identity.ts";
import { clusterOfRequestJar } from "../core/request-jar.ts";
import type { Clock } from "../kube/clock.ts";
import { Recent } from "../kube/recent.ts";
import type { JarStore } from "../ports.ts";

export interface ReclaimedJarsOptions {
  /** The FlinkJobs that name this JarId. */
  usersOf: (jarId: string) => readonly FlinkJob[];
  flinkClusters: () => readonly FlinkCluster[];
  clock: Clock;
  /** How long a JAR that came with a request may be there before a FlinkJob names it, in milliseconds. */
  orphanedAfterMs: number;
}

/**
 * The JARs of `jar.id` that are not to outlive their submission (`reclaimPolicy: Delete`): deleted with the outcome of the
 * last FlinkJob that names them. A gateway that died in between leaves JARs that no FlinkJob names; they go after a while.
 */
export class ReclaimedJars {
  readonly #options: ReclaimedJarsOptions;
  /** JarIds that no FlinkJob names, by when they were first met. */
  readonly #unnamed = new Recent<number>(1_000);

  constructor(options: ReclaimedJarsOptions) {
    this.#options = options;
  }

  /** The FlinkJob's submission has an outcome, or the FlinkJob goes. Rejects with a FlinkError; the sweep finds it then. */
  async release(job: FlinkJob, store: Pick<JarStore, "delete">): Promise<void> {
    const { id, reclaimPolicy } = job.spec.jar ?? {};
    if (id === undefined || reclaimPolicy !== "Delete") return;
    const others = this.#options.usersOf(id).filter(({ metadata }) => metadata.uid !== job.metadata.uid);
    if (!others.some(isOpen)) await store.delete(id, AbortSignal.timeout(10_000));
  }

  /** Deletes those of `jarIds` that nobody needs any more; returns how many are to be looked at again. */
  async sweep(
    jarIds: readonly string[],
    store: Pick<JarStore, "delete">,
    signal: AbortSignal,
  ): Promise<number> {
    let left = 0;
    for (const jarId of jarIds) {
      const verdict = this.#judge(jarId);
      if (verdict === "wait") left++;
      if (verdict === "delete") await store.delete(jarId, signal);
    }
    return left;
  }

  #judge(jarId: string): "keep" | "wait" | "delete" {
    const users = this.#options.usersOf(jarId);
    if (users.length > 0) {
      if (!users.some(({ spec }) => spec.jar?.reclaimPolicy === "Delete")) return "keep";
      return users.some(isOpen) ? "wait" : "delete";
    }
    const cluster = clusterOfRequestJar(jarId);
    const known = this.#options.flinkClusters().map(({ metadata }) => jobIdPrefix(metadata.uid ?? ""));
    if (cluster === undefined || !known.includes(cluster)) return "keep";
    const { clock, orphanedAfterMs } = this.#options;
    const now = clock.monotonic();
    const since = this.#unnamed.get(jarId) ?? now;
    this.#unnamed.set(jarId, since);
    return now - since < orphanedAfterMs ? "wait" : "delete";
  }
}

function isOpen({ status }: FlinkJob): boolean {
  return status?.trigger === undefined || status.trigger.state === "pending";
}
