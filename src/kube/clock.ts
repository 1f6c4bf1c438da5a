/** A timer that can be taken back. */
export interface Timer {
  cancel(): void;
}

/** Time, injected: everything in this folder that waits or measures does it through a Clock. */
export interface Clock {
  /** Milliseconds since 1970: for time stamps that others read, never for measuring. */
  now(): number;
  /** Milliseconds that only grow, also while the process is stopped (SIGSTOP): for measuring. */
  monotonic(): number;
  /** Calls `run` once, `ms` from now. */
  setTimeout(run: () => void, ms: number): Timer;
}

/** Node cuts longer timers to 1 ms; a caller that waits longer looks again then. */
const longestTimerMs = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(run, ms) {
    const timer = setTimeout(run, Math.min(ms, longestTimerMs));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Waits `ms`, or less when the signal aborts: never rejects, ask the signal. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.setTimeout(end, ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}
