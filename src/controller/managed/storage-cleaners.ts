import { JOB_UID_LABEL } from "../../api/group.ts";
import type { FlinkCluster, FlinkJob } from "../../api/objects.ts";
import type { StepEvent } from "../../core/step.ts";
import { cleanerPod } from "../../core/storage/cleaner-pod.ts";
import { type CleaningState, cleaningStep } from "../../core/storage/cleaning.ts";
import {
  type CleaningTarget,
  perJobStorageEndOf,
  placeOf,
  type StorageEnd,
  type StorageUsers,
  storageEndOf,
} from "../../core/storage/target.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import { isKubeError } from "../../kube/errors.ts";
import { flinkJobs } from "../../kube/resources.ts";
import { pods } from "./kinds.ts";
import { ownWords } from "./object-writer.ts";
import type { OwnedObjects } from "./owned-objects.ts";

export interface StorageCleanersOptions {
  kube: Pick<KubeClient, "create" | "delete" | "list">;
  clock: Clock;
  owned: Pick<OwnedObjects, "want" | "hasSynced" | "missingRight" | "cleanerOf">;
  users: () => StorageUsers;
  /** False: nothing is made or removed. */
  enabled: boolean;
  /** With the operator's own files; without it nothing is cleaned. */
  image: string | undefined;
  /** How long one cleaning may take, in milliseconds. */
  limitMs: number;
}

interface Cleaning {
  since: number;
  refusal?: string | undefined;
  givenUp?: string | undefined;
  state?: CleaningState;
}

const OFF = "the operator runs with --managed-clusters=false";
const NO_IMAGE = "the operator was given no image to clean with (--operator-image)";

/** Has the directories cleaned that deleted FlinkClusters and FlinkJobs leave in their volumes. */
export class StorageCleaners {
  readonly #options: StorageCleanersOptions;
  /** By namespace and label. What a process forgets is done again. */
  readonly #cleanings = new Map<string, Cleaning>();

  constructor(options: StorageCleanersOptions) {
    this.#options = options;
  }

  /** One step, for a FlinkCluster whose pods and objects are gone. Throws KubeError. */
  async cleanAfter(cluster: FlinkCluster, signal: AbortSignal): Promise<CleaningState> {
    const end = storageEndOf(cluster, this.#options.users());
    if (end.kind === "clean" && (await this.#hasFlinkJob(cluster, signal))) return { isOver: true };
    return await this.#step(end, signal);
  }

  /** The one that it was made for, by the API server's own list: a cache may not have it yet. */
  async #hasFlinkJob({ metadata }: FlinkCluster, signal: AbortSignal): Promise<boolean> {
    const { namespace, labels } = metadata;
    const uid = labels?.[JOB_UID_LABEL];
    if (uid === undefined) return false;
    const { items } = await this.#options.kube.list(flinkJobs, { namespace, signal });
    return items.some((job) => job.metadata.uid === uid);
  }

  /**
   * One step, for a FlinkJob whose clusters are gone. `writerOf`: who may still write there, all the same; waited for as long as
   * for the cleaning itself. True when it is over. Throws KubeError.
   */
  async cleanAfterJob(
    job: FlinkJob,
    writerOf: () => Promise<string | undefined>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { clock, limitMs, users } = this.#options;
    const { namespace = "", uid = "" } = job.metadata;
    const cleaning = this.#of(namespace, uid);
    const end = perJobStorageEndOf(job, users());
    const writer = this.#unclean(end) ? undefined : await writerOf();
    if (writer === undefined || end.kind !== "clean") {
      cleaning.state = await this.#step(end, signal);
      return cleaning.state.isOver;
    }
    const place = placeOf(end.target.storage, end.target.directory);
    cleaning.state =
      clock.now() - cleaning.since < limitMs
        ? { isOver: false, message: `${place}: ${writer}.` }
        : left("Warning", place, writer);
    return cleaning.state.isOver;
  }

  /** What `cleanAfterJob` came to, or would at once; undefined where there is nothing to clean. */
  seen(job: FlinkJob): CleaningState | undefined {
    const { namespace = "", uid = "", deletionTimestamp } = job.metadata;
    if (deletionTimestamp === undefined || !job.spec.cluster.perJob) return undefined;
    const { state } = this.#cleanings.get(`${namespace}/${uid}`) ?? {};
    return (
      state ?? this.#unclean(perJobStorageEndOf(job, this.#options.users())) ?? { isOver: false, message: "" }
    );
  }

  /** It is gone, or is not being deleted. `label`: the cluster-id, or the FlinkJob's uid. */
  forget(namespace: string, label: string): void {
    this.#cleanings.delete(`${namespace}/${label}`);
  }

  /** What is over before it begins. */
  #unclean(end: StorageEnd): CleaningState | undefined {
    const { image, enabled } = this.#options;
    if (end.kind === "stays") return { isOver: true };
    if (end.kind === "left") return left("Normal", end.place, end.why);
    const place = placeOf(end.target.storage, end.target.directory);
    if (!enabled) return left("Warning", place, OFF);
    return image === undefined ? left("Warning", place, NO_IMAGE) : undefined;
  }

  async #step(end: StorageEnd, signal: AbortSignal): Promise<CleaningState> {
    const { image = "", owned, clock, limitMs } = this.#options;
    const unclean = this.#unclean(end);
    if (unclean || end.kind !== "clean") return unclean ?? { isOver: true };
    const { target } = end;
    const place = placeOf(target.storage, target.directory);
    owned.want();
    if (!owned.hasSynced()) {
      const { since } = this.#of(target.namespace, target.label);
      const why = owned.missingRight() ?? "the API server does not list pods";
      return clock.now() - since < limitMs
        ? { isOver: false, message: `${place}: ${why}` }
        : left("Warning", place, why);
    }
    return await this.#clean(target, place, image, signal);
  }

