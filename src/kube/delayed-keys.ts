import type { Clock, Timer } from "./clock.ts";

interface Entry<K> {
  readonly key: K;
  readonly at: number;
}

/** Keys that fall due later, each at the earliest time asked for: a binary heap and one timer. */
export class DelayedKeys<K> {
  readonly #clock: Clock;
  readonly #due: (key: K) => void;
  /** The smallest time is first; entries that #at contradicts are outdated. */
  readonly #heap: Entry<K>[] = [];
  readonly #at = new Map<K, number>();
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, due: (key: K) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  get size(): number {
    return this.#at.size;
  }

  add(key: K, ms: number): void {
    const at = this.#clock.monotonic() + ms;
    const known = this.#at.get(key);
    if (known !== undefined && known <= at) return;
    this.#at.set(key, at);
    this.#push({ key, at });
    this.#arm();
  }

  /** Takes all keys out, due or not. */
  drain(): K[] {
    const keys = [...this.#at.keys()];
    this.clear();
    return keys;
  }

  clear(): void {
    this.#at.clear();
    this.#heap.length = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || first.at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = first.at;
    this.#timer = this.#clock.setTimeout(() => this.#fire(), Math.max(0, first.at - this.#clock.monotonic()));
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonic();
    // Timers may fire a fraction of a millisecond early.
    for (let first = this.#heap[0]; first !== undefined && first.at < now + 1; first = this.#heap[0]) {
      this.#pop();
      if (this.#at.get(first.key) !== first.at) continue;
      this.#at.delete(first.key);
      this.#due(first.key);
    }
    this.#arm();
  }

  #push(entry: Entry<K>): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (heap[above]!.at <= entry.at) break;
      heap[index] = heap[above]!;
      index = above;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.at < heap[below]!.at) below++;
      if (heap[below]!.at >= last.at) break;
      heap[index] = heap[below]!;
      index = below;
    }
    heap[index] = last;
  }
}
