import { EventEmitter, once } from "node:events";
import { expect, test } from "vitest";
import { exitCodes, phases, Shutdown } from "./shutdown.ts";

function started(timeoutMs = 30_000) {
  const story: string[] = [];
  const timers: { run: () => void; ms: number; canceled: boolean }[] = [];
  const clock = {
    monotonic: () => 0,
    setTimeout(run: () => void, ms: number) {
      const timer = { run, ms, canceled: false };
      timers.push(timer);
      return { cancel: () => Object.assign(timer, { canceled: true }) };
    },
  };
  const write = (_fields: unknown, message?: string) => void story.push(message ?? "");
  const logger = { info: write, warn: write, error: write };
  const exits: number[] = [];
  const events = new EventEmitter();
  const exit = (code: number) => {
    exits.push(code);
    events.emit("exit");
  };
  const shutdown = new Shutdown({ timeoutMs, clock, logger: logger as never, exit });
  return { shutdown, story, timers, exits, exited: () => once(events, "exit"), process: new EventEmitter() };
}

test("phases run one after the other, whatever order they were added in", async () => {
  const { shutdown, exits, timers } = started();
  const order: string[] = [];
  for (const phase of [...phases].reverse()) {
    shutdown.add(phase, phase, async () => {
      await Promise.resolve();
      order.push(phase);
    });
  }
  await shutdown.begin("test");
  expect(order).toEqual(phases);
  expect(exits).toEqual([exitCodes.ok]);
  expect(timers).toMatchObject([
    { ms: 24_000, canceled: true },
    { ms: 30_000, canceled: true },
  ]);
});

test("new work is refused from the very beginning", () => {
  const { shutdown } = started();
  expect(shutdown.signal.aborted).toBe(false);
  void shutdown.begin("test");
  expect(shutdown.signal.aborted).toBe(true);
});

test("at the deadline what hangs is left behind, the lease is still released, and the exit code says timeout", async () => {
  const { shutdown, exits, timers, story } = started();
  let released = false;
  shutdown.add("drain", "workers", () => new Promise(() => {}));
  // Giving the lease away takes a request: it must have time of its own after the drain's deadline.
  shutdown.add("release", "lease", async (deadline) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    released = !deadline.aborted;
  });
  const end = shutdown.begin("test");
  timers[0]?.run();
  await end;
  expect(released).toBe(true);
  expect(exits).toEqual([exitCodes.timeout]);
  expect(story).toContain("Left unfinished at the deadline");
});

test("nothing waits beyond the whole deadline", async () => {
  const { shutdown, exits, timers } = started();
  shutdown.add("close", "health", () => new Promise(() => {}));
  const end = shutdown.begin("test");
  timers[1]?.run();
  await end;
  expect(exits).toEqual([exitCodes.timeout]);
});

test("a step that fails does not keep the others from ending", async () => {
  const { shutdown, exits, story } = started();
  const closed: string[] = [];
  shutdown.add("flush", "events", () => Promise.reject(new Error("no API server")));
  shutdown.add("close", "health", () => void closed.push("health"));
  await shutdown.begin("test");
  expect(closed).toEqual(["health"]);
  expect(exits).toEqual([exitCodes.failed]);
  expect(story).toContain("Failed to shut down a part");
});

test("SIGTERM begins the end, a second signal is at once", async () => {
  const { shutdown, exits, exited, process } = started();
  const stop = shutdown.listen(process as never);
  shutdown.add("drain", "workers", () => new Promise(() => {}));
  process.emit("SIGTERM", "SIGTERM");
  expect(shutdown.signal.aborted).toBe(true);
  expect(exits).toEqual([]);
  const end = exited();
  process.emit("SIGINT", "SIGINT");
  await end;
  expect(exits).toEqual([130]);
  stop();
  expect(process.listenerCount("SIGTERM")).toBe(0);
});

test("a lost lease ends with its own code, and a signal that comes later changes nothing but the speed", async () => {
  const { shutdown, exits } = started();
  await Promise.all([shutdown.begin("lost the lease", exitCodes.failed), shutdown.begin("received SIGTERM")]);
  expect(exits).toEqual([exitCodes.failed]);
});