  async #clean(
    target: CleaningTarget,
    place: string,
    image: string,
    signal: AbortSignal,
  ): Promise<CleaningState> {
    const { owned, clock, limitMs } = this.#options;
    const { namespace, label, podName, wasUsed } = target;
    const cleaning = this.#of(namespace, label);
    if (cleaning.state?.isOver) return cleaning.state;
    const step = cleaningStep({
      since: cleaning.since,
      refusal: cleaning.refusal,
      givenUp: cleaning.givenUp,
      pod: owned.cleanerOf(namespace, label),
      now: clock.now(),
      limitMs,
      wasUsed,
    });
    const over = (state: CleaningState): CleaningState => {
      cleaning.state = state;
      return state;
    };
    switch (step.kind) {
      case "make":
        return await this.#make(target, cleaning, image, signal);
      case "wait":
        return { isOver: false, message: `${place}: ${step.message}` };
      case "renew":
        await this.#remove(namespace, podName, signal);
        return { isOver: false, message: `${place}: ${podName} was taken away, and another follows.` };
      case "giveUp":
        cleaning.givenUp = step.why;
        await this.#remove(namespace, podName, signal);
        return { isOver: false, message: `${place}: ${step.why}` };
      case "cleaned":
        // It has ended, and is not to outlive what it cleaned up after.
        await this.#remove(namespace, podName, signal, 0);
        return over({ isOver: true, event: cleaned(place, step.words) });
      case "left":
        await this.#remove(namespace, podName, signal);
        return over(left("Warning", place, step.why));
    }
  }

  async #make(
    target: CleaningTarget,
    cleaning: Cleaning,
    image: string,
    signal: AbortSignal,
  ): Promise<CleaningState> {
    const { kube, limitMs } = this.#options;
    const place = placeOf(target.storage, target.directory);
    const pod = cleanerPod(target, image, Math.max(1, Math.ceil(limitMs / 1000)));
    try {
      await kube.create(pods, pod, { signal });
      cleaning.refusal = undefined;
    } catch (error) {
      if (isKubeError(error, "AlreadyExists"))
        return { isOver: false, message: `${place} is being cleaned.` };
      if (!isKubeError(error, "Forbidden", "Invalid", "BadRequest", "TooLarge")) throw error;
      // Nothing can be made there any more, and nobody will ask what was left.
      if (error.hasCause("NamespaceTerminating")) return { isOver: true };
      cleaning.refusal = ownWords(error);
      return { isOver: false, message: `${place}: ${cleaning.refusal}` };
    }
    return { isOver: false, message: `${place} is being cleaned.` };
  }

  async #remove(
    namespace: string,
    name: string,
    signal: AbortSignal,
    gracePeriodSeconds?: number,
  ): Promise<void> {
    try {
      await this.#options.kube.delete(pods, { namespace, name }, { gracePeriodSeconds, signal });
    } catch (error) {
      if (!isKubeError(error, "NotFound")) throw error;
    }
  }

  #of(namespace: string, label: string): Cleaning {
    const name = `${namespace}/${label}`;
    const cleaning = this.#cleanings.get(name) ?? { since: this.#options.clock.now() };
    this.#cleanings.set(name, cleaning);
    return cleaning;
  }
}

function cleaned(place: string, words: string): StepEvent {
  return { type: "Normal", reason: "StorageCleaned", message: `${place} was cleaned. ${words}`.trim() };
}

function left(type: StepEvent["type"], place: string, why: string): CleaningState {
  const message = `${place} was left as it is: ${why.replace(/\.$/u, "")}.`;
  return { isOver: true, event: { type, reason: "StorageLeft", message } };
}
