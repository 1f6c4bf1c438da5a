import { describe, expect, test } from "vitest";
import { KubeError, type Retry } from "./errors.ts";
import { FakeClock } from "./fake-clock.ts";
import { WorkQueue } from "./work-queue.ts";
import { type Reconcile, Workers } from "./workers.ts";

function make(reconcile: Reconcile, options: { concurrency?: number; timeLimitMs?: number } = {}) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ name: "test", clock });
  const failures: Retry[] = [];
  const workers = new Workers({
    name: "test",
    queue,
    reconcile,
    clock,
    onError: (_, __, retry) => failures.push(retry),
    ...options,
  });
  workers.start();
  return { clock, queue, workers, failures };
}

describe("Workers", () => {
  test("an error is tried again after doubling pauses, until success forgets them", async () => {
    const calls: number[] = [];
    const { clock, queue } = make(async () => {
      calls.push(clock.monotonic());
      if (calls.length < 4) throw new Error("no");
    });
    queue.add("a");
    await clock.advance(1000);
    expect(calls.map((at) => at - calls[0]!)).toEqual([0, 5, 15, 35]);
    expect(queue.failures("a")).toBe(0);
  });

  test("an error's own policy decides: never, or after a time", async () => {
    let calls = 0;
    const { clock, queue, failures } = make(async (key) => {
      calls++;
      if (key === "never") throw new KubeError("Invalid", "no");
      throw new KubeError("TooManyRequests", "later", { retry: { kind: "after", ms: 7000 } });
    });
    queue.add("never");
    await clock.advance(1e6);
    expect(calls).toBe(1);
    queue.add("after");
    await clock.advance(6999);
    expect(calls).toBe(2);
    await clock.advance(1);
    expect(calls).toBe(3);
    expect(failures.map(({ kind }) => kind)).toEqual(["never", "after", "after"]);
  });

  test("an outcome asks for another call", async () => {
    let calls = 0;
    const { clock, queue } = make(async () => {
      calls++;
      return { requeueAfterMs: 1000 };
    });
    queue.add("a");
    await clock.advance(3500);
    expect(calls).toBe(4);
  });

  test("one key is never in two workers, other keys are not held up", async () => {
    const inside = new Map<string, number>();
    let most = 0;
    const clockOf = (): FakeClock => made.clock;
    const made = make(
      async (key) => {
        const now = (inside.get(key) ?? 0) + 1;
        inside.set(key, now);
        expect(now).toBe(1);
        most = Math.max(
          most,
          [...inside.values()].reduce((a, b) => a + b),
        );
        await new Promise<void>((resolve) => clockOf().setTimeout(resolve, 100));
        inside.set(key, 0);
      },
      { concurrency: 3 },
    );
    for (const key of ["a", "b", "c", "a", "b"]) made.queue.add(key);
    await made.clock.advance(50);
    made.queue.add("a");
    await made.clock.advance(1000);
    expect(most).toBe(3);
    expect(made.failures).toEqual([]);
  });

  test("what a reconcile throws synchronously, or that is no error, stays inside", async () => {
    let calls = 0;
    const { clock, queue } = make((() => {
      calls++;
      throw "a string";
    }) as Reconcile);
    queue.add("a");
    await clock.advance(20);
    expect(calls).toBe(3);
  });

  test("a reconcile beyond its time limit is told, and tried again", async () => {
    let calls = 0;
    const { clock, queue, failures } = make(
      (_, signal) => {
        calls++;
        return new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new KubeError("Aborted", "cut off"))),
        );
      },
      { timeLimitMs: 1000 },
    );
    queue.add("a");
    await clock.advance(1004);
    expect(calls).toBe(1);
    await clock.advance(1);
    expect(calls).toBe(2);
    expect(failures).toEqual([{ kind: "backoff" }]);
  });

  test("stop lets a reconcile finish in its grace, then aborts it", async () => {
    const seen: string[] = [];
    const { clock, queue, workers } = make(
      (key, signal) =>
        new Promise<void>((resolve) => {
          if (key === "quick") clock.setTimeout(resolve, 500);
          signal.addEventListener("abort", () => {
            seen.push(key);
            resolve();
          });
        }),
      { concurrency: 2 },
    );
    queue.add("quick");
    queue.add("slow");
    await clock.advance(0);
    let stopped = false;
    const stop = workers.stop(1000).then(() => {
      stopped = true;
    });
    await clock.advance(999);
    expect(seen).toEqual([]);
    expect(stopped).toBe(false);
    await clock.advance(1);
    await stop;
    expect(seen).toEqual(["slow"]);
  });
});
