import type { KubeClient } from "./client.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import { isKubeError } from "./errors.ts";
import { type Lease, LeaseRequests, type Observation } from "./lease.ts";
import { type LeaderMetrics, noMetrics } from "./metrics.ts";

/** Why leading ended: given up at shutdown, or taken away. After "lost" the process should exit. */
export type EndOfLeading = "released" | "lost";

interface LeaderElectionOptions {
  client: KubeClient;
  /** The Lease's name and namespace. */
  lease: { namespace: string; name: string };
  /** Unique among candidates: pod name and something random. */
  identity: string;
  /** How long others wait after the last sign of life, ms. */
  leaseDurationMs?: number | undefined;
  /** How long we trust our own last renewal; less than the lease's duration, ms. */
  renewDeadlineMs?: number | undefined;
  /** Pause between attempts, ms; candidates wait up to 1.2 times longer still. */
  retryPeriodMs?: number | undefined;
  /** Called when we lead; the signal aborts when that ends. */
  onStartedLeading: (signal: AbortSignal) => void;
  onStoppedLeading?: ((why: EndOfLeading) => void) | undefined;
  /** Told about each attempt that failed for another reason than that somebody else leads. */
  onProblem?: ((error: unknown) => void) | undefined;
  clock?: Clock | undefined;
  random?: (() => number) | undefined;
  metrics?: LeaderMetrics | undefined;
}

const jitter = 1.2;

