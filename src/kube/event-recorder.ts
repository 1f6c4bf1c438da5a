import type { KubeClient } from "./client.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import { DelayedKeys } from "./delayed-keys.ts";
import { EventCorrelator } from "./event-correlator.ts";
import { type EventSeries, EventWriter, type KubeEvent, type ObjectReference } from "./event-writer.ts";
import { microTime } from "./lease.ts";
import { type EventMetrics, noMetrics } from "./metrics.ts";
import { Recent } from "./recent.ts";
import { apiVersion, type KubeObject, type Resource } from "./types.ts";

/** What happened to an object. */
export interface Occurrence {
  type: "Normal" | "Warning";
  /** Why, in PascalCase: machines match it. */
  reason: string;
  /** What was done or tried, in PascalCase; the reason unless told. */
  action?: string | undefined;
  /** For people. Cut at 1024 bytes. */
  note: string;
  related?: ObjectReference | undefined;
}

interface EventRecorderOptions {
  client: KubeClient;
  /** The reporting controller: a qualified name, for example "flinkjob.dev/operator". */
  controller: string;
  /** The reporting instance: the pod's name. */
  instance: string;
  clock?: Clock | undefined;
  random?: (() => number) | undefined;
  metrics?: EventMetrics | undefined;
  /** Events that wait to be written; further ones are dropped. */
  queueLimit?: number | undefined;
}

const noteLimit = 1024;
const remembered = 4096;
/** An event that was not seen for so long is told anew, with its own time. */
const seriesGapMs = 10 * 60_000;
/** A count that grows is written at most this often. */
const countEveryMs = 10_000;

/** Records what happens to objects as events.k8s.io/v1 Events, later and in the background. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #metrics: EventMetrics;
  readonly #queueLimit: number;
  readonly #correlator: EventCorrelator;
  readonly #writer: EventWriter;
  readonly #series = new Recent<EventSeries>(remembered);
  /** With something to write, in order. */
  readonly #pending = new Set<EventSeries>();
  /** Whose count was written a moment ago. */
  readonly #later: DelayedKeys<EventSeries>;
  readonly #stop = new AbortController();
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#metrics = options.metrics ?? noMetrics;
    this.#queueLimit = options.queueLimit ?? 1000;
    this.#correlator = new EventCorrelator(this.#clock);
    this.#writer = new EventWriter(options.client, this.#clock, this.#random, this.#metrics);
    this.#later = new DelayedKeys(this.#clock, (series) => this.#enqueue(series));
  }

  /** Notes an occurrence. Returns at once and never throws; the API server may refuse it later without a word to you. */
  record<T extends KubeObject>(resource: Resource<T>, object: T, occurrence: Occurrence): void {
    if (this.#closed) {
      this.#metrics.dropped("shutdown");
      return;
    }
    const regarding = referenceTo(resource, object);
    const { type, reason, action = reason, related } = occurrence;
    const id = regarding.uid ?? JSON.stringify([regarding.kind, regarding.namespace, regarding.name]);
    const kind = JSON.stringify([id, type, reason, action, related?.uid, related?.name]);
    const correlated = this.#correlator.correlate(id, kind, shortened(occurrence.note, noteLimit));
    if (correlated === undefined) {
      this.#metrics.dropped("spam");
      return;
    }
    const now = this.#clock.now();
    let series = this.#series.get(correlated.series);
    if (series === undefined || now - series.lastAt > seriesGapMs) {
      const note = shortened(correlated.note, noteLimit);
      const event = this.#event(regarding, { ...occurrence, action, note }, now);
      series = { event, count: 0, lastAt: now, written: 0, writtenAt: Number.NEGATIVE_INFINITY };
      this.#series.set(correlated.series, series);
    }
    series.count++;
    series.lastAt = now;
    const waitMs = series.writtenAt + countEveryMs - this.#clock.monotonic();
    if (waitMs <= 0) this.#enqueue(series);
    else this.#later.add(series, waitMs);
  }

  /** Takes no more events and writes those that wait, for at most `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    this.#closed = true;
    for (const series of this.#later.drain()) this.#pending.add(series);
    this.#start();
    const done = new AbortController();
    await Promise.race([this.#writing, sleep(this.#clock, limitMs, done.signal)]);
    done.abort();
    for (const _ of this.#pending) this.#metrics.dropped("shutdown");
    this.#pending.clear();
    this.#stop.abort();
    await this.#writing;
  }

  #enqueue(series: EventSeries): void {
    if (this.#pending.size >= this.#queueLimit && !this.#pending.has(series)) {
      this.#metrics.dropped("queue-full");
      return;
    }
    this.#pending.add(series);
    this.#start();
  }

  #start(): void {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(): Promise<void> {
    for (let [series] = this.#pending; series !== undefined; [series] = this.#pending) {
      this.#pending.delete(series);
      await this.#writer.write(series, this.#stop.signal);
    }
  }

  #event(regarding: ObjectReference, occurrence: Occurrence & { action: string }, now: number): KubeEvent {
    const { type, reason, action, note, related } = occurrence;
    const suffix =
      now.toString(16) +
      Math.floor(this.#random() * 2 ** 24)
        .toString(16)
        .padStart(6, "0");
    return {
      metadata: {
        name: `${(regarding.name ?? "").slice(0, 253 - suffix.length - 1)}.${suffix}`,
        // Events of cluster-scoped objects live here by rule.
        namespace: regarding.namespace ?? "default",
      },
      eventTime: microTime(now),
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance.slice(0, 128),
      action: action.slice(0, 128),
      reason: reason.slice(0, 128),
      type,
      note,
      regarding,
      ...(related ? { related } : {}),
    };
  }
}

function referenceTo(resource: Resource<KubeObject>, { metadata }: KubeObject): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata;
  return {
    apiVersion: apiVersion(resource),
    kind: resource.kind,
    ...(namespace ? { namespace } : {}),
    ...(name ? { name } : {}),
    ...(uid ? { uid } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  };
}

/** The API server counts bytes. */
function shortened(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit - 3;
  // Not within a character: bytes of the form 10xxxxxx continue one.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end).toString("utf8")}...`;
}
