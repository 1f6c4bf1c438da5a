import { describe, expect, test } from "vitest";
import type { Pod } from "../cluster/pods.ts";
import { type CleaningSeen, cleaningStep } from "./cleaning.ts";

const NOW = 1_000_000;
const LIMIT = 300_000;

type Status = NonNullable<Pod["status"]>;

function pod(status: Status, deletionTimestamp?: string): Pod {
  const metadata = { name: "cleaner", ...(deletionTimestamp ? { deletionTimestamp } : {}) };
  return { metadata, status };
}
const container = (state: object): Status => ({ containerStatuses: [{ name: "clean-storage", state }] });
const ended = (exitCode: number, message?: string): Pod =>
  pod({
    phase: exitCode === 0 ? "Succeeded" : "Failed",
    ...container({ terminated: { exitCode, message } }),
  });
const running = pod({ phase: "Running", ...container({ running: {} }) });
const unpulled = pod(container({ waiting: { reason: "ImagePullBackOff", message: "no such image" } }));
const unscheduled = pod({ conditions: [{ type: "PodScheduled", status: "False", message: "no node" }] });
const evicted = pod({ phase: "Failed" });
const going = pod({ phase: "Running" }, "2026-03-01T12:00:00Z");

const step = (patch: Partial<CleaningSeen>, age = 0) =>
  cleaningStep({
    pod: undefined,
    refusal: undefined,
    givenUp: undefined,
    since: NOW - age,
    now: NOW,
    limitMs: LIMIT,
    wasUsed: true,
    ...patch,
  });

describe("of a storage that was used", () => {
  test.each<[string, Partial<CleaningSeen>, number, object]>([
    ["a pod is made", {}, 0, { kind: "make" }],
    ["one that runs is waited for", { pod: running }, 299_999, { kind: "wait" }],
    [
      "what stays is as it says",
      { pod: ended(0, " These stay: x.\n") },
      1,
      { kind: "cleaned", words: "These stay: x." },
    ],
    ["the end counts, however late it is seen", { pod: ended(0) }, LIMIT, { kind: "cleaned", words: "" }],
    [
      "a failure is final",
      { pod: ended(1, "EACCES: no") },
      1,
      { kind: "giveUp", why: "cleaner: EACCES: no" },
    ],
    ["a pod that was taken away is renewed", { pod: evicted }, 1, { kind: "renew" }],
    ["so is one that was killed", { pod: ended(137) }, 1, { kind: "renew" }],
    ["but not for ever", { pod: evicted }, LIMIT, { kind: "giveUp" }],
    ["one that goes is waited for", { pod: going }, LIMIT, { kind: "wait" }],
    ["but not for ever, too", { pod: going }, 2 * LIMIT, { kind: "left" }],
    [
      "an image may come",
      { pod: unpulled },
      59_999,
      { kind: "wait", message: "cleaner (clean-storage): no such image" },
    ],
    ["or not", { pod: unpulled }, 60_000, { kind: "giveUp", why: "cleaner (clean-storage): no such image" }],
    ["a node may come", { pod: unscheduled }, 299_999, { kind: "wait", message: "cleaner: no node" }],
    ["or not", { pod: unscheduled }, LIMIT, { kind: "giveUp", why: "cleaner: no node" }],
    ["a quota may have room soon", { refusal: "exceeded quota" }, 59_999, { kind: "make" }],
    ["or not", { refusal: "exceeded quota" }, 60_000, { kind: "left", why: "exceeded quota" }],
    [
      "one that takes too long is taken away",
      { pod: running },
      LIMIT,
      { kind: "giveUp", why: "it took longer than 300 s" },
    ],
    [
      "nothing follows what was given up",
      { givenUp: "no such image" },
      1,
      { kind: "left", why: "no such image" },
    ],
    ["while its pod is there, that may still clean", { givenUp: "no", pod: going }, 1, { kind: "wait" }],
    ["a pod that never comes is not waited for for ever", {}, LIMIT, { kind: "left" }],
  ])("%s", (_what, seen, age, want) => {
    expect(step(seen, age)).toMatchObject(want);
  });
});

test.each<[string, Partial<CleaningSeen>, object]>([
  ["a claim that is not there", { pod: unscheduled }, { kind: "giveUp", why: "cleaner: no node" }],
  ["an image", { pod: unpulled }, { kind: "giveUp" }],
  ["a quota", { refusal: "exceeded quota" }, { kind: "left", why: "exceeded quota" }],
  ["a pod that is at work, none the less", { pod: running }, { kind: "wait" }],
])("where no JobManager ever answered, nobody waits for %s", (_what, seen, want) => {
  expect(step({ ...seen, wasUsed: false })).toMatchObject(want);
});

test("whatever is seen, it comes to an end", () => {
  for (const wasUsed of [true, false]) {
    for (const seen of [{}, { refusal: "no" }, { pod: running }, { pod: unpulled }, { pod: evicted }]) {
      expect(["giveUp", "left"]).toContain(step({ ...seen, wasUsed }, LIMIT).kind);
      expect(step({ wasUsed, pod: going, givenUp: "no" }, 2 * LIMIT).kind).toBe("left");
      expect(step({ wasUsed, givenUp: "no" }, LIMIT).kind).toBe("left");
    }
  }
});
