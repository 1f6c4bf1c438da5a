import type { FlinkJob } from "../api/objects.ts";
import { jobIdPrefix } from "../core/identity.ts";
import { type Clock, sleep } from "../kube/clock.ts";
import { Recent } from "../kube/recent.ts";
import type { Clusters } from "./clusters.ts";
import { contentKey, type Jars } from "./jars.ts";
import type { ReclaimedJars } from "./reclaimed-jars.ts";

export interface JarSweeperOptions {
  jars: Jars;
  reclaimed: Pick<ReclaimedJars, "sweep">;
  clusters: Clusters;
  clock: Clock;
  /** Pause after the first round, in milliseconds; it doubles while nothing changes. */
  pauseMs: number;
  /** The FlinkJob whose JobIDs begin like this. */
  ownerOf: (prefix: string) => FlinkJob | undefined;
  jobs: () => readonly FlinkJob[];
  maySend: () => boolean;
  onProblem: (what: string, problem: unknown, details: Record<string, unknown>) => void;
}

const LONGEST_PAUSE_MS = 600_000;
/** A JobManager that is out of reach for so many rounds in a row may be gone for good. */
const FAILURES = 8;
/** No cache is behind for so long. */
const NAMED_WITHIN_MS = 900_000;
const ROUND_LIMIT_MS = 30_000;

/**
 * Takes away the JARs that an earlier process of ours brought, or that could not be deleted when their submission had its
 * outcome. What is still needed then is looked at again, so the cluster stays open until nothing is left.
 */
export class JarSweeper {
  readonly #options: JarSweeperOptions;
  readonly #stop = new AbortController();
  readonly #rounds = new Map<string, Promise<void>>();
  readonly #wakes = new Map<string, AbortController>();
  /** Prefixes of FlinkJobs that were let go: no main() of theirs reads anything any more. */
  readonly #gone = new Recent<true>(1_000);
  /** JobIDs that no record names, by when they were first met. */
  readonly #unnamed = new Recent<number>(1_000);

  constructor(options: JarSweeperOptions) {
    this.#options = options;
  }

