import type { KubeClient, Selection } from "./client.ts";
import { type Clock, sleep } from "./clock.ts";
import { isKubeError, KubeError } from "./errors.ts";
import { type KubeObject, key, type Resource } from "./types.ts";
import type { WatchEvent, WatchStream } from "./watch-stream.ts";

/** A complete list, and the resourceVersion from which to watch on. */
export interface Snapshot<T extends KubeObject> {
  objects: T[];
  resourceVersion: string;
}

const pageSize = 500;
const pageDeadlineMs = 60_000;
/** The end mark follows the last object at once; a server that does not know it stays silent for ever. */
const endMarkLimitMs = 15_000;

/** Lists page by page. When the list expires under our hands, once more in a single page. */
export async function listPaged<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  selection: Selection,
  signal: AbortSignal,
): Promise<Snapshot<T>> {
  try {
    return await pages(client, resource, selection, signal, pageSize);
  } catch (error) {
    if (!isKubeError(error, "Gone")) throw error;
    return pages(client, resource, selection, signal, undefined);
  }
}

async function pages<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  selection: Selection,
  signal: AbortSignal,
  limit: number | undefined,
): Promise<Snapshot<T>> {
  const objects: T[] = [];
  for (let next: string | undefined; ; ) {
    const page = await client.list(resource, {
      ...selection,
      limit,
      continue: next,
      signal,
      deadlineMs: pageDeadlineMs,
      lane: "apart",
    });
    for (const object of page.items) {
      delete object.metadata.managedFields;
      objects.push(object);
    }
    next = page.metadata.continue;
    if (!next) return { objects, resourceVersion: page.metadata.resourceVersion ?? "" };
  }
}

/**
 * Reads the present objects from a watch that was opened with sendInitialEvents; the watch goes on after them. Returns
 * undefined when the server does not know this way of listing.
 */
export async function readInitialEvents<T extends KubeObject>(
  stream: WatchStream<T>,
  events: AsyncIterator<WatchEvent<T>>,
  clock: Clock,
): Promise<Snapshot<T> | undefined> {
  const objects = new Map<string, T>();
  let late = false;
  const watchdog = new Silence(clock, endMarkLimitMs, () => {
    late = true;
    stream.close();
  });
  try {
    for (let next = await events.next(); !next.done; next = await events.next()) {
      watchdog.heard();
      const { type, object } = next.value;
      if (type === "BOOKMARK") {
        const { annotations, resourceVersion = "" } = object.metadata;
        if (annotations?.[endMark] === "true") return { objects: [...objects.values()], resourceVersion };
      } else if (type === "DELETED") objects.delete(key(object));
      else {
        delete object.metadata.managedFields;
        objects.set(key(object), object);
      }
    }
    throw new KubeError("Network", "The watch ended before it had listed everything");
  } catch (error) {
    if (late) return undefined;
    throw error;
  } finally {
    watchdog.stop();
  }
}

const endMark = "k8s.io/initial-events-end";

/** Whether a server refused to list by streaming, rather than this particular request. */
export function refusesStreaming(error: unknown): boolean {
  return isKubeError(error, "Invalid", "BadRequest");
}

class Silence {
  readonly #stop = new AbortController();
  #heard = true;

  constructor(clock: Clock, limitMs: number, tooLong: () => void) {
    void this.#watch(clock, limitMs, tooLong);
  }

  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    this.#stop.abort();
  }

  async #watch(clock: Clock, limitMs: number, tooLong: () => void): Promise<void> {
    while (this.#heard) {
      this.#heard = false;
      await sleep(clock, limitMs, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
    }
    tooLong();
  }
}
