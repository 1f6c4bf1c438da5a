import type { FlinkSavepoint } from "../../api/objects.ts";
import { decideSavepoint } from "../../core/savepoints/decide-savepoint.ts";
import type { Clock } from "../../kube/clock.ts";
import { isKubeError } from "../../kube/errors.ts";
import type { ReadonlyStore } from "../../kube/store.ts";
import type { ReconcileOutcome } from "../../kube/workers.ts";
import type { Versions } from "../versions.ts";
import type { SavepointGather } from "./savepoint-gather.ts";
import type { SavepointsNews } from "./savepoint-news.ts";
import type { SavepointPerform } from "./savepoint-perform.ts";

/** So many steps in a row for one key, then others get their turn. */
const STEPS_IN_A_ROW = 4;
/** A conflict usually means that the cache is a moment behind; its event comes as well. Milliseconds. */
const STALE_AGAIN_MS = 200;

export interface SavepointReconcilerOptions {
  store: Pick<ReadonlyStore<FlinkSavepoint>, "get">;
  versions: Versions<FlinkSavepoint>;
  gather: SavepointGather;
  perform: SavepointPerform;
  news: Pick<SavepointsNews, "forget">;
  clock: Clock;
  /** One line per decision. */
  log?: (savepoint: FlinkSavepoint, rule: string, changed: boolean) => void;
}

/** gather -> decideSavepoint -> perform one effect -> again. */
export class SavepointReconciler {
  readonly #options: SavepointReconcilerOptions;
  /** uid by key, to clean up after an object that is gone. */
  readonly #uids = new Map<string, string>();

  constructor(options: SavepointReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileOutcome | undefined> {
    const { store, versions, gather, perform, clock, log } = this.#options;
    for (let steps = 0; steps < STEPS_IN_A_ROW; steps++) {
      const savepoint = versions.newest(key, store.get(key));
      this.#follow(key, savepoint);
      if (!savepoint) return undefined;
      const step = decideSavepoint(gather.observe(savepoint), clock.now());
      log?.(savepoint, step.rule, step.status !== undefined || step.effect !== undefined);
      try {
        if (!(await perform.step(savepoint, step, signal))) {
          const { requeueAfterMs } = step;
          return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
        }
      } catch (error) {
        // Our view was stale: nothing was sent, and the next decision has the newer one.
        if (isKubeError(error, "Conflict")) return { requeueAfterMs: STALE_AGAIN_MS };
        if (isKubeError(error, "NotFound") && !store.get(key)) return undefined;
        throw error;
      }
    }
    return { requeueAfterMs: 0 };
  }

  /** Memory belongs to a uid: an object that was deleted and made again under its name starts without. */
  #follow(key: string, savepoint: FlinkSavepoint | undefined): void {
    const { news, gather, versions } = this.#options;
    const before = this.#uids.get(key);
    const now = savepoint?.metadata.uid;
    if (before !== undefined && before !== now) news.forget(before);
    if (now === undefined) {
      this.#uids.delete(key);
      versions.forget(key);
      gather.forget(key);
    } else {
      this.#uids.set(key, now);
    }
  }
}
