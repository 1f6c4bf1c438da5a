import type { Reason } from "../api/reasons.ts";
import type { PastTrigger, TriggerStatus } from "../api/status.ts";
import { type Context, iso } from "./context.ts";
import { jobIdOf, runHash } from "./identity.ts";
import type { JobRow } from "./observed.ts";

/** A new trigger, or a new attempt of one, as it is first recorded: nothing has been sent. `path`: what it starts from. */
export function newTrigger(
  { uid, generation, spec, now }: Context,
  id: string,
  {
    path = spec.savepointPath,
    attempt = 1,
    tries = 0,
  }: { path?: string | undefined; attempt?: number; tries?: number } = {},
): TriggerStatus {
  return {
    id,
    state: "pending",
    jobId: jobIdOf(uid, id, attempt),
    attempt,
    generation,
    runHash: runHash(spec),
    ...(path === undefined ? {} : { savepointPath: path }),
    ...(spec.savepointPath === undefined ? {} : { specSavepointPath: spec.savepointPath }),
    sends: 0,
    tries,
    requestedAt: iso(now),
  };
}

/** The trigger waits: `reason` says for what. */
export function pending(trigger: TriggerStatus, reason: Reason, message: string): TriggerStatus {
  return { ...trigger, state: "pending", reason, message };
}

/**
 * The trigger's job exists on the cluster. What an earlier, unsettled request under the same JobID asked for may be what
 * runs, so then the trigger is known by that: the difference to the spec asks for a new run.
 */
export function running(
  ctx: Context,
  trigger: TriggerStatus,
  reason: Reason,
  message: string,
): TriggerStatus {
  const { unsettledHash, ...settled } = trigger;
  // Either may be what runs: the one that is not asked for by now makes sure that what is asked for will run.
  const inDoubt = [unsettledHash, trigger.runHash].filter((hash) => hash !== undefined);
  const wished = runHash(ctx.spec);
  return {
    ...settled,
    runHash: inDoubt.find((hash) => hash !== wished) ?? trigger.runHash,
    state: "running",
    reason,
    message,
    acceptedAt: trigger.acceptedAt ?? iso(ctx.now),
  };
}

/** The trigger is over, and that was seen: its JobID will do nothing any more. */
export function failed(
  ctx: Context,
  trigger: TriggerStatus,
  failure: { reason: Reason; message: string; retryable?: boolean },
): TriggerStatus {
  const { reason, message, retryable = false } = failure;
  return {
    ...trigger,
    state: "failed",
    reason,
    message,
    finishedAt: iso(ctx.now),
    failure: { reason, message, retryable },
  };
}

/** The trigger as its ended job says. */
export function ended(
  ctx: Context,
  trigger: TriggerStatus,
  row: JobRow,
  cause?: { reason: Reason; message: string },
): TriggerStatus {
  const accepted = { ...trigger, acceptedAt: trigger.acceptedAt ?? iso(ctx.now) };
  const finishedAt = iso(row.endTime > 0 ? row.endTime : ctx.now);
  if (row.state !== "FAILED" && wasStopped(trigger, row)) {
    const { mode, why } = trigger.stop!;
    const reason = why === "Suspending" ? ("Suspended" as const) : ("Canceled" as const);
    const message = mode === "savepoint" ? "The job was stopped with a savepoint." : "The job was cancelled.";
    return { ...accepted, state: "canceled", reason, message, finishedAt };
  }
  if (row.state === "FINISHED") {
    return { ...accepted, state: "finished", reason: "Finished", message: "The job finished.", finishedAt };
  }
  if (row.state === "CANCELED") {
    return {
      ...accepted,
      state: "canceled",
      reason: "Canceled",
      message: "The job was cancelled.",
      finishedAt,
    };
  }
  const failure = cause ?? { reason: "JobFailed" as const, message: "The job failed; Flink names no cause." };
  return { ...failed(ctx, accepted, failure), finishedAt };
}

/** Ended because we stopped it, not by itself: only then may it go on as a new attempt. */
function wasStopped({ stop }: TriggerStatus, { state }: JobRow): boolean {
  if (!stop || stop.failedAt !== undefined) return false;
  return state === "CANCELED" || stop.mode === "savepoint";
}

/** The operator itself ended it, for something that may no longer be wanted. */
export function isHalted({ state, reason, stop, sends }: TriggerStatus): boolean {
  if (state !== "canceled") return false;
  return reason === "Suspended" || (sends > 0 && stop !== undefined && stop.failedAt === undefined);
}

/** The job that spec.trigger.jobId names is still looked for: what the spec asks for beside comes after. */
export function isAdopting({ adoptedBy, sends, state }: TriggerStatus): boolean {
  return adoptedBy !== undefined && sends === 0 && state === "pending";
}

/** Its job is that of a cluster of its own whose JobManager runs main() itself (spec.cluster.perJob). */
export function isApplication({ cluster }: TriggerStatus): boolean {
  return cluster?.mode === "application";
}

/** Its tasks run, as many as are asked for or as there are slots for. */
export function runsTasks({ reason }: TriggerStatus): boolean {
  return reason === "TasksRunning" || reason === "Rescaling";
}

/** An application (Flink >= 2.3) whose main() has not come to its end, as far as is known: it takes a thread of its JobManager. */
export function runsMainOf({ applicationId, finishedAt, state, reason }: TriggerStatus): boolean {
  return (
    applicationId !== undefined &&
    finishedAt === undefined &&
    (state !== "running" || reason === "Recovering")
  );
}

/** A trigger as `status.history` keeps it. */
export function past(trigger: TriggerStatus): PastTrigger {
  const { id, state, jobId, attempt, requestedAt, finishedAt, savepointPath, failure } = trigger;
  return {
    id,
    state,
    jobId,
    attempt,
    requestedAt,
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(savepointPath === undefined ? {} : { savepointPath }),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** Over means proven (design, section 4): ended and recorded, or nothing ever sent. */
export function isOver(trigger: TriggerStatus): boolean {
  return trigger.finishedAt !== undefined || trigger.sends === 0;
}
