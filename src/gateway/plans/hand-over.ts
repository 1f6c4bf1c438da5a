import { PLAN_REFUSED_ANNOTATION } from "../../api/group.ts";
import type { FlinkJob } from "../../api/objects.ts";
import type { Clock } from "../../kube/clock.ts";
import { Recent } from "../../kube/recent.ts";
import type { ReconcileOutcome } from "../../kube/workers.ts";
import { isGatewayError } from "../gateway-error.ts";
import type { JobManagers } from "../proxy/job-managers.ts";
import type { PlanJobs } from "../store/plan-jobs.ts";
import { type OwnJobManagers, readAnswer } from "./own-job-managers.ts";
import { boundaryIn } from "./plan-form.ts";
import type { KeptPlan, PlanKey, PlanStore } from "./plan-store.ts";
import { answersVerdict, type SendVerdict } from "./send-verdict.ts";

export interface HandOverOptions {
  readonly jobs: Pick<PlanJobs, "known" | "refuse" | "ofFile">;
  readonly store: PlanStore;
  readonly own: OwnJobManagers;
  readonly jobManagers: Pick<JobManagers, "send">;
  readonly clock: Clock;
  /** How long a plan waits for its cluster, in milliseconds. */
  readonly timeoutMs: number;
  readonly onHanded?: (job: FlinkJob, result: "taken" | "refused", why?: string) => void;
}

/** Looked at again though nothing was told, in milliseconds. */
const AGAIN_MS = 1_000;
/** A volume that several gateways share may show a file late. Milliseconds. */
const LOST_AFTER_MS = 120_000;
/** A JobManager that fails over a plan this often refuses it. */
const MOST_FAILURES = 3;
/** Characters of a refusal that the operator keeps. */
const LONGEST_WHY = 1_024;
const MOST_JOBS = 10_000;
/** A file that no FlinkJob names is that of a gateway that died in between, or will have one in a moment. Milliseconds. */
const UNNAMED_AFTER_MS = 900_000;

/**
 * Brings each plan to the JobManager that was made for it. Sent twice it is one job: the JobManager is the job's own, and knows its
 * JobID for ever. So several gateways may do it, and one that dies leaves nothing half done.
 */
export class HandOver {
  readonly #options: HandOverOptions;
  /** By uid: how often its JobManager failed over it, and since when its file is missed. */
  readonly #failures = new Recent<number>(MOST_JOBS);
  readonly #missedSince = new Recent<number>(MOST_JOBS);
  readonly #taken = new Recent<true>(MOST_JOBS);

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  /** The FlinkJob is gone. */
  async forget(job: FlinkJob): Promise<void> {
    await this.#options.store.discard(keyOf(job));
  }

  /** Of one FlinkJob, by its key. Throws GatewayErrors; it is tried again then. */
  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileOutcome> {
    const { jobs, store, clock, timeoutMs } = this.#options;
    const job = jobs.known(key);
    if (job?.spec.plan === undefined) return {};
    const { metadata, spec, status } = job;
    const trigger = status?.trigger;
    if (trigger !== undefined && trigger.state !== "pending") {
      await store.discard(keyOf(job));
      return {};
    }
    // From releasedAt on the operator takes the cluster away.
    const isReleased = trigger?.cluster?.releasedAt !== undefined;
    const isEnding = metadata.deletionTimestamp !== undefined || spec.state === "suspended" || isReleased;
    if (isEnding || metadata.annotations?.[PLAN_REFUSED_ANNOTATION] !== undefined) return {};
    const leftMs = Date.parse(metadata.creationTimestamp ?? "") + timeoutMs - clock.now();
    if (trigger?.reason === "PlanAwaited") {
      const verdict = await this.#bring(job, signal);
      if (verdict.kind === "taken") return { requeueAfterMs: AGAIN_MS };
      if (verdict.kind === "refused") return this.#refuse(job, verdict.why);
      if (leftMs > 0) return { requeueAfterMs: AGAIN_MS };
      return this.#refuse(job, `it did not get to its JobManager in time: ${verdict.why}`);
    }
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    // Handed over before: it is the status that has been lost, and the operator finds the job again.
    if (!(await store.has(keyOf(job)))) return {};
    const why = `${trigger?.reason ?? "no operator has seen it"}: ${trigger?.message ?? ""}`;
    return this.#refuse(job, `its cluster did not come to be in time: ${why}`);
  }

