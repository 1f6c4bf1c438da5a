import type { Clock } from "../kube/clock.ts";
import type { JobManagerPort } from "../ports.ts";
import { type ClusterChange, ClusterMonitor } from "./cluster-monitor.ts";
import { UnusableJobManager } from "./unusable-job-manager.ts";

export interface ClustersOptions {
  connect: (url: string) => JobManagerPort;
  pollIntervalMs: number;
  clock: Clock;
  onChange: (url: string, change: ClusterChange, users: ReadonlySet<string>) => void;
}

/** One cluster that somebody needs. */
export interface Cluster {
  monitor: ClusterMonitor;
  jobManager: JobManagerPort;
  /** Who needs it: `job:<key>`, `cluster:<key>` or `savepoint:<key>`. */
  users: Set<string>;
}

/** The clusters that are being watched, by URL: opened by the first user, closed after the last. */
export class Clusters {
  readonly #options: ClustersOptions;
  readonly #byUrl = new Map<string, Cluster>();
  readonly #urlsByUser = new Map<string, Set<string>>();
  #isClosed = false;

  constructor(options: ClustersOptions) {
    this.#options = options;
  }

  /** The user needs exactly these clusters from now on. After `close` nobody is given any. */
  use(user: string, urls: readonly string[]): void {
    // A reconcile that outlived its grace would begin to poll anew, and nobody would end that.
    if (this.#isClosed) return;
    const before = this.#urlsByUser.get(user) ?? new Set();
    const after = new Set(urls);
    for (const url of after) this.#open(url).users.add(user);
    for (const url of before) if (!after.has(url)) this.#release(user, url);
    if (after.size > 0) this.#urlsByUser.set(user, after);
    else this.#urlsByUser.delete(user);
  }

  /** A cluster in use; undefined when nobody uses it. */
  get(url: string): Cluster | undefined {
    return this.#byUrl.get(url);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#byUrl.values()];
    this.#byUrl.clear();
    this.#urlsByUser.clear();
    for (const { monitor } of all) monitor.stop();
    await Promise.all(all.map(({ jobManager }) => jobManager.close()));
  }

  #open(url: string): Cluster {
    const known = this.#byUrl.get(url);
    if (known) return known;
    const { pollIntervalMs, clock, onChange } = this.#options;
    const jobManager = this.#connect(url);
    const users = new Set<string>();
    const monitor = new ClusterMonitor({
      url,
      jobManager,
      pollIntervalMs,
      clock,
      onChange: (change) => onChange(url, change, users),
    });
    const cluster = { monitor, jobManager, users };
    this.#byUrl.set(url, cluster);
    monitor.start();
    return cluster;
  }

  /** An address that is none must end in the status of whoever wrote it, not in an endless retry. */
  #connect(url: string): JobManagerPort {
    try {
      return this.#options.connect(url);
    } catch (error) {
      return new UnusableJobManager(error);
    }
  }

  #release(user: string, url: string): void {
    const cluster = this.#byUrl.get(url);
    cluster?.users.delete(user);
    if (!cluster || cluster.users.size > 0) return;
    this.#byUrl.delete(url);
    cluster.monitor.stop();
    void cluster.jobManager.close();
  }
}
