import type { FlinkCluster, FlinkJob } from "../../api/objects.ts";
import type { Destinations } from "../../flink/rest/destinations.ts";
import type { KubeClient } from "../../kube/client.ts";
import { sleep } from "../../kube/clock.ts";
import type { Followed } from "../../kube/followed.ts";
import { RateLimiter } from "../../kube/rate-limiter.ts";
import { WorkQueue } from "../../kube/work-queue.ts";
import { Workers } from "../../kube/workers.ts";
import { JobAnswers } from "../per-job/job-answers.ts";
import { JobOperations } from "../per-job/job-operations.ts";
import { Operations } from "../per-job/operations.ts";
import type { PerJobParts } from "../per-job/routes.ts";
import { type JobManagerCalls, JobManagers } from "../proxy/job-managers.ts";
import { PlanJobs } from "../store/plan-jobs.ts";
import { Templates } from "../store/templates.ts";
import { HandOver, type HandOverOptions } from "./hand-over.ts";
import { OwnJobManagers } from "./own-job-managers.ts";
import { PlanStore } from "./plan-store.ts";
import { Receiving, type ReceivingOptions } from "./receiving.ts";

export interface PlanningOptions
  extends Omit<ReceivingOptions, "store" | "jobs">,
    Pick<HandOverOptions, "onHanded"> {
  readonly directory: string;
  /** Bytes of all plans together. */
  readonly space: number;
  readonly kube: KubeClient;
  /** With `planIndexers`. */
  readonly jobs: Followed<FlinkJob>;
  /** With `templateIndexers`. */
  readonly clusters: Followed<FlinkCluster>;
  readonly destinations: Destinations;
  /** Default: one with these destinations. */
  readonly jobManagers?: JobManagerCalls;
  readonly onReceived?: PerJobParts["onReceived"];
  readonly onProblem?: (what: string, problem: unknown) => void;
}

const HANDS = 4;
const LONGEST_WAIT_MS = 30_000;
const SWEEP_EVERY_MS = 600_000;
const STOP_GRACE_MS = 5_000;

/** All that a gateway does with plans: takes them, hands them over, and answers for their jobs. */
export class Planning {
  readonly parts: PerJobParts;
  readonly #store: PlanStore;
  readonly #handOver: HandOver;
  readonly #options: PlanningOptions;
  readonly #queue: WorkQueue;
  readonly #workers: Workers;
  readonly #ended: AbortController;

  private constructor(options: PlanningOptions, store: PlanStore) {
    this.#options = options;
    this.#store = store;
    this.#ended = new AbortController();
    const { kube, clusters, clock, destinations, onProblem = () => {} } = options;
    const { jobManagers = new JobManagers({ destinations }) } = options;
    const jobs = new PlanJobs(kube, options.jobs);
    const own = new OwnJobManagers({ clusters, kube, jobManagers });
    this.#handOver = new HandOver({ ...options, jobs, store, own, jobManagers });
    const operations = new Operations({ own, clock, signal: this.#ended.signal });
    this.parts = {
      receiving: new Receiving({ ...options, jobs, store }),
      jobs,
      templates: new Templates(clusters, kube),
      answers: new JobAnswers({ jobs, own }),
      operations: new JobOperations(own, operations),
      own,
      jobManagers,
      ...(options.onReceived ? { onReceived: options.onReceived } : {}),
    };
    const rateLimiter = new RateLimiter<string>({ firstMs: 200, longestMs: LONGEST_WAIT_MS });
    this.#queue = new WorkQueue({ name: "plans", clock, rateLimiter });
    this.#workers = new Workers({
      name: "plans",
      queue: this.#queue,
      clock,
      concurrency: HANDS,
      timeLimitMs: options.deadlineMs,
      reconcile: (key, signal) => this.#handOver.reconcile(key, signal),
      onError: (error) => onProblem("hand over a plan", error),
    });
  }

  /** Throws where the directory cannot be written to. Begins to hand over when the caches are filled: `start`. */
  static async open(options: PlanningOptions): Promise<Planning> {
    const { directory, space } = options;
    return new Planning(options, await PlanStore.open({ directory, space }));
  }

  /** Call it when the cache of FlinkJobs is complete: what it does not have is nowhere. */
  start(): void {
    const { jobs, onProblem = () => {} } = this.#options;
    const keyed = ({ metadata, spec }: FlinkJob) => {
      if (spec.plan !== undefined) this.#queue.add(`${metadata.namespace}/${metadata.name}`);
    };
    jobs.addHandler({
      add: keyed,
      update: keyed,
      delete: (job) => {
        if (job.spec.plan === undefined) return;
        this.#handOver.forget(job).catch((error: unknown) => onProblem("discard a plan", error));
      },
    });
    this.#workers.start();
    void this.#sweep();
  }

  /** How many plans wait on the volume for their clusters. */
  async waiting(): Promise<number> {
    return (await this.#store.keptBefore(Number.POSITIVE_INFINITY)).length;
  }

  /** What is under way is ended, and goes on after the next start. */
  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#workers.stop(STOP_GRACE_MS);
    await this.parts.jobManagers.close();
  }

  async #sweep(): Promise<void> {
    const { clock, onProblem = () => {} } = this.#options;
    while (!this.#ended.signal.aborted) {
      await this.#handOver.sweep().catch((error: unknown) => onProblem("look through the plans", error));
      await sleep(clock, SWEEP_EVERY_MS, this.#ended.signal);
    }
  }
}
