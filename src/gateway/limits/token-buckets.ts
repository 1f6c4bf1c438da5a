import type { Clock } from "../../kube/clock.ts";
import { Recent } from "../../kube/recent.ts";

interface Bucket {
  tokens: number;
  /** Monotonic ms of the last look. */
  at: number;
}

export interface TokenBucketsOptions {
  readonly clock: Pick<Clock, "monotonic">;
  /** Tokens that come back each second. */
  readonly perSecond: number;
  /** Tokens that a bucket holds. */
  readonly burst: number;
  /** Buckets that are kept; beyond it, those go that nobody took from for longest. */
  readonly limit: number;
}

/** One bucket of tokens for each key. */
export class TokenBuckets {
  readonly #options: TokenBucketsOptions;
  readonly #buckets: Recent<Bucket>;

  constructor(options: TokenBucketsOptions) {
    this.#options = options;
    this.#buckets = new Recent(options.limit);
  }

  /** Takes a token: 0. Where there is none: the ms after which there will be one. */
  take(key: string): number {
    const bucket = this.#bucket(key);
    if (bucket.tokens < 1) return ((1 - bucket.tokens) / this.#options.perSecond) * 1000;
    bucket.tokens -= 1;
    return 0;
  }

  /** Gives a token back that was taken. */
  giveBack(key: string): void {
    this.#bucket(key).tokens += 1;
  }

  #bucket(key: string): Bucket {
    const { clock, perSecond, burst } = this.#options;
    const at = clock.monotonic();
    const bucket = this.#buckets.get(key) ?? this.#buckets.set(key, { tokens: burst, at });
    bucket.tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) / 1000) * perSecond);
    bucket.at = at;
    return bucket;
  }
}
