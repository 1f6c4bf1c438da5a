import { type Clock, sleep, type Timer } from "../kube/clock.ts";

/** A slow main() gives its place up after this long, in milliseconds. */
const SLOW_MAIN_MS = 2_000;

/** The right to have one run request under way. */
export interface Pass {
  leave(): void;
}

/**
 * Lets so many run requests begin at once. A slow main() gives its place up after a while: it goes on, but it must not
 * keep other FlinkJobs out.
 */
export class Turnstile {
  readonly #places: number;
  readonly #patienceMs: number;
  readonly #clock: Clock;
  readonly #waiting = new Set<AbortController>();
  #inside = 0;

  constructor(places: number, patienceMs: number, clock: Clock) {
    this.#places = places;
    this.#patienceMs = patienceMs;
    this.#clock = clock;
  }

  /** Undefined when the signal aborted first. */
  async enter(signal: AbortSignal): Promise<Pass | undefined> {
    while (this.#inside >= this.#places && !signal.aborted) {
      const turn = new AbortController();
      this.#waiting.add(turn);
      await sleep(this.#clock, this.#patienceMs, AbortSignal.any([turn.signal, signal]));
      this.#waiting.delete(turn);
    }
    if (signal.aborted) return undefined;
    this.#inside++;
    let inside = true;
    const leave = () => {
      if (!inside) return;
      inside = false;
      timer.cancel();
      this.#inside--;
      const [next] = this.#waiting;
      next?.abort();
    };
    const timer: Timer = this.#clock.setTimeout(leave, this.#patienceMs);
    return { leave };
  }
}

/** One turnstile for each cluster, by its URL. */
export class Turnstiles {
  readonly #places: number;
  readonly #clock: Clock;
  readonly #byUrl = new Map<string, Turnstile>();

  constructor(places: number, clock: Clock) {
    this.#places = places;
    this.#clock = clock;
  }

  of(url: string): Turnstile {
    const known = this.#byUrl.get(url) ?? new Turnstile(this.#places, SLOW_MAIN_MS, this.#clock);
    this.#byUrl.set(url, known);
    return known;
  }
}
