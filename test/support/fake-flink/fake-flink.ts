import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { Endpoint, type RecordedRequest } from "./endpoint.ts";
import { type Fault, Faults } from "./faults.ts";
import { Gate } from "./gate.ts";
import { isTerminal } from "./job.ts";
import { JobManager } from "./job-manager.ts";
import { type JobRun, Ledger } from "./ledger.ts";
import type { Settings } from "./options.ts";
import type { RunningMain } from "./running-mains.ts";
import { Storage } from "./storage.ts";
import { throwable } from "./throwable.ts";

/** A Flink session cluster whose JobManager answers on 127.0.0.1, and the switches that a test needs. */
export class FakeFlink {
  /** Everything that arrived, in order, over all crashes. */
  readonly requests: RecordedRequest[] = [];
  readonly #endpoint: Endpoint;
  readonly #settings: Settings;
  readonly #storage: Storage;
  readonly #ledger = new Ledger();
  readonly #gate = new Gate();
  readonly #savepointGate = new Gate();
  readonly #unwritable = new Set<string>();
  readonly #faults = new Faults();
  #port: number;
  #server: Server | undefined;
  #manager: JobManager | undefined;
  #phase: "down" | "electing" | "leading" | "closed" = "down";
  #waiting: { phase: string; go: () => void }[] = [];

  /** Use startFakeFlink(). */
  constructor(settings: Settings) {
    this.#settings = settings;
    this.#storage = new Storage(settings.snapshots);
    this.#port = settings.port;
    this.#endpoint = new Endpoint({
      requests: this.requests,
      faults: this.#faults,
      now: () => settings.clock.now(),
      manager: () => this.#manager,
      leads: () => this.#phase === "leading",
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get version(): string {
    return this.#settings.version;
  }

  /** Of the JobManager process that runs, else undefined. */
  get incarnation(): string | undefined {
    return this.#manager?.incarnation;
  }

  /** Starts the JobManager process, after a crash without restart. Returns when it listens; with HA it answers 503 first. */
  async start(): Promise<void> {
    if (this.#phase !== "down") return;
    // Flink leaves idle connections open; Node would close them after 5 s, which looks like a new JobManager.
    const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
      void this.#endpoint.serve(request, response);
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The fake listens on no port");
    this.#port = address.port;
    this.#server = server;
    const manager = new JobManager({
      settings: this.#settings,
      storage: this.#storage,
      ledger: this.#ledger,
      gate: this.#gate,
      savepointGate: this.#savepointGate,
      unwritable: this.#unwritable,
      exit: () => void this.crash({ restart: true }),
    });
    this.#manager = manager;
    this.#enter("electing");
    const lead = () => {
      if (manager.recover()) this.#enter("leading");
      else void this.crash({ restart: true });
    };
    if (this.#settings.ha) manager.time.after(this.#settings.times.election, lead);
    else lead();
  }

  /** Waits until the JobManager leads and answers. */
  async answering(): Promise<void> {
    while (this.#phase !== "leading")
      await new Promise<void>((go) => this.#waiting.push({ phase: "leading", go }));
  }

  /** kill -9: connections break, nobody listens. With `restart` (default false) a new process starts by itself. */
  async crash({ restart = false }: { restart?: boolean } = {}): Promise<void> {
    const manager = this.#manager;
    const server = this.#server;
    if (manager === undefined || server === undefined) return;
    manager.die();
    this.#manager = undefined;
    this.#server = undefined;
    this.#enter("down");
    const { ha, clock, times } = this.#settings;
    this.#ledger.processDied((jobId) => ha && this.#storage.jobs.has(jobId), clock.now());
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
    if (restart) clock.setTimeout(() => void this.start(), times.down);
  }

  /** A crash and all of what follows, until the new JobManager answers. */
  async failover(): Promise<void> {
    await this.crash({ restart: true });
    await this.answering();
  }

  /** The job store forgets everything that has ended, now; `whole`: but no job whose application has not ended yet. */
  expireJobs({ whole = false }: { whole?: boolean } = {}): void {
    this.#manager?.dispatcher.expire(whole);
  }

  /** Holds the main() of this JobID or application ID, or every one, before its first execute(). */
  pauseMain(id?: string): void {
    this.#gate.pause(id);
  }

  /** Lets it go on; without an ID, all of them. */
  releaseMain(id?: string): void {
    this.#gate.release(id);
  }

  /** The main()s that have not returned. */
  get runningMains(): readonly RunningMain[] {
    return this.#manager?.mains.list ?? [];
  }

  /** Something goes wrong with the next requests that match. Returns what takes it back. */
  fault(fault: Fault): () => void {
    return this.#faults.add(fault);
  }

  /** How often a main() started whose request carried this JobID or application ID. */
  mainRuns(id: string): number {
    return this.#ledger.mainRuns(id);
  }

  /** Every job that ever started, in order: the same JobID twice means that it ran twice. */
  jobsEverRun(): readonly Readonly<JobRun>[] {
    return this.#ledger.runs;
  }

  /** The names of the JARs that lie there, also while no JobManager runs. */
  jarNames(): string[] {
    return [...this.#storage.jars.values()].map(({ name }) => name);
  }

  /** The JobIDs that are not over, as the JobManager that runs now sees it. */
  liveJobs(): string[] {
    return (this.#manager?.dispatcher.jobs ?? [])
      .filter((job) => !isTerminal(job.state))
      .map((job) => job.id);
  }

  /** Ends a running job as if its sources had. Throws when it is not there. */
  finishJob(jobId: string): void {
    this.#liveJob(jobId).finish();
  }

  /** A task of the job throws; its restart strategy decides what follows. Throws when it is not there. */
  failJob(jobId: string, message = "a task failed"): void {
    this.#liveJob(jobId).fail(throwable("java.lang.IllegalStateException", message));
  }

  /** Holds the savepoints of this job, or all of them, IN_PROGRESS. */
  pauseSavepoints(jobId?: string): void {
    this.#savepointGate.pause(jobId);
  }

  /** Lets them complete; without an ID, all of them. */
  releaseSavepoints(jobId?: string): void {
    this.#savepointGate.release(jobId);
  }

  /** Savepoints below this path (`file:/x`, `s3://bucket`) fail from now on. Returns what takes it back. */
  breakDirectory(path: string): () => void {
    this.#unwritable.add(path);
    return () => void this.#unwritable.delete(path);
  }

  /** Forgets the outcome of every savepoint and stop, as `rest.async.store-duration` does. */
  expireOperations(): void {
    this.#manager?.operations.expire();
  }

  /** Whether a job could be restored from this path. */
  hasSavepoint(path: string): boolean {
    return this.#storage.snapshots.find(path) !== undefined;
  }

  /** A savepoint or retained checkpoint that lies there from before. */
  addSavepoint(path: string): void {
    this.#storage.snapshots.add(path, { id: 1, entryClass: undefined });
  }

  /** Ends the fake for good. */
  async close(): Promise<void> {
    await this.crash();
    this.#phase = "closed";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #liveJob(jobId: string) {
    const job = this.#manager?.dispatcher.job(jobId);
    if (job === undefined || isTerminal(job.state)) throw new Error(`No live job ${jobId}`);
    return job;
  }

  #enter(phase: "down" | "electing" | "leading"): void {
    this.#phase = phase;
    const going = this.#waiting.filter((waiting) => waiting.phase === phase);
    this.#waiting = this.#waiting.filter((waiting) => waiting.phase !== phase);
    for (const { go } of going) go();
  }
}
