import type { FlinkCluster, FlinkJob } from "../../src/api/objects.ts";
import { jobIdPrefix } from "../../src/core/identity.ts";
import { perJobClusterName } from "../../src/core/per-job/naming.ts";
import type { Passing } from "../support/fault-proxy.ts";
import { isRun, isScale, isStop } from "./calls.ts";
import type { Witness } from "./truth.ts";

/**
 * Holds every call of an operator against what really happened, at the moment when it happens: nothing is sent that was
 * not recorded, nothing is claimed that did not happen, and no two jobs of one FlinkJob live at once.
 */
export class Claims {
  readonly violations: string[] = [];
  /** As the API server holds it; undefined when it is gone. */
  #job: FlinkJob | undefined;
  #prefix = "";
  readonly #flink: Witness | undefined;
  readonly #stops = new Map<string, string>();

  /** Without a fake Flink only what the calls themselves say is checked. */
  constructor(flink: Witness | undefined) {
    this.#flink = flink;
  }

  get job(): FlinkJob | undefined {
    return this.#job;
  }

  set job(job: FlinkJob | undefined) {
    const { uid, deletionTimestamp, finalizers } = job?.metadata ?? {};
    if (uid !== undefined) this.#prefix = jobIdPrefix(uid);
    this.#job = deletionTimestamp !== undefined && !finalizers?.length ? undefined : job;
  }

  /** A request goes on to Flink. */
  toFlink({ call, path, body }: Passing): void {
    if (isStop(call.name)) this.#stopped(call.number, path, body);
    if (isScale(call.name)) this.#scaled(call.number, body);
    if (!isRun(call.name)) return;
    const { jobId = "" } = JSON.parse(body.toString()) as { jobId?: string };
    const trigger = this.job?.status?.trigger;
    if (trigger?.jobId !== jobId || trigger.sends < 1)
      this.#violated(call.number, `job ${jobId} is sent, and the status has no record of it`);
    const other = this.#live().find((id) => id !== jobId);
    if (other) this.#violated(call.number, `job ${jobId} is sent while ${other} lives`);
  }

  /** A request goes on to the API server: of FlinkClusters, what was recorded first. */
  toKube({ call, body, path }: Passing): void {
    const trigger = this.job?.status?.trigger;
    if (call.name === "POST flinkclusters") {
      const { metadata, spec } = JSON.parse(body.toString()) as FlinkCluster;
      const recorded = trigger?.cluster?.name === metadata.name && trigger.cluster.releasedAt === undefined;
      if (!recorded || (spec.managed?.application && trigger.sends < 1))
        this.#violated(call.number, `cluster ${metadata.name} is made, and the status has no record of it`);
      const other = this.#live().find((id) => id !== trigger?.jobId);
      if (other) this.#violated(call.number, `cluster ${metadata.name} is made while ${other} lives`);
    } else if (call.name === "DELETE flinkclusters") {
      const name = path.slice(path.lastIndexOf("/") + 1).replace(/\?.*/u, "");
      const own = trigger?.cluster?.name === name;
      if (own && trigger.cluster?.releasedAt === undefined)
        this.#violated(call.number, `cluster ${name} is deleted, and its end is not on record`);
      const lives = this.#live().find((id) => perJobClusterName(this.#job?.metadata.name ?? "", id) === name);
      if (lives) this.#violated(call.number, `cluster ${name} is deleted while ${lives} lives`);
    }
  }

  #scaled(call: number, body: Buffer): void {
    const tasks = JSON.parse(body.toString()) as Record<string, { parallelism: { upperBound: number } }>;
    const { scaling } = this.job?.status?.trigger ?? {};
    for (const { parallelism } of Object.values(tasks))
      if (parallelism.upperBound !== scaling?.parallelism)
        this.#violated(
          call,
          `the job is scaled to ${parallelism.upperBound}, and the status has no record of it`,
        );
  }

  /** Two stops of one job under two trigger IDs can fail each other and the job with them. */
  #stopped(call: number, path: string, body: Buffer): void {
    const { triggerId = "none" } = JSON.parse(body.toString()) as { triggerId?: string };
    const before = this.#stops.get(path);
    this.#stops.set(path, triggerId);
    if (before !== undefined && before !== triggerId)
      this.#violated(call, `a job is stopped under a second trigger ID`);
  }

  /** The API server accepted a write of the FlinkJob. */
  written({ call, method }: Passing, job: FlinkJob): void {
    const before = this.job?.status?.trigger;
    this.job = job;
    if (method === "PATCH" && !job.metadata.finalizers?.length) {
      const [live] = this.#live();
      if (live) this.#violated(call.number, `the FlinkJob is let go while ${live} lives`);
    }
    const flink = this.#flink;
    const trigger = job.status?.trigger;
    if (!flink || !trigger) return;
    const { jobId, state, reason } = trigger;
    const runs = flink.jobsEverRun().filter((run) => run.jobId === jobId);
    const claim = (what: string, holds: boolean) => {
      if (!holds) this.#violated(call.number, `the status claims ${what}, which is not so`);
    };
    if (state === "running") claim(`that ${jobId} runs`, runs.length > 0);
    if (state === "finished")
      claim(
        `that ${jobId} finished`,
        runs.some(({ end }) => end === "FINISHED"),
      );
    if (state === "canceled")
      claim(
        `that ${jobId} was cancelled`,
        // A stop ends a job as FINISHED.
        runs.every(
          ({ end }) => end === "CANCELED" || (end === "FINISHED" && this.#stops.has(`/jobs/${jobId}/stop`)),
        ),
      );
    if (trigger.acceptedAt) claim(`that Flink accepted ${jobId}`, flink.mainRuns(jobId) > 0);
    if (trigger.finishedAt) claim(`that ${jobId} is over (${reason})`, !this.#live().includes(jobId));
    if (before && before.jobId !== jobId)
      claim(`that ${before.jobId} is over, by its successor ${jobId}`, !this.#live().includes(before.jobId));
  }

  #live(): string[] {
    return this.#flink?.liveJobs().filter((id) => id.startsWith(this.#prefix)) ?? [];
  }

  #violated(call: number, what: string): void {
    this.violations.push(`at call ${call}: ${what}`);
  }
}
