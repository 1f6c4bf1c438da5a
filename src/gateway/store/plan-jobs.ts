import { PLAN_REFUSED_ANNOTATION, TEMPLATE_LABEL } from "../../api/group.ts";
import type { FlinkJob } from "../../api/objects.ts";
import { planJobName } from "../../core/per-job/naming.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isKubeError } from "../../kube/errors.ts";
import { flinkJobs } from "../../kube/resources.ts";
import { GatewayError } from "../gateway-error.ts";
import { isPlanJobOf } from "../plans/plan-job.ts";
import { mayBeThere, refusedWrite } from "./refused-write.ts";
import { storeError } from "./store-error.ts";

interface Cache {
  get(key: string): FlinkJob | undefined;
  byIndex(index: string, value: string): FlinkJob[];
  /** Milliseconds since the API server last said anything. */
  silentMs(): number;
}

/** Whose plan is asked for. */
export interface PlanRef {
  readonly namespace: string;
  readonly template: string;
  readonly jobId: string;
}

const WRITE_LIMIT_MS = 10_000;
/** A watch in which nothing happens says so each minute. */
const LONGEST_SILENCE_MS = 90_000;

/** Of the FlinkJobs in the cache, those of plans: by JobID, by template, and by the name of the plan's file. */
export const planIndexers = {
  planJobId: (job: FlinkJob) => ifPlan(job, `${job.metadata.namespace}/${job.spec.trigger?.jobId}`),
  planTemplate: (job: FlinkJob) => ifPlan(job, `${job.metadata.namespace}/${templateOf(job)}`),
  planFile: (job: FlinkJob) => ifPlan(job, `${job.metadata.namespace}/${job.spec.plan?.file}`),
};

function ifPlan({ spec }: FlinkJob, key: string): string[] {
  return spec.plan === undefined ? [] : [key];
}

/** The name of the FlinkCluster whose copy the plan's cluster is. */
export function templateOf({ metadata }: FlinkJob): string {
  return metadata.labels?.[TEMPLATE_LABEL] ?? "";
}

/** The FlinkJobs of plans. Every method throws GatewayErrors. */
export class PlanJobs {
  readonly #kube: Pick<KubeClient, "get" | "create" | "patch">;
  readonly #cache: Cache;

  constructor(kube: Pick<KubeClient, "get" | "create" | "patch">, cache: Cache) {
    this.#kube = kube;
    this.#cache = cache;
  }

  /** Records a plan, once: the same again is answered with what there is, another one under its JobID is a Conflict. */
  async create(job: FlinkJob): Promise<{ created: boolean; job: FlinkJob }> {
    let inDoubt = false;
    for (;;) {
      try {
        const created = await this.#kube.create(flinkJobs, job, { deadlineMs: WRITE_LIMIT_MS });
        return { created: true, job: created };
      } catch (error) {
        // It may have been carried out: asked for again, it says so.
        if (isKubeError(error, "Network", "Timeout") && !inDoubt) {
          inDoubt = true;
          continue;
        }
        const there = mayBeThere(error) ? await this.same(job) : undefined;
        if (there) return { created: false, job: there };
        if (!isKubeError(error, "AlreadyExists")) throw refusedWrite(error, job.metadata.namespace ?? "");
      }
      const message = "The FlinkJob of this plan has just gone: send the same request again";
      throw new GatewayError("Busy", message, { retryAfterSeconds: 1 });
    }
  }

  /** The plan's FlinkJob as it is now, where it was recorded before. Throws Conflict where it is that of another plan. */
  async same(job: FlinkJob): Promise<FlinkJob | undefined> {
    const there = await this.newest(job);
    const { jobId = "" } = job.spec.trigger ?? {};
    if (!there) return undefined;
    if (!isPlanJobOf(there, jobId, templateOf(job)) || there.spec.plan?.file !== job.spec.plan?.file) {
      const { namespace, name } = there.metadata;
      const message = `DuplicateJobSubmissionException: Job has already been submitted. The FlinkJob ${namespace}/${name} has the JobID ${jobId}`;
      throw new GatewayError("Conflict", message);
    }
    if (there.metadata.deletionTimestamp === undefined) return there;
    const message = `The FlinkJob of job ${jobId} is being deleted: send the same request again in a moment`;
    throw new GatewayError("Busy", message, { retryAfterSeconds: 3 });
  }

  /** Out of the cache, and from the API server where that has not heard of it, or hears nothing any more. */
  async find({ namespace, template, jobId }: PlanRef): Promise<FlinkJob | undefined> {
    const cached = this.#cache.silentMs() < LONGEST_SILENCE_MS ? this.#cached(namespace, jobId) : [];
    const known = cached.find((job) => templateOf(job) === template);
    if (known) return known;
    const job = await this.#get({ namespace, name: planJobName(template, jobId) });
    return job && isPlanJobOf(job, jobId, template) ? job : undefined;
  }

  /** Templates of the namespace to which a plan of this JobID was sent, as far as the cache knows. */
  templatesOf(namespace: string, jobId: string): string[] {
    return this.#cached(namespace, jobId).map(templateOf);
  }

  /** Of one template, out of the cache. */
  list(namespace: string, template: string): FlinkJob[] {
    return this.#cache.byIndex("planTemplate", `${namespace}/${template}`);
  }

  /** Out of the cache, by its key. */
  known(key: string): FlinkJob | undefined {
    return this.#cache.get(key);
  }

  /** The same, by the file of its plan. */
  ofFile(namespace: string, file: string): FlinkJob | undefined {
    return this.#cache.byIndex("planFile", `${namespace}/${file}`)[0];
  }

  /** From the API server itself; with all that the cache does not keep. */
  async newest({ metadata: { namespace, name } }: FlinkJob): Promise<FlinkJob | undefined> {
    return this.#get({ namespace: namespace ?? "", name });
  }

  /** Nothing shall run of it: the operator ends what is under way. */
  async suspend(job: FlinkJob): Promise<void> {
    await this.#patch(job, { spec: { state: "suspended" } });
  }

  /** It will never be handed over, for this reason: the operator fails it. */
  async refuse(job: FlinkJob, why: string): Promise<void> {
    const { resourceVersion } = job.metadata;
    await this.#patch(job, {
      metadata: { resourceVersion, annotations: { [PLAN_REFUSED_ANNOTATION]: why } },
    });
  }

  async #patch(job: FlinkJob, change: { metadata?: object; spec?: object }): Promise<void> {
    const { namespace, name, uid } = job.metadata;
    const body = { ...change, metadata: { uid, ...change.metadata } };
    try {
      await this.#kube.patch(flinkJobs, { namespace, name }, { type: "merge", body });
    } catch (error) {
      if (isKubeError(error, "NotFound")) return;
      throw storeError(error);
    }
  }

  #cached(namespace: string, jobId: string): FlinkJob[] {
    return this.#cache.byIndex("planJobId", `${namespace}/${jobId}`);
  }

  async #get(ref: { namespace: string; name: string }): Promise<FlinkJob | undefined> {
    try {
      return await this.#kube.get(flinkJobs, ref);
    } catch (error) {
      if (isKubeError(error, "NotFound")) return undefined;
      throw storeError(error);
    }
  }
}
