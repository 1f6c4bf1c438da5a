import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Bounds, Report } from "./explore.ts";
import type { Catch } from "./hunt.ts";
import type { WalkBounds, Walks } from "./walk.ts";

/** Something to search for, as plain data: threads share no memory. */
export type Errand =
  | { readonly kind: "explore"; readonly world: string; readonly bounds: Bounds }
  | { readonly kind: "walk"; readonly worlds: readonly string[]; readonly bounds: WalkBounds }
  | { readonly kind: "hunt"; readonly mutant: string };

export interface Results {
  explore: Report;
  walk: Walks;
  hunt: Catch;
}

export type Reply = { readonly result: Results[Errand["kind"]] } | { readonly error: string };

interface Waiting {
  readonly errand: Errand;
  readonly resolve: (result: Results[Errand["kind"]]) => void;
  readonly reject: (error: Error) => void;
}

/** What lives in a nursery this large is mostly dead when it is full. */
const YOUNG_MB = 64;

/** One thread for each core; errands are done in the order in which they come. */
export class Crew {
  readonly size: number;
  readonly #idle: Worker[] = [];
  readonly #all: Worker[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #busy = new Map<Worker, Waiting>();

  constructor(size = availableParallelism()) {
    this.size = size;
  }

  /** Rejects with what the search threw. */
  do<K extends Errand["kind"]>(errand: Extract<Errand, { kind: K }>): Promise<Results[K]> {
    return new Promise((resolve, reject) => {
      const kept = resolve as (result: Results[Errand["kind"]]) => void;
      this.#waiting.push({ errand, resolve: kept, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((worker) => worker.terminate()));
  }

  #next(): void {
    const worker = this.#idle.pop() ?? (this.#all.length < this.size ? this.#hire() : undefined);
    if (!worker) return;
    const waiting = this.#waiting.shift();
    if (!waiting) {
      this.#idle.push(worker);
      return;
    }
    this.#busy.set(worker, waiting);
    worker.postMessage(waiting.errand);
  }

  #hire(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#all.push(worker);
    worker.on("message", (reply: Reply) => {
      const done = this.#busy.get(worker);
      this.#busy.delete(worker);
      this.#idle.push(worker);
      if ("error" in reply) done?.reject(new Error(reply.error));
      else done?.resolve(reply.result);
      this.#next();
    });
    worker.on("error", (error) => {
      this.#busy.get(worker)?.reject(error instanceof Error ? error : new Error(String(error)));
      this.#busy.delete(worker);
      this.#all.splice(this.#all.indexOf(worker), 1);
      this.#next();
    });
    return worker;
  }
}
