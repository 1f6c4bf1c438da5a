import { API_VERSION } from "../../src/api/group.ts";
import type { FlinkJob } from "../../src/api/objects.ts";
import { systemClock } from "../../src/kube/clock.ts";
import { Informer } from "../../src/kube/informer.ts";
import { noMetrics } from "../../src/kube/metrics.ts";
import { flinkJobs } from "../../src/kube/resources.ts";
import { eventually } from "../support/eventually.ts";
import { counterClass } from "../support/fake-flink/index.ts";
import type { BundledOperator } from "./operator.ts";
import { bareNamespace, benchNamespace, clusterName, type Place, sameWritesNamespace } from "./place.ts";

/** The life of one FlinkJob up to Ready; ms since 1970 by this machine's one clock. */
export interface Life {
  /** Just before the create call. */
  readonly createdAt: number;
  /** The run request is at Flink. */
  readonly arrivedAt: number;
  /** Flink runs the tasks. */
  readonly tasksRunAt: number;
  /** A watch shows Ready. */
  readonly readyAt: number;
}

/** The way of an object of a floor to Flink. */
export type Passage = Pick<Life, "createdAt" | "arrivedAt">;

export interface Round {
  readonly lives: readonly Life[];
  /** The same for as many objects made in the same way, by a bare watcher with one patch for each. */
  readonly bare: readonly Passage[];
  /** By a client that makes the operator's writes and does nothing else; empty for jobs one after the other. */
  readonly sameWrites: readonly Passage[];
  /** Writes of the operator to the API server per job, until all were Ready and nothing followed for two polls. */
  readonly writesPerJob: number;
}

const parallelCreates = 10;
const pollMs = 5_000;
const warmUps = 30;
let rounds = 0;

/** One FlinkJob after the other, each followed to Ready, and an object for the bare watcher after each. */
export async function singles(place: Place, operator: BundledOperator, count: number): Promise<Round> {
  const round = await RunningRound.begin(place, operator, count);
  for (const name of round.names) {
    await round.create(benchNamespace, name);
    await eventually(() => round.readyAt.has(name), 30_000, 5);
    await round.create(bareNamespace, name);
    await round.arrivals(bareNamespace, [name], 20);
  }
  return round.end();
}

/**
 * All objects for the bare watcher, ten create calls at a time; when it is through, as many for the client with the same
 * writes; then all FlinkJobs. Each in the same way.
 */
export async function atOnce(place: Place, operator: BundledOperator, count: number): Promise<Round> {
  const round = await RunningRound.begin(place, operator, count);
  await round.createAll(bareNamespace);
  await round.arrivals(bareNamespace, round.names, 500);
  // As warm as the operator after its jobs one after the other.
  await place.sameWrites(await aStatus(place));
  for (let n = 0; n < warmUps; n++) {
    await round.create(sameWritesNamespace, `warm-up-${n}`);
    await eventually(async () => (await place.sameWrites()) > n, 30_000, 20);
  }
  const before = await place.sameWrites();
  await round.createAll(sameWritesNamespace);
  await eventually(async () => (await place.sameWrites()) === before + count, 300_000, 500);
  await round.createAll(benchNamespace);
  await eventually(() => round.readyAt.size === count, 300_000, 50);
  return round.end();
}

/** What the operator wrote for a job that runs. */
async function aStatus({ kube }: Place): Promise<FlinkJob["status"]> {
  for await (const { status } of kube.listAll(flinkJobs, { namespace: benchNamespace }))
    if (status?.trigger?.state === "running") return status;
  throw new Error("No job runs yet");
}

class RunningRound {
  readonly names: readonly string[];
  readonly readyAt = new Map<string, number>();
  readonly #place: Place;
  readonly #operator: BundledOperator;
  readonly #writesBefore: number;
  readonly #created = new Map<string, number>();
  readonly #jobIds = new Map<string, string>();
  readonly #stop = new AbortController();

  private constructor(place: Place, operator: BundledOperator, count: number, writesBefore: number) {
    this.#place = place;
    this.#operator = operator;
    this.#writesBefore = writesBefore;
    rounds++;
    this.names = Array.from({ length: count }, (_, n) => `round-${rounds}-${n}`);
  }

