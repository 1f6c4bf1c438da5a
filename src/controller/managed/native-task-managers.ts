import { hasSettledJobManager } from "../../core/cluster/changes.ts";
import type { DesiredCluster } from "../../core/cluster/desired.ts";
import { outdatedPods } from "../../core/cluster/native-pods.ts";
import type { ClusterObject } from "../../core/cluster/objects.ts";
import type { ClusterPlace, ObjectWriter } from "./object-writer.ts";
import type { OwnedObjects } from "./owned-objects.ts";

export interface NativeTaskManagersOptions {
  owned: Pick<OwnedObjects, "podsOf">;
  writer: Pick<ObjectWriter, "removePod">;
}

/** The TaskManagers' pods that JobManagers make: what the operator has to do with them. */
export class NativeTaskManagers {
  readonly #options: NativeTaskManagersOptions;

  constructor(options: NativeTaskManagersOptions) {
    this.#options = options;
  }

  /**
   * Takes away those that were made from another spec; a JobManager keeps those of its predecessor. As with a Deployment of
   * TaskManagers: not while no JobManager looks after their jobs, so `live` has to be what is wanted. True while some have to wait.
   */
  async replaceOutdated(
    { namespace, clusterId }: ClusterPlace,
    { madeFrom, objects }: DesiredCluster,
    live: readonly ClusterObject[] | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (madeFrom === undefined) return false;
    const { owned, writer } = this.#options;
    const outdated = outdatedPods(madeFrom, owned.podsOf(namespace, clusterId));
    if (live === undefined || !hasSettledJobManager(objects, live)) return outdated.length > 0;
    for (const pod of outdated) await writer.removePod(pod, signal);
    return false;
  }
}
