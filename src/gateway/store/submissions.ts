import type { FlinkJob } from "../../api/objects.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isKubeError } from "../../kube/errors.ts";
import { Recent } from "../../kube/recent.ts";
import { flinkJobs } from "../../kube/resources.ts";
import type { ObjectRef } from "../../kube/types.ts";
import { GatewayError } from "../gateway-error.ts";
import type { ClusterRef } from "../ports.ts";
import { flinkJobName } from "../run-async/naming.ts";
import { isSubmissionOf } from "../run-async/submission-job.ts";
import { isCompleted, isForgotten } from "../run-async/tracking.ts";
import { mayBeThere, refusedWrite } from "./refused-write.ts";
import { storeError } from "./store-error.ts";

interface Cache {
  get(key: string): FlinkJob | undefined;
  /** Milliseconds since the API server last said anything. */
  silentMs(): number;
}

/** What became of a deletion. */
export interface Deletion {
  /** `halting`: the operator halts what is under way, then it is gone. */
  readonly left: "gone" | "halting";
  /** As it was last. */
  readonly job: FlinkJob;
}

/** A submission's FlinkJob is decided on anew this often before a client is told to come again. */
const MOST_RACES = 10;
const WRITE_LIMIT_MS = 10_000;
/** A watch in which nothing happens says so each minute; after this much silence it has probably broken. */
const LONGEST_SILENCE_MS = 90_000;

/** Submissions, which are FlinkJobs and nothing else. Every method throws GatewayErrors. */
export class Submissions {
  readonly #kube: Pick<KubeClient, "get" | "create" | "patch" | "delete">;
  readonly #cache: Cache;
  /** uids of what was deleted here: the cache may still hold it. */
  readonly #deleted = new Recent<true>(10_000);

  constructor(kube: Pick<KubeClient, "get" | "create" | "patch" | "delete">, cache: Cache) {
    this.#kube = kube;
    this.#cache = cache;
  }

  /** Records a submission; where there is one of that trigger ID already, resolves with that one. */
  async create(job: FlinkJob): Promise<{ created: boolean; job: FlinkJob }> {
    const { namespace = "", name = "" } = job.metadata;
    const cluster = { namespace, name: job.spec.cluster.name ?? "" };
    const triggerId = job.spec.trigger?.id ?? "";
    let inDoubt = false;
    for (let races = 0; races < MOST_RACES; races++) {
      try {
        const created = await this.#kube.create(flinkJobs, job, { deadlineMs: WRITE_LIMIT_MS });
        return { created: true, job: created };
      } catch (error) {
        // It may have been carried out: asked for again, it says so.
        if (isKubeError(error, "Network", "Timeout") && !inDoubt) {
          inDoubt = true;
          continue;
        }
        const there = mayBeThere(error) ? await this.#get({ namespace, name }) : undefined;
        if (there) return { created: false, job: owned(there, cluster, triggerId) };
        if (!isKubeError(error, "AlreadyExists")) throw refusedWrite(error, namespace);
      }
    }
    throw racing(triggerId);
  }

  /** The submission as it is now. */
  async newest(cluster: ClusterRef, triggerId: string): Promise<FlinkJob | undefined> {
    const ref = { namespace: cluster.namespace, name: flinkJobName(cluster.name, triggerId) };
    const job = await this.#get(ref);
    return job && isSubmissionOf(job, cluster, triggerId) ? job : undefined;
  }

  /**
   * The submission for a client that tracks it, on any replica. The cache may be a moment behind: harmless where it says "in
   * progress", for the client asks again, and no longer than a watch may be silent; a cached outcome may be that of a submission
   * that was deleted and made anew.
   */
  async track(cluster: ClusterRef, triggerId: string): Promise<FlinkJob> {
    const name = flinkJobName(cluster.name, triggerId);
    const cached = this.#cache.get(`${cluster.namespace}/${name}`);
    const deleted = cached !== undefined && this.#deleted.get(cached.metadata.uid ?? "") !== undefined;
    const open = cached && isSubmissionOf(cached, cluster, triggerId) && !isCompleted(cached);
    const job =
      open && !deleted && this.#cache.silentMs() < LONGEST_SILENCE_MS
        ? cached
        : await this.newest(cluster, triggerId);
    if (!job || isForgotten(job)) throw unknownTrigger(cluster, triggerId);
    return job;
  }