  /** Takes away what belongs to no FlinkJob, or to one that needs it no more. Call it now and then. */
  async sweep(): Promise<void> {
    const { jobs, store, clock } = this.#options;
    const before = clock.now() - UNNAMED_AFTER_MS;
    for (const key of await store.keptBefore(before)) {
      const job = jobs.ofFile(key.namespace, key.file);
      const state = job?.status?.trigger?.state ?? "pending";
      if (job === undefined || state !== "pending") await store.discard(key, before);
    }
  }

  async #refuse(job: FlinkJob, why: string): Promise<ReconcileOutcome> {
    await this.#options.jobs.refuse(job, why.slice(0, LONGEST_WHY).toWellFormed());
    this.#options.onHanded?.(job, "refused", why);
    return {};
  }

  async #bring(job: FlinkJob, signal: AbortSignal): Promise<SendVerdict> {
    const { own, store } = this.#options;
    const { uid = "" } = job.metadata;
    const url = await own.urlOf(job);
    const base = url === undefined ? null : URL.parse(url);
    if (base === null) return { kind: "later", why: "its FlinkCluster is not there yet" };
    // Until the operator has seen it: a plan may have hundreds of megabytes, and a question has none.
    if (this.#taken.get(uid) !== undefined && (await this.#isThere(job))) return { kind: "taken" };
    const plan = await store.read(keyOf(job));
    if (plan === undefined) return this.#missed(job, uid);
    const verdict = await this.#send(job, base, plan, signal);
    if (verdict.kind !== "failed") {
      if (verdict.kind === "taken" && this.#taken.get(uid) === undefined) {
        this.#taken.set(uid, true);
        this.#options.onHanded?.(job, "taken");
      }
      return verdict;
    }
    const failures = (this.#failures.get(uid) ?? 0) + 1;
    this.#failures.set(uid, failures);
    return { kind: failures < MOST_FAILURES ? "later" : "refused", why: verdict.why };
  }

  async #send(job: FlinkJob, base: URL, plan: KeptPlan, signal: AbortSignal) {
    try {
      const { boundary, body } = await boundaryIn(plan.content);
      const headers = {
        "content-type": `multipart/form-data; boundary=${boundary}`,
        "content-length": String(plan.size),
      };
      const request = { base, method: "POST", path: "/v1/jobs", headers, body, signal };
      const answer = await this.#options.jobManagers.send(request);
      return answersVerdict(answer.statusCode, await readAnswer(answer));
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      if (error.code === "DestinationNotAllowed") return { kind: "refused", why: error.message } as const;
      // It may have been carried out: sent once more, it says so. But a job that ran is seen sooner by its status.
      if (await this.#isThere(job)) return { kind: "taken" } as const;
      return { kind: "later", why: error.message } as const;
    } finally {
      plan.content.destroy();
    }
  }

  async #missed(job: FlinkJob, uid: string): Promise<SendVerdict> {
    if (await this.#isThere(job)) return { kind: "taken" };
    const now = this.#options.clock.monotonic();
    const since = this.#missedSince.get(uid) ?? this.#missedSince.set(uid, now);
    const why = "the gateway's volume has lost it";
    return { kind: now - since < LOST_AFTER_MS ? "later" : "refused", why };
  }

  async #isThere(job: FlinkJob): Promise<boolean> {
    const { jobId = "" } = job.spec.trigger ?? {};
    const told = await this.#options.own.tell(job, { method: "GET", path: `/v1/jobs/${jobId}/status` });
    return told?.status === 200;
  }
}

function keyOf({ metadata, spec }: FlinkJob): PlanKey {
  return { namespace: metadata.namespace ?? "", file: spec.plan?.file ?? "" };
}
