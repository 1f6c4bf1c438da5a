import type { Dispatcher } from "undici";
import type { FlinkJob } from "../../api/objects.ts";
import { GatewayError } from "../gateway-error.ts";
import type { OwnJobManagers } from "../plans/own-job-managers.ts";
import type { PlanJobs } from "../store/plan-jobs.ts";
import { accumulatorsOf, inProgress, resultOf, stateOf } from "./answers.ts";
import { phaseOf } from "./phase.ts";

/** What a client is answered: JSON of ours, Flink's own text, or a JobManager's answer to be passed on as it is. */
export type JobAnswer =
  | { readonly status: number; readonly json: object }
  | { readonly status: number; readonly text: string }
  | { readonly passed: Dispatcher.ResponseData };

export interface JobAnswersOptions {
  readonly jobs: Pick<PlanJobs, "newest" | "suspend">;
  readonly own: Pick<OwnJobManagers, "ask" | "tell">;
}

const RETRY_AFTER_SECONDS = 3;

/**
 * What Flink's client asks about one job: of its JobManager while that lives, and of its FlinkJob before and after. An answer of a
 * JobManager that starts, fails over or goes is never the job's: a client takes 404 and 500 for the end.
 */
export class JobAnswers {
  readonly #jobs: JobAnswersOptions["jobs"];
  readonly #own: JobAnswersOptions["own"];

  constructor({ jobs, own }: JobAnswersOptions) {
    this.#jobs = jobs;
    this.#own = own;
  }

  async status(job: FlinkJob): Promise<JobAnswer> {
    const { kind } = phaseOf(job);
    if (kind === "handing" || kind === "running") {
      const told = await this.#own.tell(job, { method: "GET", path: pathOf(job, "/status") });
      if (told?.status === 200) return { status: 200, text: told.text };
    }
    return { status: 200, json: { status: stateOf(kind === "running" ? await this.#newest(job) : job) } };
  }

  async executionResult(job: FlinkJob): Promise<JobAnswer> {
    const { kind } = phaseOf(job);
    if (kind === "waiting") return { status: 200, json: inProgress };
    if (kind !== "over") {
      const passed = await this.#asked(job, "/execution-result");
      if (passed) return { passed };
    }
    const newest = await this.#newest(job);
    const phase = phaseOf(newest);
    if (phase.kind !== "over") return { status: 200, json: inProgress };
    const { text, absent } = newest.status?.executionResult ?? {};
    if (text !== undefined) return { status: 200, text };
    if (phase.knew && !isReleased(newest)) {
      const passed = await this.#asked(newest, "/execution-result");
      if (passed) return { passed };
      if (phase.state === "FINISHED" && absent === undefined)
        throw later("The result of this job is not on record yet");
    }
    return { status: 200, json: resultOf(newest, phase.state) };
  }

  /** While it runs, and of its result. */
  async accumulators(job: FlinkJob, query: string): Promise<JobAnswer> {
    const { kind } = phaseOf(job);
    if (kind === "waiting") return { status: 200, json: accumulatorsOf("{}") ?? {} };
    if (kind !== "over") {
      const passed = await this.#asked(job, `/accumulators${query}`);
      if (passed) return { passed };
    }
    const newest = await this.#newest(job);
    const phase = phaseOf(newest);
    if (phase.kind !== "over") throw later("The JobManager of this job does not answer now");
    const { text, absent } = newest.status?.executionResult ?? {};
    if (text === undefined && phase.knew && !isReleased(newest)) {
      const passed = await this.#asked(newest, `/accumulators${query}`);
      if (passed) return { passed };
      if (absent === undefined) throw later("The result of this job is not on record yet");
    }
    const recorded = absent === undefined ? accumulatorsOf(text ?? "{}") : undefined;
    if (recorded) return { status: 200, json: recorded };
    throw new GatewayError(
      "NotFound",
      `The accumulators of this job were not kept: ${absent ?? "unreadable"}`,
    );
  }

  /** PATCH mode=cancel. One that no JobManager has is told to the operator. */
  async cancel(job: FlinkJob): Promise<JobAnswer> {
    const phase = phaseOf(job);
    if (phase.kind === "over") {
      if (phase.state === "CANCELED") return { status: 202, json: {} };
      throw new GatewayError("Conflict", `The job has ended before: it is ${phase.state}`);
    }
    if (phase.kind !== "waiting") {
      const told = await this.#own.tell(job, {
        method: "PATCH",
        path: pathOf(job, "?mode=cancel"),
        body: "{}",
      });
      const isDecided = told !== undefined && (told.status < 300 || told.status === 409);
      if (isDecided) return { status: told.status, text: told.text };
      if (phase.kind === "running") {
        const newest = await this.#newest(job);
        if (phaseOf(newest).kind === "over") return this.cancel(newest);
        throw later("The JobManager of this job does not answer now");
      }
    }
    await this.#jobs.suspend(job);
    return { status: 202, json: {} };
  }

  /** Of an attached client (`run -sae`): a JobManager that hears no more of them cancels the job. */
  async heartbeat(job: FlinkJob, body: string): Promise<JobAnswer> {
    const { kind } = phaseOf(job);
    if (kind === "handing" || kind === "running")
      await this.#own.tell(job, { method: "PATCH", path: pathOf(job, "/clientHeartbeat"), body });
    return { status: 202, json: {} };
  }

  /** A JobManager's 200; undefined where there is none, or one that does not know the job. */
  async #asked(job: FlinkJob, what: string): Promise<Dispatcher.ResponseData | undefined> {
    const answer = await this.#own.ask(job, { method: "GET", path: pathOf(job, what) });
    if (answer === undefined || answer.statusCode === 200) return answer;
    await answer.body.dump().catch(() => undefined);
    return undefined;
  }

  /** Its cluster may have gone since the cache was told. Throws the GatewayError NotFound when the FlinkJob has, too. */
  async #newest(job: FlinkJob): Promise<FlinkJob> {
    const newest = await this.#jobs.newest(job);
    if (newest) return newest;
    const { namespace, name } = job.metadata;
    throw new GatewayError("NotFound", `The FlinkJob ${namespace}/${name} of this job was deleted`);
  }
}

function isReleased({ status }: FlinkJob): boolean {
  return status?.trigger?.cluster?.releasedAt !== undefined;
}

function pathOf({ spec }: FlinkJob, what: string): string {
  return `/v1/jobs/${spec.trigger?.jobId}${what}`;
}

function later(message: string): GatewayError {
  return new GatewayError("ClusterUnreachable", message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
