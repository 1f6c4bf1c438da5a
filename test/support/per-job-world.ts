import { JOB_ID_LABEL, PLAN_REFUSED_ANNOTATION } from "../../src/api/group.ts";
import type { FlinkCluster, FlinkJob } from "../../src/api/objects.ts";
import { PerJobClusters, type PerJobClustersOptions } from "../../src/controller/per-job-clusters.ts";
import { decide } from "../../src/core/decide.ts";
import type {
  ClusterObservation,
  ExecutionResultSeen,
  FlinkJobState,
  Look,
  Observed,
} from "../../src/core/observed.ts";
import { perJobUrl } from "../../src/core/per-job/naming.ts";
import type { Step } from "../../src/core/step.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { aRow, type JobBuilder, MINUTE, NOW, SECOND } from "./builders.ts";
import { ownCluster, ownJob } from "./per-job-builders.ts";

const DELETION_TIMEOUT_MS = 5 * MINUTE;

/** What became of one cluster's one job. */
interface Cluster {
  object: FlinkCluster;
  isUp: boolean;
  job?: FlinkJobState | undefined;
}

/** One process: what its caches hold, what it looked up, and the effect that it is about to do. */
interface Operator {
  job: FlinkJob | undefined;
  clusters: FlinkCluster[];
  look?: Look | undefined;
  executionResult?: ExecutionResultSeen | undefined;
  task?: { job: FlinkJob; effect: NonNullable<Step["effect"]> } | undefined;
  perJob: PerJobClusters;
}

/**
 * An API server, Kubernetes and Flink, as far as clusters of one job need them; two operators, whose caches may be old. The job
 * comes with its JobManager (application mode), or as a plan that a gateway hands over.
 */
export class PerJobWorld {
  now = NOW;
  job: FlinkJob | undefined;
  readonly clusters = new Map<string, Cluster>();
  readonly operators: readonly Operator[];
  /** JobIDs whose end Flink has kept; and those whose end is on record. */
  readonly results = new Set<string>();
  readonly recorded = new Set<string>();
  readonly faults: string[] = [];
  wasForced = false;
  #version = 1;
  /** What the gateway's cache holds, and whether it has done its part. */
  readonly #gateway: { job?: FlinkJob | undefined; isDone: boolean } = { isDone: false };

