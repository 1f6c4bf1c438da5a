import { Backoff } from "./backoff.ts";
import type { KubeClient, Selection } from "./client.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import { KubeError } from "./errors.ts";
import { listPaged, readInitialEvents, refusesStreaming, type Snapshot } from "./list.ts";
import { noMetrics, type WatchMetrics } from "./metrics.ts";
import type { KubeObject, Resource } from "./types.ts";
import type { WatchEvent } from "./watch-stream.ts";

/** Where a reflector puts what it sees. */
export interface ReflectorSink<T extends KubeObject> {
  /** Everything that exists now. */
  replace(objects: T[]): void;
  put(object: T): void;
  remove(object: T): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  client: KubeClient;
  resource: Resource<T>;
  selection?: Selection | undefined;
  clock?: Clock | undefined;
  random?: (() => number) | undefined;
  metrics?: WatchMetrics | undefined;
  /** Told about every failure that the reflector recovers from by itself. */
  onProblem?: ((problem: KubeError) => void) | undefined;
  /** Silence after which a watch counts as dead, in ms. */
  idleLimitMs?: number | undefined;
}

const backoffOptions = { firstMs: 800, longestMs: 30_000, jitter: 1, calmMs: 120_000 };
/** A watch that lasted so long worked: its end is an accident, not a reason to wait. */
const goodWatchMs = 5_000;
/** Refused connections cost the server nothing, and the first that is accepted ends our blindness. */
const refusedPauseMs = 500;
/** A server that starts accepts connections before it answers well. */
const recoveryMs = 30_000;
const recoveryPauseMs = 1_000;