  /**
   * With an outcome, only the tracking information goes; without one, what is under way is halted. The answer to which of the two
   * it is holds when the deletion does: each write is for exactly the version that was looked at.
   */
  async delete(cluster: ClusterRef, triggerId: string): Promise<Deletion> {
    for (let races = 0; races < MOST_RACES; races++) {
      const job = await this.newest(cluster, triggerId);
      if (!job) throw unknownTrigger(cluster, triggerId);
      if (job.metadata.deletionTimestamp !== undefined)
        return { left: isForgotten(job) ? "gone" : "halting", job };
      try {
        return { left: await this.#delete(job), job };
      } catch (error) {
        if (!isKubeError(error, "Conflict", "NotFound")) throw storeError(error);
      }
    }
    throw racing(triggerId);
  }

  async #delete(job: FlinkJob): Promise<Deletion["left"]> {
    const { namespace, name = "" } = job.metadata;
    const completed = isCompleted(job);
    const { metadata } = await this.#withPolicy(job, completed ? "Orphan" : "Cancel");
    const { uid = "", resourceVersion = "" } = metadata;
    const preconditions = { uid, resourceVersion };
    const left = await this.#kube.delete(flinkJobs, { namespace, name }, { preconditions });
    this.#deleted.set(uid, true);
    return completed || left.kind === "Status" ? "gone" : "halting";
  }

  async #withPolicy(job: FlinkJob, deletionPolicy: FlinkJob["spec"]["deletionPolicy"]): Promise<FlinkJob> {
    if (job.spec.deletionPolicy === deletionPolicy) return job;
    const { namespace, name = "", uid, resourceVersion } = job.metadata;
    const body = { metadata: { uid, resourceVersion }, spec: { deletionPolicy } };
    return await this.#kube.patch(flinkJobs, { namespace, name }, { type: "merge", body });
  }

  async #get(ref: ObjectRef): Promise<FlinkJob | undefined> {
    try {
      return await this.#kube.get(flinkJobs, ref);
    } catch (error) {
      if (isKubeError(error, "NotFound")) return undefined;
      throw storeError(error);
    }
  }
}

function owned(job: FlinkJob, cluster: ClusterRef, triggerId: string): FlinkJob {
  if (isSubmissionOf(job, cluster, triggerId)) {
    refuseWhileDeleted(job);
    return job;
  }
  const { namespace, name } = job.metadata;
  const message = `triggerId: the FlinkJob ${namespace}/${name}, which is no submission of ${triggerId}, is in the way; choose another triggerId`;
  throw new GatewayError("Conflict", message);
}

/** Its trigger ID is free again when it is gone. Throws the GatewayError Busy. */
export function refuseWhileDeleted({ metadata, spec }: FlinkJob): void {
  if (metadata.deletionTimestamp === undefined) return;
  const message = `The submission ${spec.trigger?.id} is being deleted: send the same request again in a moment`;
  throw new GatewayError("Busy", message, { retryAfterSeconds: 1 });
}

function unknownTrigger({ namespace, name }: ClusterRef, triggerId: string): GatewayError {
  return new GatewayError(
    "UnknownTrigger",
    `There is no submission ${triggerId} to the FlinkCluster ${namespace}/${name}`,
  );
}

function racing(triggerId: string): GatewayError {
  const message = `The submission ${triggerId} changes faster than it can be written: send the same request again`;
  return new GatewayError("Busy", message, { retryAfterSeconds: 1 });
}
