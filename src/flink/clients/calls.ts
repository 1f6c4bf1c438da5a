import { setTimeout as sleep } from "node:timers/promises";
import { FlinkError, isFlinkError } from "../rest/errors.ts";

/** For every call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** For the whole call, in milliseconds. Then it rejects with the FlinkError `Timeout`. Default: none but that of each request. */
  readonly timeoutMs?: number | undefined;
}

/** For calls that wait for something on the cluster. */
export interface WaitOptions extends CallOptions {
  /** Longest pause between two looks, in milliseconds; the first ones are shorter. Default 1,000. */
  readonly pollIntervalMs?: number | undefined;
  /** How long the JobManager may be away (failover, restart, network) before the call gives up, in milliseconds. Default 60,000. */
  readonly patienceMs?: number | undefined;
}

/** The one signal of a call; undefined when nothing ends it. */
export function signalOf({ signal, timeoutMs }: CallOptions): AbortSignal | undefined {
  if (timeoutMs === undefined) return signal;
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

const firstPauseMs = 50;

/** Looks again and again, with growing pauses, and bears a JobManager that is away for a while. */
export class Watch {
  readonly signal: AbortSignal | undefined;
  readonly #longestPauseMs: number;
  readonly #patienceMs: number;
  #pauseMs = firstPauseMs;
  #awaySince: number | undefined;
  #wasAway = false;

  constructor(options: WaitOptions) {
    this.signal = signalOf(options);
    this.#longestPauseMs = options.pollIntervalMs ?? 1_000;
    this.#patienceMs = options.patienceMs ?? 60_000;
  }

  /** Whether the JobManager was away at some time: its jobs may only be coming back. */
  get wasAway(): boolean {
    return this.#wasAway;
  }

  /** Until `look` has something to tell. Rejects with what `look` rejects with, unless waiting may help. */
  async until<T>(look: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      const found = await this.attempt(look);
      if (found !== undefined) return found;
      await this.pause();
    }
  }

  /** One look; undefined also while the JobManager is away. */
  async attempt<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      const found = await look();
      this.#awaySince = undefined;
      return found;
    } catch (error) {
      if (!isFlinkError(error) || error.retry === "never" || this.signal?.aborted) throw error;
      this.#awaySince ??= performance.now();
      this.#wasAway = true;
      if (performance.now() - this.#awaySince > this.#patienceMs) throw error;
      return undefined;
    }
  }

  /** Rejects with the FlinkError `Aborted` or `Timeout`. */
  async pause(): Promise<void> {
    const pauseMs = Math.min(this.#pauseMs, this.#longestPauseMs);
    this.#pauseMs = pauseMs * 1.5;
    try {
      await sleep(pauseMs, undefined, this.signal === undefined ? {} : { signal: this.signal });
    } catch (error) {
      throw givenUp(this.signal, error);
    }
  }

  /** Something happened: more may follow soon. */
  quicken(): void {
    this.#pauseMs = firstPauseMs;
  }
}

function givenUp(signal: AbortSignal | undefined, error: unknown): FlinkError {
  const late = (signal?.reason as { name?: unknown } | undefined)?.name === "TimeoutError";
  return late
    ? new FlinkError("Timeout", "not in the time given", { cause: signal?.reason })
    : new FlinkError("Aborted", "given up by the caller", { cause: signal?.reason ?? error });
}
