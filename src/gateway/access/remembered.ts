import type { Clock } from "../../kube/clock.ts";
import { Recent } from "../../kube/recent.ts";

interface Entry<V> {
  readonly answer: Promise<V>;
  /** Monotonic ms; Infinity while the answer is on its way. */
  until: number;
}

export interface RememberedOptions<V> {
  readonly clock: Pick<Clock, "monotonic">;
  /** Most answers that are kept; beyond it, those go that were not asked for longest. */
  readonly limit: number;
  /** How long an answer holds, in ms. */
  readonly holds: (answer: V) => number;
}

/** Answers that hold for a while, so that the same question is asked once: also by those who ask at the same time. */
export class Remembered<V> {
  readonly #options: RememberedOptions<V>;
  readonly #entries: Recent<Entry<V>>;

  constructor(options: RememberedOptions<V>) {
    this.#options = options;
    this.#entries = new Recent(options.limit);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The answer to `key`: the one that still holds, or that of `ask`. What `ask` throws is not remembered. */
  answer(key: string, ask: () => Promise<V>): Promise<V> {
    const { clock, holds } = this.#options;
    const known = this.#entries.get(key);
    if (known !== undefined && clock.monotonic() < known.until) return known.answer;
    const entry: Entry<V> = { answer: ask(), until: Number.POSITIVE_INFINITY };
    this.#entries.set(key, entry);
    entry.answer.then(
      (answer) => {
        entry.until = clock.monotonic() + holds(answer);
      },
      () => {
        entry.until = Number.NEGATIVE_INFINITY;
      },
    );
    return entry.answer;
  }
}
