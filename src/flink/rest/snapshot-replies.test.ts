import { describe, expect, test } from "vitest";
import { checkpoints } from "./snapshot-replies.ts";

// Answers as Flink 1.20.5 and 2.3.0 gave them; what is not read is left out.

describe("the checkpoints of a job", () => {
  const row = (id: number, patch: object = {}) => ({
    className: "completed",
    id,
    status: "COMPLETED",
    is_savepoint: false,
    savepointFormat: null,
    trigger_timestamp: 1795691412312,
    latest_ack_timestamp: 1795691412356,
    checkpoint_type: "CHECKPOINT",
    tasks: {},
    external_path: `file:/c/chk-${id}`,
    discarded: false,
    ...patch,
  });
  const counts = { restored: 0, total: 17, in_progress: 1, completed: 15, failed: 2 };
  const read = (latest: object, history: object[] = []) =>
    checkpoints.parse({ counts, summary: {}, latest, history });

  test("the newest, and the newest savepoint", () => {
    const savepoint = row(7, {
      is_savepoint: true,
      checkpoint_type: "SAVEPOINT",
      external_path: "file:/s/7",
    });
    expect(read({ completed: row(16), savepoint, failed: null, restored: null })).toEqual({
      counts: { completed: 15, failed: 2, inProgress: 1, restored: 0, total: 17 },
      newest: {
        id: 16,
        path: "file:/c/chk-16",
        triggeredAt: 1795691412312,
        completedAt: 1795691412356,
        isSavepoint: false,
      },
      newestSavepoint: {
        id: 7,
        path: "file:/s/7",
        triggeredAt: 1795691412312,
        completedAt: 1795691412356,
        isSavepoint: true,
      },
      history: [],
    });
  });

  test("one that Flink has deleted cannot be restored from: after a cancel without retention, the latest", () => {
    expect(read({ completed: row(16, { discarded: true }) })).not.toHaveProperty("newest");
  });

  test("nor can one that was never written anywhere", () => {
    const external_path = "<checkpoint-not-externally-addressable>";
    expect(read({ completed: row(16, { external_path }) })).not.toHaveProperty("newest");
  });

  test("the history, with what is under way, failed, and taken by a stop", () => {
    const failed = row(4, {
      className: "failed",
      status: "FAILED",
      latest_ack_timestamp: -1,
      external_path: undefined,
      discarded: undefined,
      failure_timestamp: 1795691410365,
      failure_message: "Checkpoint expired before completing.",
    });
    const pending = row(5, {
      className: "in_progress",
      status: "IN_PROGRESS",
      latest_ack_timestamp: -1,
      external_path: undefined,
      discarded: undefined,
    });
    const stop = row(3, { is_savepoint: true, checkpoint_type: "SYNC_SAVEPOINT" });
    const seen = read({ completed: null, savepoint: null }, [pending, failed, stop]);
    expect(seen.history).toEqual([
      {
        id: 5,
        status: "IN_PROGRESS",
        isSavepoint: false,
        isStop: false,
        triggeredAt: 1795691412312,
        discarded: false,
      },
      {
        id: 4,
        status: "FAILED",
        isSavepoint: false,
        isStop: false,
        triggeredAt: 1795691412312,
        discarded: false,
        failure: "Checkpoint expired before completing.",
      },
      {
        id: 3,
        status: "COMPLETED",
        isSavepoint: true,
        isStop: true,
        path: "file:/c/chk-3",
        triggeredAt: 1795691412312,
        completedAt: 1795691412356,
        discarded: false,
      },
    ]);
  });

  test("what it went on from", () => {
    const restored = {
      id: 3,
      restore_timestamp: 1795692017615,
      is_savepoint: false,
      external_path: "file:/c/3",
    };
    const seen = read({ completed: null, restored });
    expect(seen.restored).toEqual({
      id: 3,
      path: "file:/c/3",
      isSavepoint: false,
      restoredAt: 1795692017615,
    });
  });
});
