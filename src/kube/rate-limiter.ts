interface RateLimiterOptions {
  /** The first pause of a key, ms. */
  firstMs?: number | undefined;
  longestMs?: number | undefined;
}

/** How long a key that failed waits: twice as long after each failure in a row, until it is forgotten. */
export class RateLimiter<K> {
  readonly #firstMs: number;
  readonly #longestMs: number;
  readonly #failures = new Map<K, number>();

  constructor({ firstMs = 5, longestMs = 1_000_000 }: RateLimiterOptions = {}) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
  }

  /** Notes a failure; returns the pause in ms. */
  failure(key: K): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.min(this.#firstMs * 2 ** failures, this.#longestMs);
  }

  /** Failures in a row. */
  failures(key: K): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key succeeded, or is of no interest any more. */
  forget(key: K): void {
    this.#failures.delete(key);
  }
}
