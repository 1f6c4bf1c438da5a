import type { Crowd } from "../core/observed.ts";
import type { Clock } from "../kube/clock.ts";

export interface MainPlacesOptions {
  /** How many main()s may run at once on one cluster. */
  limit: number;
  clock: Clock;
  /** Whose main() runs there, as the cache of statuses has it: what an earlier process sent. */
  listed: (url: string) => readonly string[];
  /** A place may be free: decide on this one again. */
  wake: (uid: string) => void;
}

/** How things stand with one FlinkJob after a decision. */
export interface MainNote {
  /** Where its main() runs; undefined: nowhere. */
  runsAt: string | undefined;
  /** Its run request is under way: a place that it took stays taken. */
  isFlying: boolean;
  /** Where it waits for a place. */
  waitsAt: string | undefined;
}

/**
 * The main()s that run on each Flink cluster as applications (Flink >= 2.3), by uid. Such a main() takes a thread of the
 * JobManager for as long as it lasts, and when all are taken the JobManager answers nobody. A FlinkJob keeps its place until
 * its main() has come to its end; the others wait for theirs in the order in which they came.
 */
export class MainPlaces {
  readonly #options: MainPlacesOptions;
  readonly #held = new Map<string, string>();
  readonly #waiting = new Map<string, { url: string; since: number }>();
  /** Decided on by this process: what it knows of them is newer than the cache. */
  readonly #noted = new Set<string>();

  constructor(options: MainPlacesOptions) {
    this.#options = options;
  }

  /** Undefined: there is a place for this FlinkJob. */
  crowd(url: string, uid: string): Crowd | undefined {
    const { limit } = this.#options;
    if (this.#free(url, uid) > 0) return undefined;
    const waiting = this.#waiting.get(uid);
    return { limit, since: waiting?.url === url ? waiting.since : undefined };
  }

  /** Takes a place just before the run request leaves; false: there is none. */
  take(url: string, uid: string): boolean {
    if (this.#free(url, uid) <= 0) return false;
    this.#noted.add(uid);
    this.#held.set(uid, url);
    return true;
  }

  note(uid: string, { runsAt, isFlying, waitsAt }: MainNote): void {
    this.#noted.add(uid);
    const before = this.#held.get(uid);
    if (runsAt !== undefined) this.#held.set(uid, runsAt);
    else if (!isFlying) this.#held.delete(uid);
    const waited = this.#waiting.get(uid);
    if (waitsAt === undefined) this.#waiting.delete(uid);
    else if (waited?.url !== waitsAt)
      this.#waiting.set(uid, { url: waitsAt, since: this.#options.clock.now() });
    for (const url of new Set([before, waited?.url])) if (url !== undefined) this.#wakeNext(url);
  }

  forget(uid: string): void {
    this.note(uid, { runsAt: undefined, isFlying: false, waitsAt: undefined });
    this.#noted.delete(uid);
  }

  /** Places that others than this one leave. */
  #free(url: string, uid: string | undefined): number {
    const there = new Set(this.#options.listed(url).filter((other) => !this.#noted.has(other)));
    for (const [other, where] of this.#held) if (where === url) there.add(other);
    if (uid !== undefined) there.delete(uid);
    return this.#options.limit - there.size;
  }

  #wakeNext(url: string): void {
    if (this.#waiting.size === 0) return;
    let free = this.#free(url, undefined);
    for (const [uid, { url: where }] of this.#waiting) {
      if (free <= 0) return;
      if (where !== url) continue;
      this.#options.wake(uid);
      free--;
    }
  }
}
