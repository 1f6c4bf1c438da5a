import type { Clock } from "./clock.ts";
import { Recent } from "./recent.ts";

/** Which series an occurrence belongs to. */
export interface Correlated {
  /** Equal for occurrences that are one event with a count. */
  series: string;
  note: string;
}

interface Similar {
  notes: Set<string>;
  lastAt: number;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

const remembered = 4096;
/** More different notes than these, and they become one event. */
const similarLimit = 10;
const similarWindowMs = 10 * 60_000;
const burst = 25;
const refillMs = 5 * 60_000;

/** Keeps one object in trouble from filling everybody's event list; the numbers are those of Kubernetes' own components. */
export class EventCorrelator {
  readonly #clock: Clock;
  readonly #similar = new Recent<Similar>(remembered);
  readonly #buckets = new Recent<Bucket>(remembered);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `kind` is everything about the occurrence but its note. Undefined: the object has had its share, drop it. */
  correlate(object: string, kind: string, note: string): Correlated | undefined {
    if (!this.#admit(object)) return undefined;
    const now = this.#clock.monotonic();
    const similar = this.#similar.get(kind) ?? this.#similar.set(kind, { notes: new Set(), lastAt: now });
    if (now - similar.lastAt > similarWindowMs) similar.notes.clear();
    similar.lastAt = now;
    const known = similar.notes.has(note);
    if (!known && similar.notes.size >= similarLimit) {
      return { series: JSON.stringify([kind]), note: `(combined from similar events): ${note}` };
    }
    similar.notes.add(note);
    return { series: JSON.stringify([kind, note]), note };
  }

  /** A token bucket for each object. */
  #admit(object: string): boolean {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(object) ?? this.#buckets.set(object, { tokens: burst, filledAt: now });
    const refilled = bucket.tokens + (now - bucket.filledAt) / refillMs;
    bucket.filledAt = now;
    bucket.tokens = Math.min(burst, refilled);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
