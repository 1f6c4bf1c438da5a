import { type Clock, sleep, systemClock, type Timer } from "./clock.ts";
import type { Retry } from "./errors.ts";
import { noMetrics, type ReconcileMetrics } from "./metrics.ts";
import type { WorkQueue } from "./work-queue.ts";

/** What a reconcile may ask for: to be called again, though nothing changed. */
export interface ReconcileOutcome {
  requeueAfterMs?: number | undefined;
}

/** Brings one object, named by its key, closer to what it should be. The signal aborts at shutdown and at the time limit. */
// biome-ignore lint/suspicious/noConfusingVoidType: most reconciles return nothing.
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileOutcome | void>;

interface WorkersOptions {
  /** The `controller` label of metrics. */
  name: string;
  queue: WorkQueue;
  reconcile: Reconcile;
  /** Reconciles at once, of different keys. */
  concurrency?: number | undefined;
  /** Of one reconcile, ms. */
  timeLimitMs?: number | undefined;
  clock?: Clock | undefined;
  metrics?: ReconcileMetrics | undefined;
  /** Told about every reconcile that failed; `retry` is what happens next. */
  onError?: ((error: unknown, key: string, retry: Retry) => void) | undefined;
}

/** Calls reconcile for the keys of a queue. What a reconcile throws never leaves here. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #queue: WorkQueue;
  readonly #clock: Clock;
  readonly #metrics: ReconcileMetrics;
  readonly #stop = new AbortController();
  #running: Promise<void>[] = [];
  #active = 0;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#queue = options.queue;
    this.#clock = options.clock ?? systemClock;
    this.#metrics = options.metrics ?? noMetrics;
  }

  start(): void {
    this.#running = Array.from({ length: this.#options.concurrency ?? 1 }, () => this.#work());
  }

  /**
   * Takes no more keys, lets reconciles under way finish for `graceMs`, then aborts their signals. Resolves when all have
   * ended, at the latest `graceMs` after that.
   */
  async stop(graceMs: number): Promise<void> {
    this.#queue.shutDown();
    const ended = Promise.all(this.#running);
    await Promise.race([ended, sleep(this.#clock, graceMs, this.#stop.signal)]);
    this.#stop.abort();
    const given = new AbortController();
    await Promise.race([ended, sleep(this.#clock, graceMs, given.signal)]);
    given.abort();
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      const { name } = this.#options;
      this.#metrics.active(name, ++this.#active);
      try {
        await this.#reconcile(key);
      } finally {
        this.#metrics.active(name, --this.#active);
        this.#queue.done(key);
      }
    }
  }

  async #reconcile(key: string): Promise<void> {
    const { name, reconcile, timeLimitMs } = this.#options;
    const started = this.#clock.monotonic();
    const seconds = () => (this.#clock.monotonic() - started) / 1000;
    const limit = new AbortController();
    let timer: Timer | undefined;
    if (timeLimitMs !== undefined) {
      timer = this.#clock.setTimeout(() => {
        this.#metrics.timedOut(name);
        limit.abort();
      }, timeLimitMs);
    }
    const onStop = () => limit.abort();
    this.#stop.signal.addEventListener("abort", onStop, { once: true });
    try {
      const outcome = await reconcile(key, limit.signal);
      this.#queue.forget(key);
      const after = outcome?.requeueAfterMs;
      if (after !== undefined) this.#queue.addAfter(key, after);
      this.#metrics.reconciled(name, after === undefined ? "success" : "requeue_after", seconds());
    } catch (error) {
      this.#metrics.reconciled(name, "error", seconds());
      this.#failed(key, error, limit.signal.aborted);
    } finally {
      timer?.cancel();
      this.#stop.signal.removeEventListener("abort", onStop);
    }
  }

  #failed(key: string, error: unknown, aborted: boolean): void {
    // What was cut off has said nothing about whether it can succeed.
    const retry: Retry = aborted ? { kind: "backoff" } : retryPolicy(error);
    if (retry.kind === "never") {
      this.#metrics.terminalError(this.#options.name);
      this.#queue.forget(key);
    } else if (retry.kind === "after") this.#queue.addAfter(key, retry.ms);
    else this.#queue.addRateLimited(key);
    try {
      this.#options.onError?.(error, key, retry);
    } catch {
      // A logger that fails has nobody to tell, and must not stop the worker.
    }
  }
}

/** The policy that an error carries, of whatever class it is; errors without one are tried again. */
function retryPolicy(error: unknown): Retry {
  const retry = typeof error === "object" && error !== null && "retry" in error ? error.retry : undefined;
  if (typeof retry !== "object" || retry === null || !("kind" in retry)) return { kind: "backoff" };
  if (retry.kind === "never") return { kind: "never" };
  const ms = "ms" in retry ? retry.ms : undefined;
  return retry.kind === "after" && typeof ms === "number" ? { kind: "after", ms } : { kind: "backoff" };
}
