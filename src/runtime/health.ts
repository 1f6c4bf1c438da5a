import { monitorEventLoopDelay } from "node:perf_hooks";
import { formatDuration } from "../api/duration.ts";
import { type Answer, HttpEndpoint } from "./http-endpoint.ts";
import type { Metrics } from "./metrics.ts";
import { redactText } from "./redaction.ts";

/** One thing that must hold. */
export interface Check {
  readonly name: string;
  /** Undefined when it holds, else one sentence that says what does not. */
  problem(): string | undefined;
}

/**
 * `/healthz` says whether a restart would help: the process turns and its watches are alive. It says nothing of Flink or of the
 * API server, whose illness no restart cures. `/readyz` says whether the caches are full; a standby is ready too.
 */
export function healthEndpoint({
  live,
  ready,
}: {
  live: readonly Check[];
  ready: readonly Check[];
}): HttpEndpoint {
  return new HttpEndpoint({
    "/healthz": (query) => verdict(live, query),
    "/readyz": (query) => verdict(ready, query),
  });
}

/** `/metrics` on an address of its own. */
export function metricsEndpoint(metrics: Pick<Metrics, "scrape">): HttpEndpoint {
  return new HttpEndpoint({
    "/metrics": async () => ({ status: 200, ...(await metrics.scrape()) }),
  });
}

/** As the API server answers: `ok`, or a line per check when one fails or `?verbose` asks. */
function verdict(checks: readonly Check[], query: URLSearchParams): Answer {
  const results = checks.map((check) => ({ name: check.name, problem: check.problem() }));
  const healthy = results.every(({ problem }) => problem === undefined);
  if (healthy && !query.has("verbose")) return { status: 200, body: "ok\n" };
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+] ${name}: ok` : `[-] ${name}: ${redactText(problem)}`,
  );
  return { status: healthy ? 200 : 503, body: `${lines.join("\n")}\n${healthy ? "ok" : "failed"}\n` };
}

const sampleMs = 20;

/** The part of Node's histogram that is needed; in nanoseconds. */
type DelayHistogram = Pick<ReturnType<typeof monitorEventLoopDelay>, "mean" | "reset" | "enable" | "disable">;

/**
 * Fails when the event loop was late by more than `limitMs` on average since the last probe: the process is so busy or
 * starved that leases and watches time out. Close it to stop the measuring.
 */
export class EventLoopCheck implements Check, Disposable {
  readonly name = "event-loop";
  readonly #limitMs: number;
  readonly #delay: DelayHistogram;

  constructor(limitMs: number, delay: DelayHistogram = monitorEventLoopDelay({ resolution: sampleMs })) {
    this.#limitMs = limitMs;
    this.#delay = delay;
    this.#delay.enable();
  }

  problem(): string | undefined {
    const lateMs = this.#delay.mean / 1e6 - sampleMs;
    this.#delay.reset();
    if (!(lateMs > this.#limitMs)) return undefined;
    return `the event loop is ${formatDuration(lateMs)} late on average (limit ${formatDuration(this.#limitMs)})`;
  }

  [Symbol.dispose](): void {
    this.#delay.disable();
  }
}

/** A cache that follows the API server, as src/kube has them. */
export interface Followed {
  /** Whether it has held a complete list. */
  hasSynced(): boolean;
  /** Milliseconds since the API server was last heard; Infinity before the first list. */
  silentMs(): number;
}

/**
 * Fails when a cache that has once been filled has heard nothing (no event, no bookmark, no list) for `limitMs`. An API server
 * that is down makes every cache silent, and a restart would lose them for nothing: set the limit well above a
 * usual outage, or let `connected` say that the silence is not ours.
 */
export function watchCheck(
  caches: Readonly<Record<string, Followed>>,
  limitMs: number,
  connected: () => boolean = () => true,
): Check {
  return {
    name: "watches",
    problem() {
      if (!connected()) return undefined;
      const silent = Object.entries(caches)
        .map(([resource, cache]) => ({ resource, ms: cache.silentMs() }))
        .filter(({ ms }) => Number.isFinite(ms) && ms > limitMs);
      const words = silent.map(({ resource, ms }) => `${resource} for ${formatDuration(ms)}`);
      return words.length === 0 ? undefined : `nothing heard of ${words.join(", ")}`;
    },
  };
}

/** Fails until every cache holds its first complete list. */
export function cacheCheck(caches: Readonly<Record<string, Pick<Followed, "hasSynced">>>): Check {
  return {
    name: "caches",
    problem() {
      const missing = Object.keys(caches).filter((resource) => !caches[resource]?.hasSynced());
      return missing.length === 0 ? undefined : `waiting for the first list of ${missing.join(", ")}`;
    },
  };
}
