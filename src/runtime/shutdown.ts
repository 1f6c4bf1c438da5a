import { formatDuration } from "../api/duration.ts";
import type { Clock } from "../kube/clock.ts";
import type { Logger } from "./logging.ts";

/** How the process ends; 128 + the signal's number after a second signal. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** The deadline passed before everything had ended. */
  timeout: 3,
} as const;

/**
 * The order of a shutdown: take in nothing new, let running reconciles end, write what is left to write, give the
 * lease away (only now: a new leader must not start while we work), stop answering probes.
 */
export const phases = ["intake", "drain", "flush", "release", "close"] as const;
export type Phase = (typeof phases)[number];

/** Part of the time that intake and drain may take, so that a worker that hangs leaves time to release the lease. */
const drainShare = 0.8;

/** Ends one part. The signal aborts at the deadline; a step that goes on after it is left behind. */
export type ShutdownStep = (deadline: AbortSignal) => void | Promise<void>;

export interface ShutdownOptions {
  /** For all phases together. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "monotonic" | "setTimeout">;
  readonly logger: Pick<Logger, "info" | "warn" | "error">;
  /** Ends the process; `process.exit` outside tests. */
  readonly exit: (code: number) => void;
}

type PhaseOutcome = "ended" | "failed" | "late";

const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const;
type Signal = keyof typeof signalNumbers;

/** Turns a signal, a lost lease or a fatal error into one orderly end of the process. */
export class Shutdown {
  readonly #options: ShutdownOptions;
  readonly #steps = new Map<Phase, { name: string; step: ShutdownStep }[]>();
  readonly #began = new AbortController();
  #ending: Promise<void> | undefined;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  /** Aborts when the shutdown begins: whoever starts new work asks it first. */
  get signal(): AbortSignal {
    return this.#began.signal;
  }

  /** Steps of one phase run together. */
  add(phase: Phase, name: string, step: ShutdownStep): void {
    const steps = this.#steps.get(phase) ?? [];
    this.#steps.set(phase, [...steps, { name, step }]);
  }

  /** Listens for SIGTERM and SIGINT; the returned function stops listening. */
  listen(source: Pick<NodeJS.Process, "on" | "off"> = process): () => void {
    const handler = (signal: NodeJS.Signals) => this.#signalled(signal as Signal);
    for (const signal of Object.keys(signalNumbers)) source.on(signal as Signal, handler);
    return () => {
      for (const signal of Object.keys(signalNumbers)) source.off(signal as Signal, handler);
    };
  }

  /** Begins the end, once; later calls wait for the same end. `code` is the exit code if all goes well. */
  begin(reason: string, code: number = exitCodes.ok): Promise<void> {
    this.#ending ??= this.#end(reason, code);
    return this.#ending;
  }

  #signalled(signal: Signal): void {
    if (this.#ending === undefined) {
      void this.begin(`received ${signal}`);
      return;
    }
    this.#options.logger.warn({ signal }, "Ended at once on the second signal");
    this.#options.exit(128 + signalNumbers[signal]);
  }

  async #end(reason: string, code: number): Promise<void> {
    const { timeoutMs, clock, logger, exit } = this.#options;
    const startedAt = clock.monotonic();
    logger.info({ reason, timeout: formatDuration(timeoutMs) }, "Began to shut down");
    const drained = new AbortController();
    const ended = new AbortController();
    const timers = [
      clock.setTimeout(() => drained.abort(), timeoutMs * drainShare),
      clock.setTimeout(() => ended.abort(), timeoutMs),
    ];
    this.#began.abort();
    const outcomes = new Set<PhaseOutcome>();
    for (const phase of phases) {
      const deadline = phase === "intake" || phase === "drain" ? drained.signal : ended.signal;
      outcomes.add(await this.#runPhase(phase, deadline));
    }
    for (const timer of timers) timer.cancel();
    const took = formatDuration(clock.monotonic() - startedAt);
    const result = outcomes.has("late")
      ? exitCodes.timeout
      : outcomes.has("failed")
        ? exitCodes.failed
        : code;
    logger.info({ reason, took, exitCode: result }, "Shut down");
    exit(result);
  }

  async #runPhase(phase: Phase, deadline: AbortSignal): Promise<PhaseOutcome> {
    const { logger } = this.#options;
    const steps = this.#steps.get(phase) ?? [];
    const pending = new Set(steps.map(({ name }) => name));
    let failed = false;
    const all = Promise.all(
      steps.map(async ({ name, step }) => {
        try {
          await step(deadline);
        } catch (error) {
          failed = true;
          logger.error({ phase, step: name, error }, "Failed to shut down a part");
        }
        pending.delete(name);
      }),
    );
    await Promise.race([all, aborted(deadline)]);
    if (pending.size === 0) return failed ? "failed" : "ended";
    logger.warn({ phase, left: [...pending] }, "Left unfinished at the deadline");
    return "late";
  }
}

/** Resolves one turn of the event loop after the abort, so that steps which obey it can end in time. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) setImmediate(resolve);
    else signal.addEventListener("abort", () => setImmediate(resolve), { once: true });
  });
}
