import type { FlinkJob, FlinkSavepoint } from "../../api/objects.ts";
import { decideSchedule } from "../../core/savepoints/schedule.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import { isKubeError } from "../../kube/errors.ts";
import { flinkSavepoints } from "../../kube/resources.ts";
import type { ReconcileOutcome } from "../../kube/workers.ts";

export interface ScheduleReconcilerOptions {
  kube: Pick<KubeClient, "create" | "delete">;
  flinkJob: (key: string) => FlinkJob | undefined;
  /** Those that name the FlinkJob. */
  savepointsOf: (key: string) => FlinkSavepoint[];
  clock: Clock;
}

/** Makes the FlinkSavepoints that `spec.savepoints.interval` asks for, and deletes those that are too many. */
export class ScheduleReconciler {
  readonly #options: ScheduleReconcilerOptions;

  constructor(options: ScheduleReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileOutcome | undefined> {
    const { flinkJob, savepointsOf, clock } = this.#options;
    const job = flinkJob(key);
    if (!job) return undefined;
    const { create, remove, requeueAfterMs } = decideSchedule(job, savepointsOf(key), clock.now());
    if (create) await this.#create(create, signal);
    if (remove) {
      await this.#delete(remove, signal);
      // Its deletion comes back as an event, and the next one follows.
      return undefined;
    }
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
  }

  async #create(savepoint: FlinkSavepoint, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.kube.create(flinkSavepoints, savepoint, { signal });
    } catch (error) {
      // Made a moment ago, by us or by another leader: the cache has not seen it yet.
      const going = isKubeError(error, "Forbidden") && error.hasCause("NamespaceTerminating");
      if (!isKubeError(error, "AlreadyExists") && !going) throw error;
    }
  }

  async #delete({ metadata }: FlinkSavepoint, signal: AbortSignal): Promise<void> {
    const { name, namespace, uid = "" } = metadata;
    try {
      await this.#options.kube.delete(
        flinkSavepoints,
        { name, namespace },
        { preconditions: { uid }, signal },
      );
    } catch (error) {
      if (!isKubeError(error, "NotFound", "Conflict")) throw error;
    }
  }
}
