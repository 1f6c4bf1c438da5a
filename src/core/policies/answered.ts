import { REASONS } from "../../api/reasons.ts";
import type { TriggerStatus } from "../../api/status.ts";
import type { Context } from "../context.ts";
import { type Flight, isTerminal, type Look, type RunOutcome } from "../observed.ts";
import { carriesState, neverRan } from "../restore-point.ts";
import type { Verdict } from "../step.ts";
import { ended, failed, pending, running } from "../triggers.ts";
import { timedOut } from "./timeout.ts";
import { reportJob } from "./tracking.ts";

/** The job usually runs its tasks this soon after the answer: one status write then tells both. Milliseconds. */
const ONE_WRITE_WITHIN_MS = 600;
/** "Duplicate" but nowhere to be found is believed only after looking again this much later. Milliseconds. */
const LOOK_AGAIN_AFTER_MS = 3_000;

type Answered = Extract<Flight, { phase: "answered" }>;

/** This process's own run request was answered, or is known not to have left. */
export function answered(ctx: Context, trigger: TriggerStatus, flight: Answered): Verdict {
  const { outcome } = flight;
  switch (outcome.kind) {
    case "accepted":
      return accepted(ctx, trigger, flight, outcome);
    case "notSent":
      return notSent(ctx, trigger, outcome);
    case "duplicate":
      return duplicate(ctx, trigger, flight);
    case "failed":
      return refused(ctx, trigger, outcome);
    case "unknown": {
      const message = `The run request was sent and its outcome is unknown (${outcome.message}). Looking for job ${trigger.jobId}.`;
      return {
        rule: "unknownOutcome",
        trigger: pending(trigger, "OutcomeUnknown", message),
        settlesFlight: true,
      };
    }
  }
}

function accepted(
  ctx: Context,
  before: TriggerStatus,
  flight: Answered,
  outcome: Extract<RunOutcome, { kind: "accepted" }>,
): Verdict {
  // The answer to this very request: what runs is what it asked for.
  const { unsettledHash: _, ...settled } = before;
  const { applicationId } = outcome;
  const trigger = applicationId === undefined ? settled : { ...settled, applicationId };
  if (ctx.row) {
    const verdict = reportJob(ctx, trigger, ctx.row);
    const early =
      ctx.now - flight.endedAt < ONE_WRITE_WITHIN_MS && verdict.trigger?.reason === "WaitingForTasks";
    if (early) return { rule: "tasksAreStarting", watchClosely: true, requeueAfterMs: ONE_WRITE_WITHIN_MS };
    return { ...verdict, settlesFlight: true };
  }
  const left = flight.endedAt + ONE_WRITE_WITHIN_MS - ctx.now;
  if (left > 0) return { rule: "jobIsAppearing", watchClosely: true, requeueAfterMs: left };
  const known = running(ctx, trigger, "WaitingForTasks", "Flink accepted the job.");
  if (applicationId === undefined) {
    return { rule: "accepted", trigger: known, settlesFlight: true, watchClosely: true };
  }
  // /run-application answers before main() has run.
  const waiting = pending(known, "MainRunning", REASONS.MainRunning);
  return { rule: "applicationAccepted", trigger: waiting, settlesFlight: true, watchClosely: true };
}

function notSent(
  ctx: Context,
  trigger: TriggerStatus,
  outcome: Extract<RunOutcome, { kind: "notSent" }>,
): Verdict {
  if (ctx.row) return { ...reportJob(ctx, trigger, ctx.row), settlesFlight: true };
  const { reason, message, retryable } = outcome;
  const sends = trigger.sends - 1;
  const { sentAt: _at, sentTo, ...rest } = trigger;
  const earlier = ctx.flight?.earlierSentAt;
  let unsent: TriggerStatus = {
    ...rest,
    sends,
    ...(sends > 0 && sentTo ? { sentTo } : {}),
    ...(sends > 0 && earlier !== undefined ? { sentAt: earlier } : {}),
  };
  if (!retryable && sends === 0) {
    return { rule: "cannotBeSent", trigger: failed(ctx, unsent, { reason, message }), settlesFlight: true };
  }
  if (!retryable) {
    // An earlier request, whose answer was lost, may still have brought something; the same request brings nothing more.
    const { look } = ctx;
    if (!look) return lookUp(trigger, ctx);
    if (look.found) return listedSoon;
    if (runsMain(look)) return adoptedApplication(ctx, trigger);
    if (look.mains > 0) return timedOut(ctx, trigger) ?? mainMayRun(trigger);
    if (!look.application) {
      return { rule: "cannotBeSent", trigger: failed(ctx, unsent, { reason, message }), settlesFlight: true };
    }
  }
  // Nobody was home, or too many were: that is no try.
  if (reason === "ClusterUnreachable" || reason === "WaitingForMains")
    unsent = { ...unsent, tries: trigger.tries - 1 };
  return { rule: "notSent", trigger: pending(unsent, reason, message), settlesFlight: true };
}

