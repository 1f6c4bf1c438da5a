import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DelayedKeys } from "./delayed-keys.ts";
import { FakeClock } from "./fake-clock.ts";
import { noMetrics } from "./metrics.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { WorkQueue } from "./work-queue.ts";

function make(metrics = noMetrics) {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ name: "test", clock, metrics }) };
}

describe("WorkQueue", () => {
  test("a key waits once", async () => {
    const { queue } = make();
    queue.add("a");
    queue.add("a");
    expect(queue.depth).toBe(1);
    expect(await queue.take()).toBe("a");
    queue.done("a");
    expect(queue.depth).toBe(0);
  });

  test("a key added while it is worked on waits until it is done, then is worked on again", async () => {
    const { queue } = make();
    queue.add("a");
    await queue.take();
    queue.add("a");
    expect(queue.depth).toBe(0);
    queue.done("a");
    expect(await queue.take()).toBe("a");
  });

  test("of several later times the earliest counts, once", async () => {
    const { queue, clock } = make();
    queue.addAfter("a", 300);
    queue.addAfter("a", 100);
    queue.addAfter("a", 200);
    await clock.advance(99);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
    await queue.take();
    queue.done("a");
    await clock.advance(1000);
    expect(queue.depth).toBe(0);
  });

  test("a key does not come with one that is due a millisecond earlier", async () => {
    const { queue, clock } = make();
    queue.addAfter("a", 10);
    queue.addAfter("b", 11);
    await clock.advance(10);
    expect(queue.depth).toBe(1);
    expect(queue.delayed).toBe(1);
  });

  test("pauses double from 5 ms to 1000 s, and start anew when forgotten", async () => {
    const { queue, clock } = make();
    for (const pause of [5, 10, 20, 40]) {
      queue.addRateLimited("a");
      await clock.advance(pause - 1);
      expect(queue.depth).toBe(0);
      await clock.advance(1);
      expect(await queue.take()).toBe("a");
      queue.done("a");
    }
    const limiter = new RateLimiter<string>();
    const pauses = Array.from({ length: 2000 }, () => limiter.failure("a"));
    expect(pauses.at(-1)).toBe(1_000_000);
    queue.forget("a");
    queue.addRateLimited("a");
    await clock.advance(5);
    expect(queue.depth).toBe(1);
  });

  test("many keys fall due in the order of their times", async () => {
    const times = fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(times, async (times) => {
        const clock = new FakeClock();
        const due: number[] = [];
        const later = new DelayedKeys<number>(clock, (at) => due.push(at));
        for (const at of times) later.add(at, at);
        await clock.advance(250);
        expect(due).toEqual(times.filter((at) => at <= 250).toSorted((a, b) => a - b));
        await clock.advance(250);
        expect(due).toEqual(times.toSorted((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });

  test("changes come before the objects of the first list, which still get a turn", async () => {
    const { queue } = make();
    for (let i = 0; i < 3; i++) queue.add(`old${i}`, "low");
    for (let i = 0; i < 30; i++) queue.add(`new${i}`, "high");
    const order: string[] = [];
    for (let i = 0; i < 33; i++) order.push((await queue.take()) ?? "");
    expect(order[0]).toBe("new0");
    expect(order.indexOf("old0")).toBe(8);
    expect(new Set(order).size).toBe(33);
  });

  test("a change lifts a key that waits without hurry", async () => {
    const { queue } = make();
    queue.add("old", "low");
    queue.add("other", "low");
    queue.add("other", "high");
    expect(await queue.take()).toBe("other");
  });

  test("shut down: takers are freed, nothing goes in, drained when the last key is back", async () => {
    const { queue } = make();
    queue.add("a");
    await queue.take();
    const idle = queue.take();
    queue.shutDown();
    expect(await idle).toBeUndefined();
    queue.add("b");
    expect(queue.depth).toBe(0);
    let drained = false;
    const end = queue.drained().then(() => {
      drained = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(drained).toBe(false);
    queue.done("a");
    await end;
  });

  test("no key is in two hands, none is lost, whatever the order of calls", async () => {
    const key = fc.constantFrom("a", "b", "c");
    const step = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), key, low: fc.boolean() }),
      fc.record({ kind: fc.constant("after" as const), key, ms: fc.integer({ min: -1, max: 50 }) }),
      fc.record({ kind: fc.constant("take" as const) }),
      fc.record({ kind: fc.constant("done" as const), key }),
      fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 30 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { queue, clock } = make();
        const held = new Set<string>();
        /** Keys with an addition that no take has answered yet. */
        const owed = new Set<string>();
        const due = new Map<string, number>();
        const fallDue = () => {
          for (const [name, at] of due) {
            if (at > clock.monotonic()) continue;
            due.delete(name);
            owed.add(name);
          }
        };
        for (const step of steps) {
          if (step.kind === "add") {
            queue.add(step.key, step.low ? "low" : "high");
            owed.add(step.key);
          } else if (step.kind === "after") {
            queue.addAfter(step.key, step.ms);
            const at = clock.monotonic() + step.ms;
            if (step.ms <= 0) owed.add(step.key);
            else due.set(step.key, Math.min(at, due.get(step.key) ?? at));
          } else if (step.kind === "advance") {
            await clock.advance(step.ms);
            fallDue();
          } else if (step.kind === "done") {
            queue.done(step.key);
            held.delete(step.key);
          } else if (queue.depth > 0) {
            const taken = (await queue.take()) ?? "";
            expect(held).not.toContain(taken);
            expect(owed).toContain(taken);
            held.add(taken);
            owed.delete(taken);
          }
          const waiting = [...owed].filter((name) => !held.has(name));
          expect(queue.depth).toBe(waiting.length);
          expect(queue.processing).toBe(held.size);
          expect(queue.delayed).toBe(due.size);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("measures what controller-runtime measures", async () => {
    const seen: unknown[] = [];
    const { queue, clock } = make({
      ...noMetrics,
      added: () => seen.push("added"),
      waited: (_, s) => seen.push(["waited", s]),
      worked: (_, s) => seen.push(["worked", s]),
    });
    queue.add("a");
    await clock.advance(2000);
    await queue.take();
    await clock.advance(3000);
    expect(queue.unfinishedSeconds()).toBe(3);
    expect(queue.longestRunningSeconds()).toBe(3);
    queue.done("a");
    expect(seen).toEqual(["added", ["waited", 2], ["worked", 3]]);
  });
});
