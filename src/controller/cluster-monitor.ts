import type { ClusterObservation, JobManagerView, JobRow } from "../core/observed.ts";
import { type Clock, sleep } from "../kube/clock.ts";
import type { JobManagerReader } from "../ports.ts";

/** A failed poll is believed only when the next one, this much later, fails too. Milliseconds. */
const RETRY_MS = 1_000;
/** Between polls while somebody watches closely; more when a poll itself takes long. Milliseconds. */
const CLOSE_MS = 100;
/** A view of a JobManager is renewed after so long, in milliseconds: behind a proxy its replacement breaks no connection of ours. */
const VIEW_LASTS_MS = 10_000;
/** How long one wish to watch closely lasts, in milliseconds. */
const CLOSE_FOR_MS = 2_000;

/** What a poll changed: the jobs whose row is new, other or gone, or everything. */
export type ClusterChange = { kind: "jobs"; jobIds: ReadonlySet<string> } | { kind: "cluster" };

/** Whose rows are asked for: those with the FlinkJob's prefix, and one that it took over. */
export interface OwnJobs {
  prefix: string;
  adopted?: string | undefined;
}

export interface MonitorOptions {
  url: string;
  jobManager: JobManagerReader;
  pollIntervalMs: number;
  clock: Clock;
  onChange: (change: ClusterChange) => void;
}

type State =
  | { kind: "connecting" }
  | { kind: "unreachable"; notAllowed: boolean; message: string }
  | { kind: "reachable"; view: JobManagerView; listedAt: number };

/** Watches one Flink cluster for all its FlinkJobs: one GET /jobs/overview a poll, however many jobs. */
export class ClusterMonitor {
  readonly url: string;
  readonly #options: MonitorOptions;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #state: State = { kind: "connecting" };
  /** By JobID prefix, so that one FlinkJob's rows are found without a search. */
  #rows = new Map<string, Map<string, JobRow>>();
  #count = 0;
  #connections = -1;
  #describedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #closeUntil = 0;

  constructor(options: MonitorOptions) {
    this.url = options.url;
    this.#options = options;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stop.abort();
    this.#wake.abort();
  }

  /** Polls more often for a moment. */
  watchClosely(): void {
    const { clock } = this.#options;
    const already = this.#closeUntil > clock.monotonic();
    this.#closeUntil = clock.monotonic() + CLOSE_FOR_MS;
    if (!already) this.pollNow();
  }

  /** Ends the pause before the next poll. */
  pollNow(): void {
    this.#wake.abort();
  }

  /** What is known of the cluster, with the rows of one FlinkJob. */
  observation(own: OwnJobs): ClusterObservation {
    const state = this.#state;
    switch (state.kind) {
      case "connecting":
        return { kind: "connecting", url: this.url };
      case "unreachable":
        return {
          kind: state.notAllowed ? "notAllowed" : "unreachable",
          url: this.url,
          message: state.message,
        };
      case "reachable":
        return {
          kind: "reachable",
          url: this.url,
          jobManager: state.view,
          listedAt: state.listedAt,
          jobs: this.#jobsOf(own),
        };
    }
  }