function duplicate(ctx: Context, trigger: TriggerStatus, flight: Answered): Verdict {
  const { row, look } = ctx;
  if (row) return { ...reportJob(ctx, trigger, row), settlesFlight: true };
  if (!look) return lookUp(trigger, ctx);
  if (look.found) return listedSoon;
  if (runsMain(look)) return adoptedApplication(ctx, trigger);
  if (look.mains > 0) return timedOut(ctx, trigger) ?? mainMayRun(trigger);
  if (look.application) {
    // It is over, and says how.
    const ended = pending(trigger, "OutcomeUnknown", "An earlier request of this trigger came to its end.");
    return { rule: "duplicateEnded", trigger: ended, settlesFlight: true };
  }
  const wait = flight.endedAt + LOOK_AGAIN_AFTER_MS - look.at;
  if (wait > 0) return { rule: "duplicateButAbsent", requeueAfterMs: wait };
  const message = `Flink refuses job ${trigger.jobId} as a duplicate and no longer lists it: it ran, ended, and nobody kept the outcome. Nothing is run again; a new spec.trigger.id asks for a new run.`;
  return {
    rule: "outcomeLost",
    trigger: failed(ctx, trigger, { reason: "OutcomeLost", message }),
    settlesFlight: true,
  };
}

/** Flink names a cause; a job may run all the same, or its JobID may be burnt. Looking decides. */
function refused(
  ctx: Context,
  trigger: TriggerStatus,
  outcome: Extract<RunOutcome, { kind: "failed" }>,
): Verdict {
  const { row, look } = ctx;
  const { reason, message } = outcome;
  if (row?.state === "FAILED" && reason !== "MainFailed") {
    return {
      rule: "burntJobId",
      trigger: ended(ctx, trigger, row, { reason, message }),
      job: row,
      // Refused before it had tasks, it has touched no state.
      ...(carriesState(ctx.spec) && row.tasks.total === 0 ? { restorePoint: neverRan(row.id) } : {}),
      settlesFlight: true,
    };
  }
  if (row && isTerminal(row.state)) return { ...reportJob(ctx, trigger, row), settlesFlight: true };
  if (row) {
    const runs = `The job runs although main() ended with an error: ${message}`;
    return {
      ...reportJob(ctx, trigger, row),
      rule: "runsAllTheSame",
      events: [{ type: "Warning", reason, message: runs }],
      settlesFlight: true,
    };
  }
  if (!look) return lookUp(trigger, ctx);
  if (look.found) return listedSoon;
  // An earlier request of the same JobID, whose answer was lost, may still be at it.
  if (runsMain(look)) return adoptedApplication(ctx, trigger);
  if (trigger.sends > 1 && look.mains > 0) return timedOut(ctx, trigger) ?? mainMayRun(trigger);
  return { rule: "submissionFailed", trigger: failed(ctx, trigger, outcome), job: null, settlesFlight: true };
}

/** Flink >= 2.3: the JobID's application is not over, so its job may still come. */
export function runsMain({ application }: Look): boolean {
  return application !== undefined && !["FAILED", "FINISHED", "CANCELED"].includes(application.state);
}

function adoptedApplication(ctx: Context, trigger: TriggerStatus): Verdict {
  const adopted = running(ctx, trigger, "MainRunning", "");
  return {
    rule: "adoptedApplication",
    trigger: pending({ ...adopted, applicationId: trigger.jobId }, "MainRunning", REASONS.MainRunning),
    settlesFlight: true,
  };
}

export function lookUp(trigger: TriggerStatus, ctx: Context): Verdict {
  if (ctx.cluster.kind !== "reachable") return { rule: "cannotLook" };
  return { rule: "lookUp", effect: { kind: "lookUp", jobId: trigger.jobId, url: ctx.cluster.url } };
}

/** The JobManager knows the job; the list that shows its state is on its way. */
export const listedSoon: Verdict = { rule: "listedSoon", watchClosely: true, requeueAfterMs: 250 };

export function mainMayRun(trigger: TriggerStatus): Verdict {
  const message = `A main() runs in the JobManager that may be this trigger's; job ${trigger.jobId} is awaited.`;
  return {
    rule: "mainMayRun",
    trigger: pending(trigger, "MainRunning", message),
    requeueAfterMs: LOOK_AGAIN_AFTER_MS,
  };
}
