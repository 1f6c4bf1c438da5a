import { setTimeout as delay } from "node:timers/promises";
import type { Act, Bystanders } from "./act.ts";

const LOOK_EVERY_MS = 200;
/**
 * No more than this many at a time. Flink 2.3.0 runs main() on the JobManager's own threads, 8 on a small machine: one that
 * is out of threads answers nobody any more, and one that runs out of them while it recovers ends itself.
 */
const AT_ONCE = 2;
/** A second of work: long enough for the recorder to see it. */
const WORK = ["--elements", "50", "--delay", "20"];

/** FlinkJobs that keep coming in while the JobManager dies and comes back: each a small job with an end. */
export class Traffic implements Bystanders {
  readonly #act: Act;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #problem: unknown;
  readonly #names: string[] = [];
  readonly #open = new Set<string>();

  constructor(act: Act) {
    this.#act = act;
    this.#loop = this.#run().catch((error: unknown) => {
      this.#problem = error;
    });
    act.onEnd(() => this.#end());
  }

  /** Lets the last ones come to their end, and counts. */
  async settle(): Promise<{ flinkJobs: number; jobs: number }> {
    await this.#end();
    if (this.#problem !== undefined) throw this.#problem;
    const names = this.#names;
    await this.#act.until(async () => (await this.#unfinished()) === 0);
    const jobs = names.reduce((sum, name) => sum + this.#act.recorder.runs(name), 0);
    const exactlyOnce = names.filter((name) => this.#act.recorder.runs(name) === 1).length;
    this.#act.claim(
      exactlyOnce === names.length,
      `${names.length} more FlinkJobs came in throughout, and Flink ran ${jobs} jobs for them`,
    );
    return { flinkJobs: names.length, jobs };
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      if ((await this.#unfinished()) < AT_ONCE) {
        const name = `traffic-${this.#names.length}`;
        this.#names.push(name);
        this.#open.add(name);
        await this.#act.apply(name, ["batch", ...WORK], false);
      }
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #unfinished(): Promise<number> {
    for (const name of this.#open) {
      const trigger = (await this.#act.get(name))?.status?.trigger;
      if (trigger?.finishedAt !== undefined) this.#open.delete(name);
    }
    return this.#open.size;
  }
}
