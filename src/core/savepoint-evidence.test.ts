import { describe, expect, test } from "vitest";
import { newestId, savepointAfter } from "./savepoint-evidence.ts";
import type { CheckpointEntry, Checkpoints, Snapshot } from "./snapshots.ts";

const entry = (id: number, patch: Partial<CheckpointEntry> = {}): CheckpointEntry => ({
  id,
  status: "COMPLETED",
  isSavepoint: false,
  isStop: false,
  path: `s3://b/${id}`,
  triggeredAt: id * 1000,
  completedAt: id * 1000 + 5,
  discarded: false,
  ...patch,
});
const savepoint = (id: number, patch: Partial<CheckpointEntry> = {}) =>
  entry(id, { isSavepoint: true, ...patch });
const snapshot = (id: number): Snapshot => ({
  id,
  path: `s3://b/${id}`,
  triggeredAt: id * 1000,
  completedAt: id * 1000 + 5,
  isSavepoint: true,
});
const checkpoints = (history: CheckpointEntry[], patch: Partial<Checkpoints> = {}): Checkpoints => ({
  counts: { completed: 0, failed: 0, inProgress: 0, restored: 0, total: 0 },
  history,
  ...patch,
});
const taken = (id: number) => ({ kind: "taken", snapshot: snapshot(id) });
const begun = { status: "IN_PROGRESS", path: undefined, completedAt: undefined } as const;

describe("a savepoint after checkpoint 3", () => {
  test.each<[string, CheckpointEntry[], object]>([
    ["none at all", [], { kind: "none" }],
    ["only checkpoints", [entry(5), entry(4)], { kind: "none" }],
    ["one from before the request", [savepoint(3)], { kind: "none" }],
    ["one since", [entry(5), savepoint(4), entry(3)], taken(4)],
    ["the youngest of two", [savepoint(6), savepoint(5)], taken(6)],
    [
      "one that failed",
      [savepoint(4, { status: "FAILED", path: undefined, completedAt: undefined })],
      { kind: "none" },
    ],
    ["one under way", [savepoint(4, begun)], { kind: "inProgress" }],
    ["one under way and one completed", [savepoint(5, begun), savepoint(4)], taken(4)],
    ["one that is deleted already", [savepoint(4, { discarded: true })], { kind: "none" }],
    ["one of a stop", [savepoint(4, { isStop: true })], { kind: "none" }],
  ])("%s", (_, history, want) => {
    expect(savepointAfter(checkpoints(history), { after: 3, stop: false })).toEqual(want);
  });

  test("which fell out of the history", () => {
    const newestSavepoint = snapshot(4);
    const long = checkpoints([entry(30), entry(29)], { newestSavepoint });
    expect(savepointAfter(long, { after: 3, stop: false })).toEqual(taken(4));
    expect(savepointAfter(long, { after: 4, stop: false })).toEqual({ kind: "none" });
  });
});

test("a stop is not answered by a savepoint without one", () => {
  const question = { after: 3, stop: true };
  const newestSavepoint = snapshot(4);
  expect(savepointAfter(checkpoints([savepoint(4)], { newestSavepoint }), question)).toEqual({
    kind: "none",
  });
  expect(savepointAfter(checkpoints([savepoint(4, { isStop: true })]), question)).toEqual(taken(4));
});

test("the newest ID is over everything that is known", () => {
  const restored = { id: 7, isSavepoint: true, restoredAt: 1 };
  expect(newestId(checkpoints([]))).toBe(0);
  expect(newestId(checkpoints([], { restored }))).toBe(7);
  expect(newestId(checkpoints([entry(9, { status: "FAILED" }), entry(8)], { restored }))).toBe(9);
});
