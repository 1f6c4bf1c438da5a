import type { FlinkJob } from "../api/objects.ts";
import { decide } from "../core/decide.ts";
import type { Look, Observed } from "../core/observed.ts";
import type { Step } from "../core/step.ts";
import { runsMainOf } from "../core/triggers.ts";
import type { Clock } from "../kube/clock.ts";
import { isKubeError } from "../kube/errors.ts";
import type { ReadonlyStore } from "../kube/store.ts";
import type { ReconcileOutcome } from "../kube/workers.ts";
import type { ConfigurationSources } from "./configuration-sources.ts";
import type { Flights } from "./flights.ts";
import type { Gather } from "./gather.ts";
import type { Jars } from "./jars.ts";
import type { JobNews } from "./job-news.ts";
import type { MainNote, MainPlaces } from "./main-places.ts";
import type { StorageCleaners } from "./managed/storage-cleaners.ts";
import type { Operations } from "./operations.ts";
import type { PerJobClusters } from "./per-job-clusters.ts";
import type { Perform } from "./perform.ts";
import type { Requirements } from "./requirements.ts";
import type { Versions } from "./versions.ts";

/** So many steps in a row for one key, then others get their turn. */
const STEPS_IN_A_ROW = 4;
/** The first wait after a conflict; it doubles with each one more in a row. Milliseconds. */
const STALE_AGAIN_MS = 200;
const LONGEST_STALE_MS = 10_000;

export interface JobReconcilerOptions {
  store: Pick<ReadonlyStore<FlinkJob>, "get">;
  versions: Versions<FlinkJob>;
  gather: Gather;
  perform: Perform;
  flights: Flights;
  jars: Jars;
  looks: Map<string, Look>;
  operations: Pick<Operations, "forget">;
  requirements: Pick<Requirements, "forget">;
  news: Pick<JobNews, "forget">;
  sources: Pick<ConfigurationSources, "forget">;
  perJob: Pick<PerJobClusters, "forget">;
  storage: Pick<StorageCleaners, "forget">;
  places: Pick<MainPlaces, "note" | "forget">;
  clock: Clock;
  /** One line per decision. */
  log?: (job: FlinkJob, rule: string, changed: boolean) => void;
}

/** gather -> decide -> perform one effect -> again. The only loop. */
export class JobReconciler {
  readonly #options: JobReconcilerOptions;
  /** uid by key, to clean up after an object that is gone. */
  readonly #uids = new Map<string, string>();
  /** Conflicts in a row, by key. */
  readonly #conflicts = new Map<string, number>();

  constructor(options: JobReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileOutcome | undefined> {
    const { store, versions, gather, perform, places, clock, log } = this.#options;
    for (let steps = 0; steps < STEPS_IN_A_ROW; steps++) {
      const job = versions.newest(key, store.get(key));
      this.#follow(key, job);
      if (!job) return undefined;
      const observed = gather.observe(job);
      const step = decide(observed, clock.now());
      places.note(job.metadata.uid ?? "", mainNoteOf(observed, step));
      log?.(job, step.rule, step.status !== undefined || step.effect !== undefined);
      const again = await this.#perform(perform, key, job, step, signal);
      if (again === "stale") return { requeueAfterMs: this.#staleAgainMs(key) };
      this.#conflicts.delete(key);
      if (!again)
        return step.requeueAfterMs === undefined ? undefined : { requeueAfterMs: step.requeueAfterMs };
    }
    return { requeueAfterMs: 0 };
  }

  async #perform(
    perform: Perform,
    key: string,
    job: FlinkJob,
    step: ReturnType<typeof decide>,
    signal: AbortSignal,
  ): Promise<boolean | "stale"> {
    try {
      return await perform.step(job, step, signal);
    } catch (error) {
      // Our view was stale: nothing was sent, and the next decision has the newer one.
      if (isKubeError(error, "Conflict")) return "stale";
      if (isKubeError(error, "NotFound") && !this.#options.store.get(key)) return false;
      throw error;
    }
  }

  /**
   * A conflict usually means that the cache is a moment behind, and its event queues the key as well. It comes late where the
   * watch is dead and nobody knows yet.
   */
  #staleAgainMs(key: string): number {
    const conflicts = this.#conflicts.get(key) ?? 0;
    this.#conflicts.set(key, conflicts + 1);
    return Math.min(LONGEST_STALE_MS, STALE_AGAIN_MS * 2 ** conflicts);
  }

  /** Memory belongs to a uid: an object that was deleted and made again under its name starts without. */
  #follow(key: string, job: FlinkJob | undefined): void {
    const {
      flights,
      jars,
      looks,
      operations,
      requirements,
      news,
      sources,
      perJob,
      places,
      gather,
      versions,
      storage,
    } = this.#options;
    const before = this.#uids.get(key);
    const now = job?.metadata.uid;
    if (before !== undefined && before !== now) {
      flights.abandon(before);
      flights.forget(before);
      looks.delete(before);
      operations.forget(before);
      requirements.forget(before);
      news.forget(before);
      sources.forget(before);
      perJob.forget(before);
      storage.forget(key.split("/")[0] ?? "", before);
      places.forget(before);
      jars.release(before).catch(() => undefined);
    }
    if (now === undefined) {
      this.#uids.delete(key);
      this.#conflicts.delete(key);
      versions.forget(key);
      gather.forget(key);
    } else {
      this.#uids.set(key, now);
    }
  }
}

/** Whether its main() takes a place on a cluster, or it waits for one, as things stand after this decision. */
function mainNoteOf({ job, cluster, flight, wantedUrl }: Observed, step: Step): MainNote {
  const trigger = (step.status ?? job.status)?.trigger;
  // Whose job is listed has nothing more to do.
  const isOver = trigger && cluster.kind === "reachable" && cluster.jobs.has(trigger.jobId);
  return {
    runsAt: trigger && !isOver && runsMainOf(trigger) ? trigger.sentTo?.url : undefined,
    isFlying: flight !== undefined && !isOver && flight.phase !== "fetchingJar" && !step.settlesFlight,
    waitsAt: step.awaitsPlace ? wantedUrl : undefined,
  };
}
