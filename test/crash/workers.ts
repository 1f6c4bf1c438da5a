import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type Case, caseName } from "./matrix.ts";
import { nothing, type Score } from "./player.ts";
import type { FromWorker, ToWorker, WorkerTask } from "./worker.ts";

/** Plays the cases on so many threads; each takes the next case when it has lanes to spare. */
export async function playOnThreads(
  cases: readonly Case[],
  threads: number,
  task: WorkerTask,
  print: (text: string) => void,
): Promise<Score> {
  const left = cases.map(caseName);
  const sum = nothing();
  const workers: Worker[] = [];
  const work = async () => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: task,
      // Most of what a run makes is thrown away at once.
      resourceLimits: { maxYoungGenerationSizeMb: 128 },
    });
    let finished = false;
    worker.on("message", (message: FromWorker) => {
      if ("wants" in message) worker.postMessage({ name: left.shift() } satisfies ToWorker);
      else if ("prints" in message) print(message.prints);
      else {
        finished = true;
        add(sum, message.score);
      }
    });
    workers.push(worker);
    // An error of the worker rejects this.
    await once(worker, "exit");
    if (!finished) throw new Error("A worker ended without a score");
  };
  try {
    await Promise.all(Array.from({ length: Math.min(threads, cases.length) }, work));
  } finally {
    for (const worker of workers) await worker.terminate();
  }
  return sum;
}

function add(sum: Score, score: Score): void {
  sum.passed += score.passed;
  sum.failed += score.failed;
  sum.calls += score.calls;
  sum.unreached.push(...score.unreached);
  sum.stuck.push(...score.stuck);
}