  constructor(job: JobBuilder = ownJob()) {
    this.job = job.meta({ resourceVersion: "1", finalizers: [] }).build();
    this.operators = [this.#operator(), this.#operator()];
  }

  refreshJob(operator: Operator): void {
    operator.job = this.job && structuredClone(this.job);
  }

  refreshClusters(operator: Operator): void {
    operator.clusters = [...this.clusters.values()].map(({ object }) => structuredClone(object));
  }

  crash(operator: Operator): void {
    operator.task = undefined;
    operator.look = undefined;
    operator.executionResult = undefined;
    this.refreshJob(operator);
    this.refreshClusters(operator);
  }

  /** Decides, and writes the status; the effect is left to `act`. */
  decide(operator: Operator): Step | undefined {
    if (!operator.job || operator.task) return undefined;
    const step = decide(this.#observe(operator, operator.job), this.now);
    let { job } = operator;
    if (step.status) {
      const written = this.#write(job, { ...job, status: JSON.parse(JSON.stringify(step.status)) });
      if (!written) return step;
      job = written;
      operator.job = structuredClone(written);
    }
    if (step.effect) operator.task = { job, effect: step.effect };
    return step;
  }

  async act(operator: Operator): Promise<void> {
    const { task } = operator;
    operator.task = undefined;
    if (!task) return;
    const { effect, job } = task;
    const signal = AbortSignal.any([]);
    if (effect.kind === "addFinalizer" || effect.kind === "removeFinalizer") {
      if (effect.kind === "removeFinalizer" && effect.clears) {
        const left = await operator.perJob.clear(job, signal);
        if (effect.awaits && left.length > 0) return;
      }
      const finalizers = effect.kind === "addFinalizer" ? ["flinkjob.dev/cancel-job"] : [];
      const written = this.#write(job, { ...job, metadata: { ...job.metadata, finalizers } });
      if (written) operator.job = this.job && structuredClone(this.job);
    } else if (effect.kind === "lookForCluster") await operator.perJob.lookFor(job, effect.name, signal);
    else if (effect.kind === "makeCluster") await operator.perJob.make(job, effect.cluster, signal);
    else if (effect.kind === "deleteCluster")
      await operator.perJob.delete(job, effect.name, effect.uid, signal);
    else if (effect.kind === "lookUp") operator.look = this.#lookUp(effect.jobId);
    else if (effect.kind === "readExecutionResult") {
      const text = this.#clusterOf(effect.jobId)?.job ?? "RUNNING";
      operator.executionResult = { jobId: effect.jobId, at: this.now, result: { kind: "completed", text } };
    } else if (effect.kind === "cancelJob") this.end(this.#clusterOf(effect.jobId), "CANCELED");
  }

  /** Its pods come to run; main() runs again whenever they do, and Flink refuses what it knows to be over. */
  start(cluster: Cluster): void {
    const { metadata, spec } = cluster.object;
    if (cluster.isUp || metadata.deletionTimestamp !== undefined) return;
    cluster.isUp = true;
    const lastTransitionTime = new Date(this.now).toISOString();
    const ready = {
      type: "Ready",
      status: "True",
      reason: "Reachable",
      message: "",
      lastTransitionTime,
    } as const;
    cluster.object.status = { observedGeneration: 1, incarnation: "p", conditions: [ready] };
    if (spec.managed?.application) this.#bring(cluster);
  }

  /** The gateway's cache sees the newest. */
  refreshGateway(): void {
    this.#gateway.job = this.job && structuredClone(this.job);
  }

  /** It hands the plan over where its cache says that it is awaited, or says that it cannot be run. */
  handOver(refuses: boolean): void {
    const { job, isDone } = this.#gateway;
    const { trigger } = job?.status ?? {};
    if (isDone || !job?.spec.plan || trigger?.state !== "pending") return;
    if (refuses) {
      if (!this.job) return;
      this.#gateway.isDone = true;
      const annotations = { [PLAN_REFUSED_ANNOTATION]: "The plan cannot be run." };
      this.#store({ ...this.job, metadata: { ...this.job.metadata, annotations } });
      return;
    }
    const cluster = this.clusters.get(trigger.cluster?.name ?? "");
    if (trigger.reason !== "PlanAwaited" || trigger.cluster?.releasedAt !== undefined || !cluster?.isUp)
      return;
    this.#gateway.isDone = true;
    this.#bring(cluster);
  }

  #bring(cluster: Cluster): void {
    const jobId = jobIdOf(cluster.object);
    if (this.results.has(jobId)) return;
    if (this.recorded.has(jobId)) this.faults.push(`${jobId} runs although its end is on record`);
    cluster.job = "RUNNING";
    const living = [...this.clusters.values()].filter(({ job }) => job === "RUNNING");
    if (living.length > 1) this.faults.push(`${living.length} jobs live at once`);
  }

  end(cluster: Cluster | undefined, state: "FINISHED" | "FAILED" | "CANCELED"): void {
    if (cluster?.job !== "RUNNING") return;
    cluster.job = state;
    this.results.add(jobIdOf(cluster.object));
  }

  /** As its finalizer does: not while its FlinkJob has a job there, and only then without a trace. */
  tearDown({ object, job }: Cluster): void {
    const { metadata } = object;
    if (metadata.deletionTimestamp === undefined) return;
    const trigger = this.job?.status?.trigger;
    const isOurs = trigger?.sentTo?.url === perJobUrl("shop", metadata.name);
    const lives = trigger?.state === "pending" || trigger?.state === "running";
    if (isOurs && lives && trigger?.cluster?.releasedAt === undefined) return;
    const jobId = jobIdOf(object);
    const isWanted = trigger?.jobId === jobId && trigger.state === "running" && trigger.stop === undefined;
    if (job === "RUNNING" && isWanted && this.job?.metadata.deletionTimestamp === undefined)
      this.faults.push(`${jobId} is killed while it runs`);
    this.clusters.delete(metadata.name);
  }

  /** Somebody takes a cluster away, its finalizer and its pods. */
  force(cluster: Cluster): void {
    this.wasForced = true;
    this.clusters.delete(cluster.object.metadata.name);
  }

  edit(patch: Partial<FlinkJob["spec"]>): void {
    if (!this.job) return;
    const generation = (this.job.metadata.generation ?? 0) + 1;
    const spec = { ...this.job.spec, ...patch };
    this.#store({ ...this.job, spec, metadata: { ...this.job.metadata, generation } });
  }

  delete(): void {
    if (!this.job || this.job.metadata.deletionTimestamp !== undefined) return;
    const deletionTimestamp = new Date(this.now).toISOString();
    this.#store({ ...this.job, metadata: { ...this.job.metadata, deletionTimestamp } });
  }

  #write(base: FlinkJob, next: FlinkJob): FlinkJob | undefined {
    if (this.job?.metadata.resourceVersion !== base.metadata.resourceVersion) return undefined;
    const { trigger } = next.status ?? {};
    if (trigger?.finishedAt !== undefined && trigger.sends > 0) this.recorded.add(trigger.jobId);
    return this.#store(next);
  }

  #store(job: FlinkJob): FlinkJob {
    const resourceVersion = String(++this.#version);
    const stored = structuredClone({ ...job, metadata: { ...job.metadata, resourceVersion } });
    const isGone = stored.metadata.deletionTimestamp !== undefined && !stored.metadata.finalizers?.length;
    this.job = isGone ? undefined : stored;
    const living = [...this.clusters.values()].find((cluster) => cluster.job === "RUNNING");
    const age = this.now - Date.parse(stored.metadata.deletionTimestamp ?? "");
    if (isGone && living && age < DELETION_TIMEOUT_MS)
      this.faults.push(`the FlinkJob is let go while ${jobIdOf(living.object)} lives`);
    return stored;
  }

  #observe(operator: Operator, job: FlinkJob): Observed {
    const name = job.status?.trigger?.cluster?.name;
    const url = name === undefined ? undefined : perJobUrl("shop", name);
    const { look, executionResult } = operator;
    const own = { look, executionResult, wantedUrl: url, perJob: operator.perJob.seen(job) };
    return { job, cluster: this.#seen(name), ...own, deletionTimeoutMs: DELETION_TIMEOUT_MS };
  }

  #seen(name: string | undefined): ClusterObservation {
    if (name === undefined) return { kind: "notFound", name: "" };
    const url = perJobUrl("shop", name);
    const cluster = this.clusters.get(name);
    if (!cluster?.isUp) return { kind: "unreachable", url, message: "refused" };
    const id = jobIdOf(cluster.object);
    const times = { startTime: this.now - MINUTE, endTime: this.now - SECOND };
    const rows = cluster.job
      ? [{ ...aRow(cluster.job), id, ...(cluster.job === "RUNNING" ? {} : times) }]
      : [];
    return ownCluster()
      .with({ url, listedAt: this.now - 1 })
      .listing(...rows)
      .build();
  }

