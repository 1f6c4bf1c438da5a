import { setTimeout as delay } from "node:timers/promises";
import type { Act } from "./act.ts";

/**
 * Not too many at a time: Flink 2.3.0 runs main() on the JobManager's own threads, 8 on a small machine, and one that is
 * out of threads answers nobody any more.
 */
const EVERY_MS = 1_500;
/** A second of work: long enough for the recorder to see it. */
const WORK = ["--elements", "50", "--delay", "20"];

/** FlinkJobs that keep coming in while the JobManager dies and comes back: each a small job with an end. */
export class Traffic {
  readonly #act: Act;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #count = 0;

  constructor(act: Act) {
    this.#act = act;
    this.#loop = this.#run();
  }

  /** Lets the last ones come to their end, and counts. */
  async settle(): Promise<{ flinkJobs: number; jobs: number }> {
    this.#stop.abort();
    await this.#loop;
    const names = Array.from({ length: this.#count }, (_, i) => nameOf(i));
    await this.#act.until(async () => {
      for (const name of names) {
        const trigger = (await this.#act.get(name))?.status?.trigger;
        if (trigger?.finishedAt === undefined) return false;
      }
      return true;
    });
    const jobs = names.reduce((sum, name) => sum + this.#act.recorder.runs(name), 0);
    const exactlyOnce = names.filter((name) => this.#act.recorder.runs(name) === 1).length;
    this.#act.claim(
      exactlyOnce === names.length,
      `${names.length} more FlinkJobs came in throughout, and Flink ran ${jobs} jobs for them`,
    );
    return { flinkJobs: names.length, jobs };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#act.apply(nameOf(this.#count++), ["batch", ...WORK], false);
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

function nameOf(index: number): string {
  return `traffic-${index}`;
}