/**
 * At most one of several processes leads, as long as clocks run at about the same speed. This is no fence: a leader that is
 * stopped between a look at `isLeading` and its write may write late, so every write needs a precondition of its own.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #metrics: LeaderMetrics;
  readonly #requests: LeaseRequests;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  #observed: Observation | undefined;
  /** Monotonic time just before the last request that renewed the lease was sent. */
  #renewedAt: number | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#metrics = options.metrics ?? noMetrics;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    if (
      this.#leaseDurationMs <= this.#renewDeadlineMs ||
      this.#renewDeadlineMs <= this.#retryPeriodMs * jitter
    ) {
      throw new TypeError("leader election needs leaseDuration > renewDeadline > 1.2 * retryPeriod");
    }
    this.#requests = new LeaseRequests(options.client, {
      ref: options.lease,
      identity: options.identity,
      durationMs: this.#leaseDurationMs,
    });
  }

  /** Whether we lead now. False once the renew deadline has passed, even before any code of ours has noticed. */
  isLeading(): boolean {
    return this.#renewedAt !== undefined && this.#clock.monotonic() - this.#renewedAt < this.#renewDeadlineMs;
  }

  /** Who leads, as far as we know. */
  get leader(): string | undefined {
    return this.#observed?.lease.spec?.holderIdentity || undefined;
  }

  /**
   * Waits for the lease, leads, and returns when that is over: "lost", or "released" when the signal aborted. An election
   * runs once.
   */
  async run(signal: AbortSignal): Promise<EndOfLeading> {
    if (!(await this.#acquire(signal))) return "released";
    const leading = new AbortController();
    const { name } = this.#options.lease;
    this.#metrics.leading(name, true);
    let why: EndOfLeading = "lost";
    try {
      this.#options.onStartedLeading(leading.signal);
      why = await this.#keep(signal);
    } finally {
      // Whoever works as the leader stops before another one may start.
      leading.abort();
      const mine = this.isLeading();
      this.#renewedAt = undefined;
      if (why === "released" && mine) await this.#release();
      this.#metrics.leading(name, false);
      this.#options.onStoppedLeading?.(why);
    }
    return why;
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if ((await this.#attempt(signal)) && this.isLeading()) return !signal.aborted || this.#letGo();
      // An answer that took too long has won nothing.
      this.#renewedAt = undefined;
      await sleep(this.#clock, this.#retryPeriodMs * (1 + jitter * this.#random()), signal);
    }
    return false;
  }

  /** The signal came together with the lease. */
  async #letGo(): Promise<false> {
    this.#renewedAt = undefined;
    await this.#release();
    return false;
  }

  async #keep(signal: AbortSignal): Promise<EndOfLeading> {
    for (;;) {
      await sleep(this.#clock, this.#retryPeriodMs, signal);
      if (signal.aborted) return "released";
      // A process that was stopped for long must not take up again what it may have lost.
      if (!this.isLeading()) return "lost";
      await this.#attempt(signal);
      if (signal.aborted) return "released";
      const holder = this.#observed?.lease.spec?.holderIdentity;
      if (!this.isLeading() || holder !== this.#options.identity) return "lost";
    }
  }

  /** One try to take or keep the lease. Returns whether it is ours. */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    const started = this.#clock.monotonic();
    // A connection that died without a word must leave time for a second one.
    const heldMs = this.#renewedAt === undefined ? 0 : started - this.#renewedAt;
    const deadlineMs = Math.min(this.#renewDeadlineMs / 2, this.#renewDeadlineMs - heldMs);
    try {
      const lease = await this.#try(started, signal, deadlineMs);
      if (lease === undefined) return false;
      this.#observe(lease);
      this.#renewedAt = started;
      return true;
    } catch (error) {
      // Somebody else wrote: what we know is outdated, so the next try looks first.
      if (isKubeError(error, "Conflict", "AlreadyExists", "NotFound")) await this.#look(signal, deadlineMs);
      else this.#options.onProblem?.(error);
      return false;
    }
  }

  // Writes are not aborted: a lease that was written after all, unknown to us, could not be released.
  async #try(started: number, signal: AbortSignal, deadlineMs: number): Promise<Lease | undefined> {
    const known = this.#observed?.lease;
    if (known?.spec?.holderIdentity === this.#options.identity && this.#renewedAt !== undefined) {
      return this.#requests.hold(known, this.#clock.now(), deadlineMs);
    }
    if (!(await this.#look(signal, deadlineMs))) return this.#requests.create(this.#clock.now(), deadlineMs);
    const observed = this.#observed;
    if (signal.aborted || observed === undefined || !this.#isFree(observed, started)) return undefined;
    return this.#requests.hold(observed.lease, this.#clock.now(), deadlineMs);
  }

  /** Reads the lease; false when there is none. */
  async #look(signal: AbortSignal, deadlineMs: number): Promise<boolean> {
    try {
      this.#observe(await this.#requests.get(signal, deadlineMs));
      return true;
    } catch (error) {
      if (isKubeError(error, "NotFound")) this.#observed = undefined;
      else if (!signal.aborted) this.#options.onProblem?.(error);
      return !isKubeError(error, "NotFound");
    }
  }

  #observe(lease: Lease): void {
    const same = this.#observed?.lease.metadata.resourceVersion === lease.metadata.resourceVersion;
    if (!same) this.#observed = { lease, at: this.#clock.monotonic() };
  }

  #isFree({ lease, at }: Observation, now: number): boolean {
    const { holderIdentity, leaseDurationSeconds } = lease.spec ?? {};
    // Our own name from before a restart is free to us as well.
    if (!holderIdentity || holderIdentity === this.#options.identity) return true;
    const durationMs =
      leaseDurationSeconds === undefined ? this.#leaseDurationMs : leaseDurationSeconds * 1000;
    return now - at >= durationMs;
  }

  async #release(): Promise<void> {
    try {
      for (let tries = 0; tries < 2; tries++) {
        const lease = this.#observed?.lease;
        if (lease?.spec?.holderIdentity !== this.#options.identity) return;
        try {
          await this.#requests.release(lease, this.#clock.now(), this.#retryPeriodMs);
          return;
        } catch (error) {
          if (!isKubeError(error, "Conflict")) throw error;
          // Our last renewal may have arrived although its answer did not.
          await this.#look(new AbortController().signal, this.#retryPeriodMs);
        }
      }
    } catch (error) {
      // Others wait for the lease's end instead.
      this.#options.onProblem?.(error);
    }
  }
}
