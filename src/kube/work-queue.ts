import { type Clock, systemClock } from "./clock.ts";
import { DelayedKeys } from "./delayed-keys.ts";
import { noMetrics, type QueueMetrics } from "./metrics.ts";
import { RateLimiter } from "./rate-limiter.ts";

/** "high": something changed. "low": an object of the first list, or a resync: nobody waits for it. */
export type Priority = "high" | "low";

interface WorkQueueOptions {
  /** Names the queue in metrics. */
  name: string;
  clock?: Clock | undefined;
  metrics?: QueueMetrics | undefined;
  rateLimiter?: RateLimiter<string> | undefined;
}

interface Waiting {
  since: number;
  priority: Priority;
}

/** So many urgent keys in a row, then one of the others: a busy cluster must not starve its quiet objects. */
const urgentInARow = 8;

/**
 * Keys to work on. A key waits at most once; a key that is added while a worker has it waits again when the worker is
 * done; so no key is ever in two hands, and no addition is ever lost.
 */
export class WorkQueue {
  readonly name: string;
  readonly #clock: Clock;
  readonly #metrics: QueueMetrics;
  readonly #limiter: RateLimiter<string>;
  readonly #later: DelayedKeys<string>;
  /** Maps keep the order of insertion: first in, first out. */
  readonly #waiting: Record<Priority, Map<string, Waiting>> = { high: new Map(), low: new Map() };
  readonly #processing = new Map<string, number>();
  /** Added while processing. */
  readonly #again = new Map<string, Waiting>();
  readonly #takers = new Set<() => void>();
  readonly #drained = new Set<() => void>();
  #urgent = 0;
  #shutDown = false;

  constructor(options: WorkQueueOptions) {
    this.name = options.name;
    this.#clock = options.clock ?? systemClock;
    this.#metrics = options.metrics ?? noMetrics;
    this.#limiter = options.rateLimiter ?? new RateLimiter();
    this.#later = new DelayedKeys(this.#clock, (key) => this.add(key));
  }

  /** Keys that wait for a worker now. */
  get depth(): number {
    return this.#waiting.high.size + this.#waiting.low.size;
  }

  /** Keys that workers have. */
  get processing(): number {
    return this.#processing.size;
  }

  /** Keys that fall due later. */
  get delayed(): number {
    return this.#later.size;
  }

  /** workqueue_unfinished_work_seconds: how long all keys in work have been in work, together. */
  unfinishedSeconds(): number {
    const now = this.#clock.monotonic();
    return [...this.#processing.values()].reduce((sum, since) => sum + now - since, 0) / 1000;
  }

  /** workqueue_longest_running_processor_seconds */
  longestRunningSeconds(): number {
    const now = this.#clock.monotonic();
    return Math.max(0, ...[...this.#processing.values()].map((since) => now - since)) / 1000;
  }

  add(key: string, priority: Priority = "high"): void {
    if (this.#shutDown) return;
    const entry: Waiting = { since: this.#clock.monotonic(), priority };
    if (this.#processing.has(key)) {
      const known = this.#again.get(key);
      if (known === undefined) this.#metrics.added(this.name);
      if (known === undefined || (known.priority === "low" && priority === "high"))
        this.#again.set(key, entry);
      return;
    }
    const { high, low } = this.#waiting;
    const known = low.get(key);
    if (high.has(key) || (known !== undefined && priority === "low")) return;
    if (known === undefined) this.#metrics.added(this.name);
    low.delete(key);
    this.#enqueue(key, { since: known?.since ?? entry.since, priority });
  }

  /** Adds the key `ms` from now; of several such wishes the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#shutDown) return;
    if (ms <= 0) this.add(key);
    else this.#later.add(key, ms);
  }

  /** Adds the key after a pause that doubles with each call until `forget`. */
  addRateLimited(key: string): void {
    this.#metrics.retried(this.name);
    this.addAfter(key, this.#limiter.failure(key));
  }

  /** Failures in a row. */
  failures(key: string): number {
    return this.#limiter.failures(key);
  }

  /** The key succeeded: its next pause is the shortest again. */
  forget(key: string): void {
    this.#limiter.forget(key);
  }

  /** Takes the next key, waiting for one; undefined when the queue is shut down. Give it back with `done`. */
  async take(): Promise<string | undefined> {
    for (;;) {
      const key = this.#next();
      if (key !== undefined || this.#shutDown) return key;
      await new Promise<void>((resolve) => this.#takers.add(resolve));
    }
  }

  /** The worker has finished with the key. */
  done(key: string): void {
    const since = this.#processing.get(key);
    if (since === undefined) return;
    this.#processing.delete(key);
    this.#metrics.worked(this.name, (this.#clock.monotonic() - since) / 1000);
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (again !== undefined && !this.#shutDown) this.#enqueue(key, again);
    this.#wakeDrained();
  }

  /** No more keys go out or in, and those that wait are dropped: their objects are listed again after a restart. */
  shutDown(): void {
    this.#shutDown = true;
    this.#later.clear();
    this.#waiting.high.clear();
    this.#waiting.low.clear();
    this.#again.clear();
    this.#metrics.depth(this.name, 0);
    for (const wake of this.#takers) wake();
    this.#takers.clear();
    this.#wakeDrained();
  }

  /** Resolves when the queue is shut down and no worker has a key any more. */
  async drained(): Promise<void> {
    while (!this.#shutDown || this.#processing.size > 0) {
      await new Promise<void>((resolve) => this.#drained.add(resolve));
    }
  }

  #enqueue(key: string, entry: Waiting): void {
    this.#waiting[entry.priority].set(key, entry);
    this.#metrics.depth(this.name, this.depth);
    const [wake] = this.#takers;
    if (wake === undefined) return;
    this.#takers.delete(wake);
    wake();
  }

  #next(): string | undefined {
    if (this.#shutDown) return undefined;
    const { high, low } = this.#waiting;
    const useLow = high.size === 0 || (low.size > 0 && this.#urgent >= urgentInARow);
    const queue = useLow ? low : high;
    const [first] = queue;
    if (first === undefined) return undefined;
    const [key, { since }] = first;
    queue.delete(key);
    this.#urgent = useLow ? 0 : this.#urgent + 1;
    const now = this.#clock.monotonic();
    this.#processing.set(key, now);
    this.#metrics.waited(this.name, (now - since) / 1000);
    this.#metrics.depth(this.name, this.depth);
    return key;
  }

  #wakeDrained(): void {
    if (this.#processing.size > 0) return;
    for (const wake of this.#drained) wake();
    this.#drained.clear();
  }
}
