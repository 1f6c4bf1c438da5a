import { type Checkpoint, durationMs } from "./checkpoints.ts";
import type { JobSnapshot } from "./job-views.ts";

const checkpointTypes = { checkpoint: "CHECKPOINT", savepoint: "SAVEPOINT", stop: "SYNC_SAVEPOINT" };

function checkpointRow(checkpoint: Readonly<Checkpoint>, parallelism: number): object {
  const { id, at, kind, format, path, failure, discarded } = checkpoint;
  const completed = path !== undefined;
  const size = completed ? 265 : 0;
  return {
    className: completed ? "completed" : "failed",
    id,
    status: completed ? "COMPLETED" : "FAILED",
    is_savepoint: kind !== "checkpoint",
    savepointFormat: format,
    trigger_timestamp: at,
    latest_ack_timestamp: completed ? at : -1,
    checkpointed_size: size,
    state_size: size,
    end_to_end_duration: 1,
    alignment_buffered: 0,
    processed_data: 0,
    persisted_data: 0,
    num_subtasks: parallelism,
    num_acknowledged_subtasks: completed ? parallelism : 0,
    checkpoint_type: checkpointTypes[kind],
    tasks: {},
    ...(completed ? { external_path: path, discarded } : { failure_timestamp: at, failure_message: failure }),
  };
}

/** /jobs/:jobid/checkpoints. */
export function checkpointStatistics(job: JobSnapshot): object {
  const { counts, shown, latest, restored } = job.checkpoints;
  const { completed, failed } = counts;
  const row = (checkpoint: Readonly<Checkpoint> | undefined) =>
    checkpoint === undefined ? null : checkpointRow(checkpoint, job.parallelism);
  return {
    counts: { ...counts, total: completed + failed, in_progress: 0 },
    summary: {},
    latest: {
      completed: row(latest.checkpoint),
      savepoint: row(latest.savepoint),
      failed: row(latest.failed),
      restored: restored
        ? {
            id: restored.id,
            restore_timestamp: restored.at,
            // Of a checkpoint too, when the run request named its path.
            is_savepoint: restored.asked,
            external_path: restored.path,
          }
        : null,
    },
    history: shown.map(row),
  };
}

/** /jobs/:jobid/checkpoints/config. The interval of a job without periodic ones is Long.MAX_VALUE. */
export function checkpointConfiguration({ configuration }: JobSnapshot): object {
  const setting = (name: string) => configuration[`execution.checkpointing.${name}`];
  const interval = durationMs(setting("interval"));
  const retention = setting("externalized-checkpoint-retention") ?? "NO_EXTERNALIZED_CHECKPOINTS";
  return {
    mode: interval === undefined ? "at_least_once" : (setting("mode") ?? "exactly_once").toLowerCase(),
    interval: interval ?? 2 ** 63,
    timeout: durationMs(setting("timeout")) ?? 600_000,
    min_pause: durationMs(setting("min-pause")) ?? 0,
    max_concurrent: Number(setting("max-concurrent-checkpoints") ?? 1),
    externalization: {
      enabled: retention !== "NO_EXTERNALIZED_CHECKPOINTS",
      delete_on_cancellation: retention !== "RETAIN_ON_CANCELLATION",
    },
    state_backend: "HashMapStateBackend",
    checkpoint_storage:
      setting("storage") === "jobmanager" ? "JobManagerCheckpointStorage" : "FileSystemCheckpointStorage",
    tolerable_failed_checkpoints: Number(setting("tolerable-failed-checkpoints") ?? 0),
  };
}