  /** Whether tasks of a job wait for slots, as far as the list tells: not while it restarts. */
  hasJobThatWaits(): boolean {
    if (this.#state.kind !== "reachable") return false;
    const rows = [...this.#rows.values()].flatMap((some) => [...some.values()]);
    return rows.some(
      ({ state, tasks }) =>
        (state === "RUNNING" || state === "CREATED") && tasks.running + tasks.finished < tasks.total,
    );
  }

  #jobsOf({ prefix, adopted }: OwnJobs): ReadonlyMap<string, JobRow> {
    const jobs = this.#rows.get(prefix) ?? new Map<string, JobRow>();
    const row = adopted && this.#rows.get(adopted.slice(0, 16))?.get(adopted);
    return row ? new Map([...jobs, [row.id, row]]) : jobs;
  }

  async #run(): Promise<void> {
    const { clock, pollIntervalMs } = this.#options;
    while (!this.#stop.signal.aborted) {
      const startedAt = clock.monotonic();
      this.#wake = new AbortController();
      await this.#poll();
      const took = clock.monotonic() - startedAt;
      const close = this.#closeUntil > clock.monotonic();
      const pause = this.#failures === 1 ? RETRY_MS : close ? Math.max(CLOSE_MS, 4 * took) : pollIntervalMs;
      await sleep(clock, Math.min(pause, pollIntervalMs), this.#wake.signal);
      // Woken over and over, it still leaves the JobManager a breath.
      if (!this.#stop.signal.aborted)
        await sleep(clock, Math.min(CLOSE_MS / 2, pollIntervalMs), this.#stop.signal);
    }
  }

  async #poll(): Promise<void> {
    const { clock, jobManager } = this.#options;
    const { signal } = this.#stop;
    try {
      const known = this.#state.kind === "reachable" ? this.#state.view : undefined;
      const isFresh = clock.monotonic() - this.#describedAt < VIEW_LASTS_MS;
      let view = known && isFresh && this.#connections === jobManager.connections ? known : undefined;
      view ??= await this.#describe();
      let connections = jobManager.connections;
      let listedAt = clock.now();
      let rows = await jobManager.listJobs(signal);
      if (jobManager.connections !== connections) {
        // The list may come from another process than the view does: describe first, then list.
        connections = jobManager.connections;
        view = await this.#describe();
        listedAt = clock.now();
        rows = await jobManager.listJobs(signal);
      }
      this.#connections = connections;
      this.#failures = 0;
      this.#reached(view, listedAt, rows);
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    }
  }

  async #describe(): Promise<JobManagerView> {
    const { clock, jobManager } = this.#options;
    const at = clock.monotonic();
    const view = await jobManager.describe(this.#stop.signal);
    this.#describedAt = at;
    return view;
  }

  #reached(view: JobManagerView, listedAt: number, rows: JobRow[]): void {
    const before = this.#state;
    const changed = this.#take(rows);
    this.#state = { kind: "reachable", view, listedAt };
    const sameCluster = before.kind === "reachable" && sameView(before.view, view);
    if (!sameCluster) this.#options.onChange({ kind: "cluster" });
    else if (changed.size > 0) this.#options.onChange({ kind: "jobs", jobIds: changed });
  }

  #failed(error: unknown): void {
    this.#failures++;
    this.#connections = -1;
    if (this.#failures < 2 && this.#state.kind === "reachable") return;
    const code = (error as { code?: unknown }).code;
    const message = `${this.url}: ${error instanceof Error ? error.message : String(error)}`;
    const before = this.#state;
    this.#state = { kind: "unreachable", notAllowed: code === "DestinationNotAllowed", message };
    // The wording of a failure may change with each poll; only the fact is worth a status write.
    if (before.kind === "unreachable") this.#state = before;
    else this.#options.onChange({ kind: "cluster" });
  }

  /** Takes in a list; returns the JobIDs whose row differs from the last one. */
  #take(rows: JobRow[]): Set<string> {
    const next = new Map<string, Map<string, JobRow>>();
    const changed = new Set<string>();
    let same = 0;
    for (const row of rows) {
      const prefix = row.id.slice(0, 16);
      const before = this.#rows.get(prefix)?.get(row.id);
      if (before && sameRow(before, row)) same++;
      else changed.add(row.id);
      const mine = next.get(prefix);
      if (mine) mine.set(row.id, row);
      else next.set(prefix, new Map([[row.id, row]]));
    }
    if (same < this.#count) {
      for (const [prefix, mine] of this.#rows) {
        for (const id of mine.keys()) if (!next.get(prefix)?.has(id)) changed.add(id);
      }
    }
    this.#rows = next;
    this.#count = rows.length;
    return changed;
  }
}

function sameRow(a: JobRow, b: JobRow): boolean {
  return (
    a.state === b.state &&
    a.endTime === b.endTime &&
    a.tasks.total === b.tasks.total &&
    a.tasks.running === b.tasks.running &&
    a.tasks.finished === b.tasks.finished
  );
}

function sameView(a: JobManagerView, b: JobManagerView): boolean {
  return (
    a.incarnation === b.incarnation &&
    a.flinkVersion === b.flinkVersion &&
    a.protection === b.protection &&
    a.submitEnabled === b.submitEnabled
  );
}