  static async begin(place: Place, operator: BundledOperator, count: number): Promise<RunningRound> {
    const round = new RunningRound(place, operator, count, await operator.writes());
    const { signal } = round.#stop;
    // A bare watch would do but for the API server, which ends the watch of a client that is slow for a moment.
    const informer = new Informer<FlinkJob>({
      client: place.kube,
      resource: flinkJobs,
      selection: { namespace: benchNamespace },
      clock: systemClock,
      metrics: noMetrics,
    });
    const see = (job: FlinkJob) => round.#see(job);
    informer.addHandler({ add: see, update: see, delete: () => {} });
    void informer.run(signal);
    await eventually(() => informer.hasSynced(), 10_000, 10);
    return round;
  }

  async create(namespace: string, name: string): Promise<void> {
    this.#created.set(`${namespace}/${name}`, Date.now());
    // The defaults are the API server's to fill in.
    const spec = { cluster: { name: clusterName }, jar: { id: this.#place.jarId }, entryClass: counterClass };
    const object = { apiVersion: API_VERSION, kind: "FlinkJob", metadata: { name, namespace }, spec };
    await this.#place.kube.create(flinkJobs, object as unknown as FlinkJob);
  }

  async createAll(namespace: string): Promise<void> {
    const names = this.names.values();
    const creator = async () => {
      for (const name of names) await this.create(namespace, name);
    };
    await Promise.all(Array.from({ length: parallelCreates }, creator));
  }

  /** Waits until Flink has heard of all these objects of a floor. */
  async arrivals(namespace: string, names: readonly string[], everyMs: number): Promise<void> {
    const arrived = async () => {
      const { floor } = await this.#place.flinkReport();
      return names.every((name) => `${namespace}/${name}` in floor);
    };
    await eventually(arrived, 300_000, everyMs);
  }

  async end(): Promise<Round> {
    // Events are written a moment later than the status.
    await new Promise((resolve) => setTimeout(resolve, 2 * pollMs));
    this.#stop.abort();
    const writes = (await this.#operator.writes()) - this.#writesBefore;
    const report = await this.#place.flinkReport();
    const tasksRunAt = await tasksRunTimes(this.#place.flinkUrl);
    const lives = this.names.map((name): Life => {
      const jobId = this.#jobIds.get(name) ?? "";
      const requests = report.requestsPerJob[jobId];
      if (requests !== 1) throw new Error(`${name}: ${requests ?? 0} run requests of ${jobId}, not 1`);
      return {
        createdAt: known(this.#created.get(`${benchNamespace}/${name}`)),
        arrivedAt: known(report.arrivals[jobId]),
        tasksRunAt: known(tasksRunAt.get(jobId)),
        readyAt: known(this.readyAt.get(name)),
      };
    });
    const passages = (namespace: string) =>
      this.names
        .map((name) => `${namespace}/${name}`)
        .filter((key) => this.#created.has(key))
        .map((key) => ({ createdAt: known(this.#created.get(key)), arrivedAt: known(report.floor[key]) }));
    return {
      lives,
      bare: passages(bareNamespace),
      sameWrites: passages(sameWritesNamespace),
      writesPerJob: writes / this.names.length,
    };
  }

  #see({ metadata: { name }, status }: FlinkJob): void {
    if (!this.#created.has(`${benchNamespace}/${name}`) || this.readyAt.has(name)) return;
    const ready = status?.conditions?.some((it) => it.type === "Ready" && it.status === "True");
    if (!ready) return;
    this.readyAt.set(name, Date.now());
    this.#jobIds.set(name, status?.trigger?.jobId ?? "");
  }
}

/** By JobID; the jobs never change again after their tasks began to run. */
async function tasksRunTimes(flinkUrl: string): Promise<Map<string, number>> {
  const reply = await fetch(`${flinkUrl}/jobs/overview`);
  const { jobs } = (await reply.json()) as { jobs: { jid: string; "last-modification": number }[] };
  return new Map(jobs.map((job) => [job.jid, job["last-modification"]]));
}

function known(time: number | undefined): number {
  if (time === undefined) throw new Error("A time is missing");
  return time;
}
