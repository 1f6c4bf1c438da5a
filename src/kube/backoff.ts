import type { Clock } from "./clock.ts";

interface BackoffOptions {
  firstMs: number;
  longestMs: number;
  /** Each pause is up to this share longer than planned, so that many clients do not come at once. */
  jitter: number;
  /** After so long without a failure the next pause is the first one again. */
  calmMs: number;
}

/** Doubling pauses between attempts that fail. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  #next: number;
  #lastFailure = Number.NEGATIVE_INFINITY;

  constructor(options: BackoffOptions, clock: Clock, random: () => number) {
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#next = options.firstMs;
  }

  /** Notes a failure; returns the pause in ms before the next attempt. */
  failure(): number {
    const { firstMs, longestMs, jitter, calmMs } = this.#options;
    const now = this.#clock.monotonic();
    if (now - this.#lastFailure > calmMs) this.#next = firstMs;
    const planned = this.#next;
    this.#lastFailure = now;
    this.#next = Math.min(planned * 2, longestMs);
    return planned * (1 + jitter * this.#random());
  }
}
