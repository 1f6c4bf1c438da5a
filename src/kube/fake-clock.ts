import type { Clock, Timer } from "./clock.ts";

interface Due {
  at: number;
  run: () => void;
}

/** A clock for tests: stands still until it is told to advance. */
export class FakeClock implements Clock {
  #monotonic = 1_000;
  #wall: number;
  #due = new Set<Due>();

  constructor(wall = Date.UTC(2026, 0, 1)) {
    this.#wall = wall;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  setTimeout(run: () => void, ms: number): Timer {
    const due: Due = { at: this.#monotonic + Math.max(0, ms), run };
    this.#due.add(due);
    return { cancel: () => void this.#due.delete(due) };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#due.size;
  }

  /** Lets `ms` pass and runs what falls due, in order; between timers, promises settle. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await settle();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#wall += next.at - this.#monotonic;
      this.#monotonic = next.at;
      this.#due.delete(next);
      next.run();
      await settle();
    }
    // `freeze` may have come between.
    if (end > this.#monotonic) this.freeze(end - this.#monotonic);
  }

  /** Time passes and no timer runs, as for a process that is stopped and continued. */
  freeze(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }

  /** Somebody sets the wall clock; measured time does not notice. */
  setWall(ms: number): void {
    this.#wall = ms;
  }

  #next(end: number): Due | undefined {
    let first: Due | undefined;
    for (const due of this.#due) if (due.at <= end && (first === undefined || due.at < first.at)) first = due;
    if (first !== undefined && first.at < this.#monotonic) first.at = this.#monotonic;
    return first;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
