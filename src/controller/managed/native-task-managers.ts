import { hasSettledJobManager } from "../../core/cluster/changes.ts";
import type { ClusterDesign } from "../../core/cluster/design.ts";
import type { DesiredCluster } from "../../core/cluster/desired.ts";
import { isNative } from "../../core/cluster/native.ts";
import { isTaskManager, livingTaskManagers, outdatedPods, podAsked } from "../../core/cluster/native-pods.ts";
import type { ClusterObject } from "../../core/cluster/objects.ts";
import { howItBroke, isReady, type Pod, type PodTrouble } from "../../core/cluster/pods.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isKubeError } from "../../kube/errors.ts";
import { pods as podKind } from "./kinds.ts";
import { type ClusterPlace, type ObjectWriter, ownWords } from "./object-writer.ts";
import type { OwnedObjects } from "./owned-objects.ts";

export interface NativeTaskManagersOptions {
  kube: Pick<KubeClient, "create">;
  owned: Pick<OwnedObjects, "podsOf">;
  writer: Pick<ObjectWriter, "removePod">;
}

/** The TaskManagers' pods that JobManagers make: what the operator has to do with them. */
export class NativeTaskManagers {
  readonly #options: NativeTaskManagersOptions;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: NativeTaskManagersOptions) {
    this.#options = options;
  }

  /**
   * Takes away those that were made from another spec; a JobManager keeps those of its predecessor. As with a Deployment of
   * TaskManagers: not while no JobManager looks after their jobs. `live`: before this reconcile. True while some have to wait.
   */
  async replaceOutdated(
    { namespace, clusterId }: ClusterPlace,
    { madeFrom, objects }: DesiredCluster,
    live: readonly ClusterObject[],
    signal: AbortSignal,
  ): Promise<boolean> {
    if (madeFrom === undefined) return false;
    const { owned, writer } = this.#options;
    const outdated = outdatedPods(madeFrom, owned.podsOf(namespace, clusterId));
    if (!hasSettledJobManager(objects, live)) return outdated.length > 0;
    for (const pod of outdated) await writer.removePod(pod, signal);
    return false;
  }

  /**
   * Why a job that waits for slots gets none; undefined where none does, or pods are on their way. `waits`: one does. The
   * JobManager tries again for ever, and tells only its log.
   */
  async trouble(design: ClusterDesign, waits: boolean, signal: AbortSignal): Promise<PodTrouble | undefined> {
    if (!isNative(design)) return undefined;
    const { namespace, names } = design;
    const place = `${namespace}/${names.clusterId}`;
    if (!waits) {
      this.#waiting.delete(place);
      return undefined;
    }
    const pods = this.#options.owned.podsOf(namespace, names.clusterId).filter(isTaskManager);
    const waiting = this.#waiting.get(place) ?? { broken: 0 };
    this.#waiting.set(place, waiting);
    return brokenPods(waiting, pods) ?? (await this.#refusal(design, waiting, pods, signal));
  }

  forget({ namespace, clusterId }: ClusterPlace): void {
    this.#waiting.delete(`${namespace}/${clusterId}`);
  }

  /**
   * What the API server says to a pod like those that the JobManager asks for. A job must have waited before without a pod on
   * its way, for most get one at once.
   */
  async #refusal(
    design: ClusterDesign,
    waiting: Waiting,
    pods: readonly Pod[],
    signal: AbortSignal,
  ): Promise<PodTrouble | undefined> {
    const before = waiting.inVain;
    waiting.inVain = livingTaskManagers(pods).every(isReady);
    if (!waiting.inVain || !before) return undefined;
    try {
      await this.#options.kube.create(podKind, podAsked(design), { dryRun: true, signal });
      return undefined;
    } catch (error) {
      // What cannot be asked is not known: a webhook that takes no dry run, an API server that is away.
      if (!isKubeError(error, "Forbidden", "Invalid")) return undefined;
      const message = `A job waits for a TaskManager, and its JobManager gets no pod: ${ownWords(error)}`;
      return { reason: "PodsRefused", message, stalled: true };
    }
  }
}

/** Since when a job waits: what was seen. */
interface Waiting {
  /** When it was last looked at, no pod was on its way. */
  inVain?: boolean;
  /** How many pods ended by themselves, up to two; the newest of them; what the first said. */
  broken: number;
  newest?: string | undefined;
  words?: string;
}

/** Flink makes another for each, and takes away the one that ended. One may be an accident. */
function brokenPods(waiting: Waiting, pods: readonly Pod[]): PodTrouble | undefined {
  if (livingTaskManagers(pods).some(isReady)) waiting.broken = 0;
  for (const pod of pods) {
    const words = howItBroke(pod);
    if (words === undefined || pod.metadata.uid === waiting.newest) continue;
    if (waiting.broken === 0) waiting.words = words;
    waiting.broken = Math.min(2, waiting.broken + 1);
    waiting.newest = pod.metadata.uid;
  }
  if (waiting.broken < 2) return undefined;
  // The same words for all that follow: each would be a write.
  const message = `${waiting.words?.replace(/[.]$/, "")}. Those that follow it end, too.`;
  return { reason: "CrashLooping", message, stalled: true };
}
