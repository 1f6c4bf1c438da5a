import { type Clock, systemClock, type Timer } from "./clock.ts";
import { errorFromStatus, KubeError } from "./errors.ts";
import type { KubeStream, Transport } from "./transport.ts";
import type { KubeObject, StatusReply } from "./types.ts";

/** One line of a watch. A BOOKMARK's object carries little more than a resourceVersion. */
export interface WatchEvent<T extends KubeObject> {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  object: T;
}

/** Where and how long to watch. */
export interface WatchOptions {
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  resourceVersion?: string | undefined;
  /** Start with the present objects and a bookmark that ends them. */
  sendInitialEvents?: boolean | undefined;
  /** The server ends the watch after this time. */
  timeoutSeconds?: number | undefined;
  /** Silence after which the connection counts as dead, in ms. Bookmarks come about every minute. */
  idleLimitMs?: number | undefined;
  maxLineBytes?: number | undefined;
  signal?: AbortSignal | undefined;
  clock?: Clock | undefined;
}

const defaultIdleLimitMs = 90_000;
/** etcd holds objects of 1.5 MiB; JSON with escapes may be several times that. */
const defaultMaxLineBytes = 16 * 1024 * 1024;

/**
 * The events of one watch request. Iteration ends when the server ends the watch; it throws KubeError for everything else:
 * an ERROR event (Gone, TooManyRequests ...), a broken connection (Network), a line that is no event (BadReply), silence
 * (Timeout).
 */
export class WatchStream<T extends KubeObject> implements AsyncIterable<WatchEvent<T>> {
  readonly #stream: KubeStream;
  readonly #clock: Clock;
  readonly #idleLimitMs: number;
  readonly #maxLineBytes: number;
  #heardAt: number;
  #silent = false;
  #timer: Timer | undefined;

  constructor(stream: KubeStream, options: WatchOptions) {
    this.#stream = stream;
    this.#clock = options.clock ?? systemClock;
    this.#idleLimitMs = options.idleLimitMs ?? defaultIdleLimitMs;
    this.#maxLineBytes = options.maxLineBytes ?? defaultMaxLineBytes;
    this.#heardAt = this.#clock.monotonic();
  }

  /** Ends the watch; iteration throws Aborted. */
  close(): void {
    this.#stream.close();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<WatchEvent<T>> {
    this.#watch(this.#idleLimitMs);
    try {
      for await (const line of this.#lines()) yield toEvent<T>(line);
    } catch (error) {
      if (!this.#silent) throw error;
      throw new KubeError("Timeout", `The watch was silent for ${this.#idleLimitMs} ms`, { cause: error });
    } finally {
      this.#timer?.cancel();
      this.#stream.close();
    }
  }

  // One timer that looks when something was last heard is cheaper than a new timer for every chunk.
  #watch(ms: number): void {
    this.#timer = this.#clock.setTimeout(() => {
      const left = this.#heardAt + this.#idleLimitMs - this.#clock.monotonic();
      if (left > 0) {
        this.#watch(left);
        return;
      }
      this.#silent = true;
      this.#stream.close();
    }, ms);
  }

  async *#lines(): AsyncIterable<string> {
    let parts: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.#stream.chunks) {
      this.#heardAt = this.#clock.monotonic();
      let start = 0;
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
        const line = join(parts, chunk.subarray(start, end));
        parts = [];
        size = 0;
        start = end + 1;
        if (line.trim() !== "") yield line;
      }
      if (start < chunk.length) parts.push(chunk.subarray(start));
      size += chunk.length - start;
      if (size > this.#maxLineBytes) {
        throw new KubeError("BadReply", `A watch event is longer than ${this.#maxLineBytes} bytes`);
      }
      // Time that our own reader spends on the events is not the server's silence.
      this.#heardAt = this.#clock.monotonic();
    }
    if (size > 0) throw new KubeError("BadReply", "The watch ended in the middle of an event");
  }
}

/** Opens a watch on a collection's path. */
export async function openWatch<T extends KubeObject>(
  transport: Transport,
  path: string,
  options: WatchOptions,
): Promise<WatchStream<T>> {
  const { labelSelector, fieldSelector, resourceVersion, sendInitialEvents, timeoutSeconds, signal } =
    options;
  const stream = await transport.stream({
    method: "GET",
    path,
    query: {
      watch: true,
      allowWatchBookmarks: true,
      labelSelector,
      fieldSelector,
      resourceVersion,
      timeoutSeconds,
      ...(sendInitialEvents ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" } : {}),
    },
    signal,
  });
  return new WatchStream<T>(stream, options);
}

const newline = 0x0a;
const types = new Set(["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]);

function join(parts: Uint8Array[], last: Uint8Array): string {
  const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last]);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}

function toEvent<T extends KubeObject>(line: string): WatchEvent<T> {
  let event: { type?: unknown; object?: unknown };
  try {
    event = JSON.parse(line) as typeof event;
  } catch (cause) {
    throw new KubeError("BadReply", "A watch event is no JSON", { cause });
  }
  if (event?.type === "ERROR") {
    const status = (event.object ?? {}) as StatusReply;
    throw errorFromStatus(status.code ?? 500, status, "watch");
  }
  const metadata = (event?.object as KubeObject | undefined)?.metadata;
  if (!types.has(String(event?.type)) || typeof metadata?.resourceVersion !== "string") {
    throw new KubeError("BadReply", `A watch event of type ${JSON.stringify(event?.type)} has no object`);
  }
  return event as WatchEvent<T>;
}