  #lookUp(jobId: string): Look {
    const state = this.#clusterOf(jobId)?.job;
    const over = {
      ...(state === "FINISHED" ? { result: { accumulators: {} } } : {}),
      ...(state === "FAILED" ? { failure: { reason: "JobFailed" as const, message: "bad record" } } : {}),
    };
    const at = { at: this.now - 2, endedAt: this.now - 1 };
    return { jobId, ...at, incarnation: "p", found: state !== undefined, mains: 0, ...over };
  }

  #clusterOf(jobId: string): Cluster | undefined {
    return [...this.clusters.values()].find(({ object }) => jobIdOf(object) === jobId);
  }

  #operator(): Operator {
    const operator: Operator = {
      job: undefined,
      clusters: [],
      perJob: undefined as unknown as PerJobClusters,
    };
    const kube = {
      get: async ({ kind }: { kind: string }, { name }: { name: string }) => {
        const found = kind === "FlinkJob" ? this.job : this.clusters.get(name)?.object;
        if (!found) throw new KubeError("NotFound", "gone");
        return structuredClone(found);
      },
      list: async () => ({ items: [...this.clusters.values()].map(({ object }) => structuredClone(object)) }),
      create: async (_: unknown, object: FlinkCluster) => {
        const { name } = object.metadata;
        if (this.clusters.has(name)) throw new KubeError("AlreadyExists", name);
        const metadata = { ...object.metadata, uid: `c-${++this.#version}`, generation: 1 };
        this.clusters.set(name, { object: structuredClone({ ...object, metadata }), isUp: false });
      },
      delete: async (
        _: unknown,
        { name }: { name: string },
        { preconditions }: { preconditions: { uid: string } },
      ) => {
        const metadata = this.clusters.get(name)?.object.metadata;
        if (metadata?.uid === preconditions.uid)
          metadata.deletionTimestamp ??= new Date(this.now).toISOString();
      },
    };
    const pods = (name: string) => (this.clusters.get(name)?.isUp ? [{ metadata: { name: "p" } }] : []);
    operator.perJob = new PerJobClusters({
      kube: kube as unknown as PerJobClustersOptions["kube"],
      clock: { now: () => this.now } as PerJobClustersOptions["clock"],
      madeFor: () => operator.clusters,
      flinkCluster: (_, name) => operator.clusters.find(({ metadata }) => metadata.name === name),
      owned: { want: () => undefined, hasSynced: () => true, of: () => [], podsOf: (_, name) => pods(name) },
    });
    return operator;
  }
}

const jobIdOf = ({ metadata }: FlinkCluster): string => metadata.labels?.[JOB_ID_LABEL] ?? "";
