import type { Readable } from "node:stream";
import type { FlinkCluster } from "../../api/objects.ts";
import type { Clock } from "../../kube/clock.ts";
import { GatewayError, isGatewayError } from "../gateway-error.ts";
import { LEAST_BYTES, paced } from "../limits/paced-body.ts";
import type { PlanJobs } from "../store/plan-jobs.ts";
import { type PlanFacts, PlanForm } from "./plan-form.ts";
import { type PlanRules, planJob, refuseOtherFormat } from "./plan-job.ts";
import type { ArrivingPlan, PlanStore } from "./plan-store.ts";

export interface ReceivingOptions extends PlanRules {
  readonly store: PlanStore;
  readonly jobs: Pick<PlanJobs, "create" | "same">;
  readonly clock: Clock;
  /** Bytes of the largest plan with its JARs. */
  readonly longest: number;
  /** For one plan's whole way in, in milliseconds. */
  readonly deadlineMs: number;
  /** How long a client may keep us waiting for each 64 KiB, in milliseconds. */
  readonly stallMs: number;
  /** Plans on their way in at once; further ones are refused. */
  readonly concurrency: number;
}

/** A `POST /jobs`, nothing of its body read yet. */
export interface PlanRequest {
  readonly contentType: string | undefined;
  readonly body: Readable;
  readonly template: FlinkCluster;
  readonly user: string;
}

/** A plan that is kept and recorded; `created`: by this very request. */
export interface Received extends PlanFacts {
  readonly created: boolean;
  readonly flinkJob: string;
}

const RETRY_AFTER_SECONDS = 3;

/** From `POST /jobs` to a FlinkJob. The body is durable before its FlinkJob is made, and that is before anybody is told. */
export class Receiving {
  readonly #options: ReceivingOptions;
  #underWay = 0;

  constructor(options: ReceivingOptions) {
    this.#options = options;
  }

  /** How many are on their way in. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Throws GatewayErrors; nothing is kept then, unless it is not known whether it was recorded (StoreUnavailable). */
  async receive(request: PlanRequest): Promise<Received> {
    const { concurrency, store } = this.#options;
    if (this.#underWay >= concurrency) {
      const message = `${concurrency} plans are on their way already: send the same again in a moment`;
      throw new GatewayError("Busy", message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
    this.#underWay++;
    try {
      // Before a file is made of it.
      const form = new PlanForm(request.contentType, ({ format }) =>
        refuseOtherFormat(request.template, format),
      );
      await using arriving = await store.begin();
      const plan = await this.#read(request, form, arriving);
      return await this.#record(request, plan, arriving);
    } finally {
      this.#underWay--;
    }
  }

  async #read({ body }: PlanRequest, form: PlanForm, arriving: ArrivingPlan): Promise<PlanFacts> {
    const { clock, stallMs, longest, deadlineMs } = this.#options;
    const began = clock.monotonic();
    let size = 0;
    for await (const chunk of paced(body, { clock, stallMs, leastBytes: LEAST_BYTES })) {
      size += chunk.length;
      if (size > longest) {
        const message = `The job and its JARs are larger than this gateway takes (${longest} bytes, --max-plan-size)`;
        throw new GatewayError("TooLarge", message);
      }
      if (clock.monotonic() - began > deadlineMs)
        throw new GatewayError("RequestTimeout", "The job did not come in time");
      await form.write(chunk);
      await arriving.write(chunk);
    }
    return form.end();
  }

  async #record({ template, user }: PlanRequest, plan: PlanFacts, arriving: ArrivingPlan): Promise<Received> {
    const { jobs } = this.#options;
    const job = planJob({ template, plan, user }, this.#options);
    const { namespace = "", name } = job.metadata;
    const received = { ...plan, flinkJob: name };
    const earlier = await jobs.same(job);
    const isWaiting = (earlier?.status?.trigger?.state ?? "pending") === "pending";
    if (isWaiting) await arriving.keep({ namespace, file: plan.file });
    // A quota that is full with this very FlinkJob would refuse to create it.
    if (earlier) return { ...received, created: false };
    try {
      const { created } = await jobs.create(job);
      return { ...received, created };
    } catch (error) {
      // It was certainly not recorded by this request, and will not be if it is sent again.
      if (isGatewayError(error, "BadRequest", "Forbidden", "UnknownCluster")) await arriving.takeBack();
      throw error;
    }
  }
}
