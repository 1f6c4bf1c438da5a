import { Backoff } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { type Clock, sleep } from "./clock.ts";
import { isKubeError, KubeError } from "./errors.ts";
import { microTime } from "./lease.ts";
import type { EventMetrics } from "./metrics.ts";
import type { KubeObject, Resource } from "./types.ts";

/** events.k8s.io/v1 Event. */
export interface KubeEvent extends KubeObject {
  eventTime: string;
  reportingController: string;
  reportingInstance: string;
  action: string;
  reason: string;
  type: "Normal" | "Warning";
  note: string;
  regarding: ObjectReference;
  related?: ObjectReference;
  series?: { count: number; lastObservedTime: string };
}

/** core/v1 ObjectReference. */
export interface ObjectReference {
  apiVersion?: string;
  kind?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  resourceVersion?: string;
}

export const events: Resource<KubeEvent> = {
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  namespaced: true,
};

/** One event and how often it happened. */
export interface EventSeries {
  event: KubeEvent;
  count: number;
  /** Wall clock, ms. */
  lastAt: number;
  /** How often the API server knows of; 0 = not created. */
  written: number;
  /** Monotonic, ms: when writing was last begun. */
  writtenAt: number;
}

type Reason = Parameters<EventMetrics["dropped"]>[0];

const attempts = 5;
const longestWaitMs = 10_000;

/** Writes event series to the API server. Never throws. */
export class EventWriter {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #metrics: EventMetrics;

  constructor(client: KubeClient, clock: Clock, random: () => number, metrics: EventMetrics) {
    this.#client = client;
    this.#clock = clock;
    this.#random = random;
    this.#metrics = metrics;
  }

  /** Brings the API server's count up to the series' own. The signal ends the retries. */
  async write(series: EventSeries, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(
      { firstMs: 250, longestMs: 4_000, jitter: 0.5, calmMs: 60_000 },
      this.#clock,
      this.#random,
    );
    series.writtenAt = this.#clock.monotonic();
    for (let attempt = 1; series.written < series.count; attempt++) {
      const error = await this.#attempt(series, signal);
      if (error === undefined) return;
      const reason = signal.aborted ? "shutdown" : reasonOf(error);
      if (reason !== "unreachable" || attempt >= attempts) {
        this.#metrics.dropped(reason);
        return;
      }
      const waitMs = error.retry.kind === "after" ? error.retry.ms : backoff.failure();
      await sleep(this.#clock, Math.min(waitMs, longestWaitMs), signal);
    }
  }

  async #attempt(series: EventSeries, signal: AbortSignal): Promise<KubeError | undefined> {
    const { count } = series;
    try {
      if (series.written === 0) {
        await this.#create(series, count, signal);
        this.#metrics.written("created");
      } else {
        await this.#count(series, count, signal);
        this.#metrics.written("series");
      }
      series.written = count;
      return undefined;
    } catch (error) {
      return error instanceof KubeError ? error : new KubeError("Invalid", String(error), { cause: error });
    }
  }

  async #create(series: EventSeries, count: number, signal: AbortSignal): Promise<void> {
    const event = count > 1 ? { ...series.event, series: seriesOf(series, count) } : series.event;
    try {
      await this.#client.create(events, event, { signal });
    } catch (error) {
      // The answer to an earlier attempt was lost; the name is ours alone.
      if (!isKubeError(error, "AlreadyExists")) throw error;
    }
  }

  async #count(series: EventSeries, count: number, signal: AbortSignal): Promise<void> {
    const { namespace, name = "" } = series.event.metadata;
    const body = { series: seriesOf(series, count) };
    try {
      await this.#client.patch(events, { namespace, name }, { type: "merge", body }, { signal });
    } catch (error) {
      // Events live for an hour.
      if (!isKubeError(error, "NotFound")) throw error;
      await this.#create(series, count, signal);
    }
  }
}

function seriesOf(series: EventSeries, count: number): { count: number; lastObservedTime: string } {
  return { count, lastObservedTime: microTime(series.lastAt) };
}

function reasonOf(error: KubeError): Reason {
  // A namespace that is going away takes no new objects, and its events with it.
  if (error.hasCause("NamespaceTerminating") || error.code === "NotFound") return "terminating";
  return error.retry.kind === "never" || error.code === "Forbidden" ? "refused" : "unreachable";
}