  /** There may be something to take away on this cluster. */
  begin(url: string): void {
    this.#wakes.get(url)?.abort();
    if (this.#rounds.has(url) || this.#stop.signal.aborted) return;
    const rounds = this.#sweep(url).finally(() => this.#rounds.delete(url));
    this.#rounds.set(url, rounds);
  }

  /** A FlinkJob that is over opens no cluster, and its JAR may still be there. */
  resume(jobs: readonly FlinkJob[]): void {
    for (const { spec, status } of jobs) {
      const { sentTo, cluster } = status?.trigger ?? {};
      const ours = spec.jar?.uri !== undefined || spec.jar?.reclaimPolicy === "Delete";
      // A cluster that was made for it alone is gone, or is swept when it answers.
      if (sentTo && ours && cluster === undefined) this.begin(sentTo.url);
    }
  }

  /** Begins on each of these clusters, now and then: nobody tells of what another process left there. */
  async patrol(urls: () => readonly string[], everyMs: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await sleep(this.#options.clock, everyMs, this.#stop.signal);
      for (const url of urls()) this.begin(url);
    }
  }

  /** The FlinkJob's last outcome is known, and nobody will know its JARs once it is gone. */
  async letGo(job: FlinkJob): Promise<void> {
    const url = job.status?.trigger?.sentTo?.url;
    const cluster = url === undefined ? undefined : this.#options.clusters.get(url);
    // What is left running may still read its JAR.
    if (url === undefined || job.spec.jar?.uri === undefined || job.spec.deletionPolicy === "Orphan") return;
    if (cluster?.monitor.observation({ prefix: "" }).kind !== "reachable") return;
    const prefix = jobIdPrefix(job.metadata.uid ?? "");
    this.#gone.set(prefix, true);
    // Its JAR must not keep a FlinkJob from going; the rounds try again.
    const left = await this.#round(url).catch(() => 1);
    if (left > 0) this.begin(url);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#rounds.values());
  }

  async #sweep(url: string): Promise<void> {
    const { clusters, clock, pauseMs, onProblem } = this.#options;
    const { signal } = this.#stop;
    clusters.use(`jars:${url}`, [url]);
    let before = Number.POSITIVE_INFINITY;
    let pause = pauseMs;
    for (let failures = 0; failures < FAILURES && !signal.aborted; ) {
      try {
        const left = await this.#round(url);
        if (left === 0) break;
        failures = 0;
        if (left < before) pause = pauseMs;
        before = left;
      } catch (error) {
        failures++;
        if (!signal.aborted && failures === FAILURES) onProblem("sweep JARs", error, { url });
      }
      const wake = new AbortController();
      this.#wakes.set(url, wake);
      await sleep(clock, pause, AbortSignal.any([wake.signal, signal]));
      pause = wake.signal.aborted ? pauseMs : Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
    this.#wakes.delete(url);
    clusters.use(`jars:${url}`, []);
  }

  /** How many of our JARs are left there that this process does not use itself. */
  async #round(url: string): Promise<number> {
    const { jars, reclaimed, clusters, maySend } = this.#options;
    const cluster = clusters.get(url);
    if (!cluster || !maySend()) return 0;
    // One that takes no JARs has none.
    const seen = cluster.monitor.observation({ prefix: "" });
    if (seen.kind === "reachable" && !seen.jobManager.submitEnabled) return 0;
    const limit = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ROUND_LIMIT_MS)]);
    const { jobManager } = cluster;
    const found = await jobManager.list(limit);
    const open = this.#openContents(url);
    const isOpen = (key: string) => open === "any" || open.has(key);
    const left = await jars.sweep(found, jobManager, (jobId) => this.#isNeeded(jobId), isOpen, limit);
    return left + (await reclaimed.sweep(found, jobManager, limit));
  }

  /**
   * The contents that a main() there may still read, whoever brought them. "any": of a spec that was changed since nobody
   * knows any more what it named.
   */
  #openContents(url: string): ReadonlySet<string> | "any" {
    const keys = new Set<string>();
    for (const { spec, status, metadata } of this.#options.jobs()) {
      // Its deletion has changed the generation, and its trigger may be pending to the end.
      if (this.#gone.get(jobIdPrefix(metadata.uid ?? ""))) continue;
      const trigger = status?.trigger;
      // One that is not sent yet may be another operator's, which has brought the JAR for it and sends at this moment.
      const { sentTo = { url } } = trigger ?? {};
      if (trigger && (trigger.state !== "pending" || sentTo.url !== url)) continue;
      if (trigger && trigger.generation !== metadata.generation) return "any";
      if (spec.jar?.uri !== undefined) keys.add(contentKey(spec.jar));
    }
    return keys;
  }

  /** Undefined for a job that is not ours to judge: another operator's, in a namespace that we do not see. */
  #isNeeded(jobId: string): boolean | undefined {
    const prefix = jobId.slice(0, 16);
    if (this.#gone.get(prefix)) return false;
    const owner = this.#options.ownerOf(prefix);
    if (!owner) return undefined;
    const { trigger, history = [] } = owner.status ?? {};
    if (trigger === undefined || trigger.state === "pending") return true;
    if (trigger.jobId !== jobId && !history.some((past) => past.jobId === jobId)) return this.#isNew(jobId);
    return false;
  }

  /**
   * A JobID that the record does not name may be newer than our cache: its main() needs its JAR. One that stays without a
   * name is so old that the history has dropped it.
   */
  #isNew(jobId: string): boolean {
    const now = this.#options.clock.monotonic();
    const since = this.#unnamed.get(jobId) ?? now;
    this.#unnamed.set(jobId, since);
    return now - since < NAMED_WITHIN_MS;
  }
}
