/** A timer that can be taken back. */
export interface Timer {
  cancel(): void;
}

/** Time, injected. The clocks of src/kube (the real one and the one for tests) fit as they are. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  setTimeout(run: () => void, ms: number): Timer;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(run, ms) {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The time of one process: when it dies, nothing that it had planned happens any more. */
export class ProcessTime {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  #dead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  get dead(): boolean {
    return this.#dead;
  }

  after(ms: number, run: () => void): Timer {
    if (this.#dead) return { cancel: () => {} };
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
    return {
      cancel: () => {
        timer.cancel();
        this.#timers.delete(timer);
      },
    };
  }

  /** Never settles when the process dies first, like a call to it. */
  wait(ms: number): Promise<void> {
    return ms <= 0 && !this.#dead ? Promise.resolve() : new Promise((resolve) => this.after(ms, resolve));
  }

  die(): void {
    this.#dead = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
