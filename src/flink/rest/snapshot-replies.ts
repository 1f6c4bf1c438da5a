import * as z from "zod";
import type { CheckpointEntry, Checkpoints, OperationFailed, Snapshot } from "../../core/snapshots.ts";
import { describeCauses, readCauses } from "./causes.ts";
import { bounded } from "./errors.ts";
import { count, time } from "./replies.ts";

/** Flink's answers about checkpoints, savepoints and the operations that take them; the rules are those of replies.ts. */

/** POST of every asynchronous operation. */
export const triggered = z.object({ "request-id": z.string() }).transform((reply) => reply["request-id"]);

/** An exception as Flink sends it. The Java object itself, its third field, is dropped: 10 KB and more that nobody reads. */
const throwable = z.object({ class: z.string(), "stack-trace": z.string() });

/** The state of an operation with a result of this form. Flink says COMPLETED of those that failed as well. */
function operation<T>(result: z.ZodType<T>) {
  const inProgress = z
    .object({ status: z.object({ id: z.literal("IN_PROGRESS") }) })
    .transform(() => ({ state: "inProgress" }) as const);
  const completed = z.object({ status: z.object({ id: z.literal("COMPLETED") }) });
  const failure = (name: "failure-cause" | "failureCause") =>
    completed
      .extend({ operation: z.object({ [name]: throwable }) })
      .transform((reply) => failedBy(reply.operation[name]));
  const succeeded = completed
    .extend({ operation: result })
    .transform((reply) => ({ state: "completed", ...(reply.operation as T) }) as const);
  return z.union([inProgress, failure("failure-cause"), failure("failureCause"), succeeded]);
}

function failedBy(thrown: z.output<typeof throwable> | undefined): OperationFailed {
  return { state: "failed", ...shortened(thrown ?? { class: "", "stack-trace": "" }) };
}

/** The innermost class, and what a person needs of the chain. */
export function shortened(thrown: z.output<typeof throwable>): { className: string; message: string } {
  const causes = readCauses(thrown["stack-trace"]);
  const className = causes.at(-1)?.className ?? bounded(thrown.class);
  return { className, message: describeCauses(causes) ?? className };
}

/** GET /jobs/:id/savepoints/:trigger, of savepoints and stops. */
export const savepointOperation = operation(z.object({ location: z.string().min(1) }));
/** GET /jobs/:id/checkpoints/:trigger */
export const checkpointOperation = operation(z.object({ checkpointId: count }));
/** GET /savepoint-disposal/:trigger */
export const disposalOperation = operation(z.object({}));
export type CheckpointOperation = z.output<typeof checkpointOperation> | { readonly state: "unknown" };

/** Where a checkpoint lies; Flink writes `<checkpoint-not-externally-addressable>` where that is nowhere. */
const path = z
  .string()
  .nullish()
  .transform((text) => (text === undefined || text === null || text.startsWith("<") ? undefined : text));

const entry = z
  .object({
    id: count,
    status: z.enum(["IN_PROGRESS", "COMPLETED", "FAILED"]),
    is_savepoint: z.boolean(),
    checkpoint_type: z.string().nullish(),
    trigger_timestamp: z.int(),
    latest_ack_timestamp: time,
    external_path: path,
    discarded: z.boolean().optional(),
    failure_message: z.string().nullish(),
  })
  .transform((row): CheckpointEntry => {
    const { id, status, external_path, failure_message } = row;
    return {
      id,
      status,
      isSavepoint: row.is_savepoint,
      isStop: row.checkpoint_type === "SYNC_SAVEPOINT",
      ...(external_path !== undefined && status === "COMPLETED" && { path: external_path }),
      triggeredAt: row.trigger_timestamp,
      ...(status === "COMPLETED" && { completedAt: row.latest_ack_timestamp ?? row.trigger_timestamp }),
      discarded: row.discarded ?? false,
      ...(failure_message && { failure: bounded(failure_message) }),
    };
  });

const restored = z
  .object({ id: count, restore_timestamp: z.int(), is_savepoint: z.boolean(), external_path: path })
  .transform((row) => ({
    id: row.id,
    ...(row.external_path !== undefined && { path: row.external_path }),
    isSavepoint: row.is_savepoint,
    restoredAt: row.restore_timestamp,
  }));

/** GET /jobs/:id/checkpoints; up to 3 s old. */
export const checkpoints = z
  .object({
    counts: z.object({ restored: count, total: count, in_progress: count, completed: count, failed: count }),
    latest: z.object({
      completed: entry.nullish(),
      savepoint: entry.nullish(),
      restored: restored.nullish(),
    }),
    history: z.array(entry),
  })
  .transform(({ counts, latest, history }): Checkpoints => {
    // What Flink calls the latest may be deleted already; an older one that was retained is then not looked for, for
    // Flink deletes the older first.
    const newest = snapshot(latest.completed);
    const newestSavepoint = snapshot(latest.savepoint);
    return {
      counts: {
        completed: counts.completed,
        failed: counts.failed,
        inProgress: counts.in_progress,
        restored: counts.restored,
        total: counts.total,
      },
      ...(newest && { newest }),
      ...(newestSavepoint && { newestSavepoint }),
      ...(latest.restored && { restored: latest.restored }),
      history,
    };
  });

function snapshot(row: CheckpointEntry | null | undefined): Snapshot | undefined {
  if (!row || row.discarded || row.path === undefined || row.completedAt === undefined) return undefined;
  const { id, path, triggeredAt, completedAt, isSavepoint } = row;
  return { id, path, triggeredAt, completedAt, isSavepoint };
}