/** Keeps a sink equal to what the API server holds: list, then watch, for ever, whatever breaks. */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #sink: ReflectorSink<T>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #metrics: WatchMetrics;
  readonly #backoff: Backoff;
  /** Where to watch on; undefined = list first. */
  #resourceVersion: string | undefined;
  #streamingList = true;
  #heardAt = Number.NEGATIVE_INFINITY;
  #watchedSince: number | undefined;
  #progressed = false;
  #recoveringUntil = Number.NEGATIVE_INFINITY;

  constructor(options: ReflectorOptions<T>, sink: ReflectorSink<T>) {
    this.#options = options;
    this.#sink = sink;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#metrics = options.metrics ?? noMetrics;
    this.#backoff = new Backoff(backoffOptions, this.#clock, this.#random);
  }

  /** Milliseconds since the server last said anything (a list, an event, a bookmark); Infinity before the first list. */
  get silentMs(): number {
    return this.#clock.monotonic() - this.#heardAt;
  }

  /** Runs until the signal aborts. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#watchedSince = undefined;
      this.#progressed = false;
      let pauseMs: number;
      try {
        await this.#listAndWatch(signal);
        this.#metrics.watchEnded(this.#options.resource.plural, "closed");
        pauseMs = this.#wasGood() ? 0 : this.#backoff.failure();
      } catch (error) {
        if (signal.aborted) return;
        const problem = error instanceof KubeError ? error : wrapped(error);
        this.#metrics.watchEnded(this.#options.resource.plural, problem.code);
        this.#options.onProblem?.(problem);
        pauseMs = this.#pauseAfter(problem);
      }
      await sleep(this.#clock, pauseMs, signal);
    }
  }

  #wasGood(): boolean {
    return this.#watchedSince !== undefined && this.#clock.monotonic() - this.#watchedSince >= goodWatchMs;
  }

  #pauseAfter(problem: KubeError): number {
    const now = this.#clock.monotonic();
    if (problem.code === "Unreachable") {
      this.#recoveringUntil = now + recoveryMs;
      return refusedPauseMs * (1 + this.#random());
    }
    // Cut after a good while: the server may be starting again, and be there before a connection is refused.
    if (problem.code === "Network" && this.#wasGood()) this.#recoveringUntil = now + recoveryMs;
    if (problem.code === "Gone" || problem.hasCause("ResourceVersionTooLarge")) {
      const listing = this.#resourceVersion === undefined;
      this.#resourceVersion = undefined;
      if (!listing && problem.code === "Gone") return 0;
    }
    // The same event cannot be read twice: a list may carry it in a way that can.
    if (problem.code === "BadReply" && !this.#progressed) this.#resourceVersion = undefined;
    const recovering = now < this.#recoveringUntil;
    if (problem.retry.kind === "after") {
      // A server says 503 and five seconds while it starts, and is ready after one. 429 means it.
      const { ms } = problem.retry;
      const wait = recovering && problem.code === "Unavailable" ? Math.min(ms, recoveryPauseMs) : ms;
      return wait * (1 + 0.1 * this.#random());
    }
    if (this.#wasGood()) return 200 * this.#random();
    const pauseMs = this.#backoff.failure();
    return recovering ? Math.min(pauseMs, recoveryPauseMs) : pauseMs;
  }

  async #listAndWatch(signal: AbortSignal): Promise<void> {
    if (this.#resourceVersion !== undefined) return this.#watch(signal, false);
    if (this.#streamingList) {
      try {
        return await this.#watch(signal, true);
      } catch (error) {
        if (!refusesStreaming(error)) throw error;
        this.#streamingList = false;
      }
    }
    const started = this.#clock.monotonic();
    const { client, resource, selection = {} } = this.#options;
    this.#take(await listPaged(client, resource, selection, signal), started);
    return this.#watch(signal, false);
  }

  async #watch(signal: AbortSignal, list: boolean): Promise<void> {
    const started = this.#clock.monotonic();
    const { client, resource, selection, idleLimitMs } = this.#options;
    const stream = await client.watch(resource, {
      ...selection,
      resourceVersion: this.#resourceVersion,
      sendInitialEvents: list,
      timeoutSeconds: Math.round(300 * (1 + this.#random())),
      idleLimitMs,
      signal,
      clock: this.#clock,
    });
    const events = stream[Symbol.asyncIterator]();
    try {
      if (list) {
        const snapshot = await readInitialEvents(stream, events, this.#clock);
        if (snapshot === undefined) throw new KubeError("Invalid", "The server does not list by streaming");
        this.#take(snapshot, started);
      }
      this.#watchedSince = this.#clock.monotonic();
      for (let next = await events.next(); !next.done; next = await events.next()) this.#see(next.value);
    } finally {
      stream.close();
    }
  }

  #take({ objects, resourceVersion }: Snapshot<T>, started: number): void {
    this.#sink.replace(objects);
    this.#resourceVersion = resourceVersion;
    this.#heardAt = this.#clock.monotonic();
    this.#progressed = true;
    this.#metrics.listed(this.#options.resource.plural, objects.length, (this.#heardAt - started) / 1000);
  }

  #see({ type, object }: WatchEvent<T>): void {
    const { resourceVersion = "" } = object.metadata;
    this.#metrics.event(this.#options.resource.plural, type);
    if (type === "BOOKMARK") {
      // A store that was restored from a backup would otherwise stay silent until it has caught up with us.
      if (isOlder(resourceVersion, this.#resourceVersion)) {
        throw new KubeError("Gone", `The server's history went back to resourceVersion ${resourceVersion}`);
      }
    } else if (type === "DELETED") this.#sink.remove(object);
    else this.#sink.put(object);
    this.#resourceVersion = resourceVersion;
    this.#heardAt = this.#clock.monotonic();
    this.#progressed = true;
  }
}

/** Resource versions are decimal numbers by contract since Kubernetes 1.35; anything else is not compared. */
function isOlder(version: string, than: string | undefined): boolean {
  const numbers = /^\d+$/;
  return than !== undefined && numbers.test(version) && numbers.test(than) && BigInt(version) < BigInt(than);
}

function wrapped(cause: unknown): KubeError {
  return new KubeError("BadReply", `Unexpected: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}
