import type { FlinkSavepointStatus } from "../../api/flinksavepoint.ts";
import { SAVEPOINT_FINALIZER } from "../../api/group.ts";
import type { FlinkSavepoint } from "../../api/objects.ts";
import type { SavepointStep } from "../../core/savepoints/observed.ts";
import type { StepEvent } from "../../core/step.ts";
import type { KubeClient } from "../../kube/client.ts";
import { flinkSavepoints } from "../../kube/resources.ts";
import type { Clusters } from "../clusters.ts";
import type { Versions } from "../versions.ts";
import type { SavepointsNews } from "./savepoint-news.ts";

export interface SavepointPerformOptions {
  kube: Pick<KubeClient, "replaceStatus" | "patch">;
  versions: Versions<FlinkSavepoint>;
  clusters: Pick<Clusters, "get">;
  news: SavepointsNews;
  tell: (savepoint: FlinkSavepoint, event: StepEvent) => void;
  /** What may be told of a message of Flink about the savepoint's job. */
  told: (savepoint: FlinkSavepoint, signal: AbortSignal) => Promise<(message: string) => string>;
  onStatusWritten?: () => void;
}

/** Carries out one step: the status first, with its precondition; then the events; then the one effect. */
export class SavepointPerform {
  readonly #options: SavepointPerformOptions;

  constructor(options: SavepointPerformOptions) {
    this.#options = options;
  }

  /** True: something changed that the next decision should see at once. Throws KubeError, FlinkError. */
  async step(savepoint: FlinkSavepoint, step: SavepointStep, signal: AbortSignal): Promise<boolean> {
    const { clusters, news, tell } = this.#options;
    const current = step.status ? await this.#writeStatus(savepoint, step.status, signal) : savepoint;
    for (const event of step.events) tell(current, event);
    const { effect } = step;
    if (!effect) return false;
    const { finalizers = [], uid = "" } = current.metadata;
    switch (effect.kind) {
      case "addFinalizer":
        await this.#setFinalizers(current, [...finalizers, SAVEPOINT_FINALIZER], signal);
        return true;
      case "removeFinalizer":
        await this.#setFinalizers(
          current,
          finalizers.filter((name) => name !== SAVEPOINT_FINALIZER),
          signal,
        );
        return current.metadata.deletionTimestamp === undefined;
      default: {
        const cluster = clusters.get(effect.url);
        if (!cluster) throw new Error(`no connection to ${effect.url} any more`);
        const told = await this.#options.told(current, signal);
        await news.perform(uid, cluster.jobManager, effect, told, signal);
        return true;
      }
    }
  }

  #writeStatus(
    savepoint: FlinkSavepoint,
    status: FlinkSavepointStatus,
    signal: AbortSignal,
  ): Promise<FlinkSavepoint> {
    const { kube, onStatusWritten } = this.#options;
    return this.#options.versions.through(savepoint, async () => {
      const written = await kube.replaceStatus(flinkSavepoints, { ...savepoint, status }, { signal });
      onStatusWritten?.();
      return written;
    });
  }

  async #setFinalizers(savepoint: FlinkSavepoint, finalizers: string[], signal: AbortSignal): Promise<void> {
    const { name, namespace, resourceVersion, uid } = savepoint.metadata;
    // The resourceVersion makes the patch a precondition, the uid keeps it off a namesake.
    const body = { metadata: { finalizers, resourceVersion, uid } };
    const patch = { type: "merge", body } as const;
    await this.#options.versions.through(savepoint, () =>
      this.#options.kube.patch(flinkSavepoints, { name, namespace }, patch, { signal }),
    );
  }
}
