import { REASONS } from "../../api/reasons.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { type Context, iso } from "../context.ts";
import { isSameProcess, type Look, type ReachableCluster } from "../observed.ts";
import { onItsWayMs } from "../on-its-way.ts";
import { carriesState, lastSeen, neverRan } from "../restore-point.ts";
import type { Verdict } from "../step.ts";
import { failed, pending, running } from "../triggers.ts";
import { wouldBeListed } from "./absence.ts";
import { listedSoon, lookUp, mainMayRun } from "./answered.ts";
import { lastKnown } from "./checkpoints.ts";
import { savepointLost } from "./ending.ts";
import { send, waitForCluster } from "./sending.ts";
import { timedOut } from "./timeout.ts";
import { reportJob } from "./tracking.ts";

const POLL_MAIN_MS = 2_000;
/** By then the look-up is no longer fresh, and the list is of the new process. */
const LOOK_AGAIN_MS = 2_000;

/**
 * A run request was sent, or may have been, and this process does not know what became of it: decided by looking, never
 * by guessing, and only ever sent again under the same JobID.
 */
export function unsettled(ctx: Context, trigger: TriggerStatus): Verdict {
  const { cluster, look, row } = ctx;
  if (row) return reportJob(ctx, trigger, row);
  if (cluster.kind !== "reachable") return waitForCluster(trigger, cluster);
  if (!look) return lookUp(trigger, ctx);
  if (look.found) return listedSoon;
  if (look.application) return applicationSeen(ctx, trigger, look);
  const late = timedOut(ctx, trigger);
  // Whose main() it is is not said, so any may be ours, whichever process runs it.
  if (look.mains > 0) return late ?? mainMayRun(trigger);
  return absent(ctx, trigger, look, cluster);
}

/** Flink >= 2.3 says where main() stands. */
export function applicationSeen(ctx: Context, trigger: TriggerStatus, look: Look): Verdict {
  // What has an application was accepted, whatever became of it and whoever heard the answer.
  const acceptedAt = trigger.acceptedAt ?? iso(ctx.now);
  // That of a cluster of its own has another ID, and takes nobody's place.
  const own = trigger.cluster?.mode === "application";
  const known = { ...trigger, ...(own ? {} : { applicationId: trigger.jobId }), acceptedAt };
  switch (isStuck(ctx, look) ? "CANCELED" : look.application?.state) {
    case "FAILED": {
      const failure = look.failure ?? {
        reason: "MainFailed" as const,
        message: "main() failed; Flink names no cause.",
      };
      return {
        rule: "applicationFailed",
        trigger: failed(ctx, known, failure),
        job: null,
        ...unlessItRan(ctx, look),
      };
    }
    case "CANCELED":
      return {
        rule: "applicationCanceled",
        trigger: canceledMain(ctx, known),
        job: null,
        ...unlessItRan(ctx, look),
      };
    case "FINISHED":
      if (look.application && look.application.jobs > 0) return endedUnseen(ctx, trigger);
      return {
        rule: "noJobInMain",
        trigger: failed(ctx, known, {
          reason: "NoJobInMain",
          message: "main() returned without submitting a job.",
        }),
        job: null,
        ...unlessItRan(ctx, look),
      };
    default: {
      const accepted = running(ctx, known, "MainRunning", "");
      const waiting = pending(accepted, "MainRunning", REASONS.MainRunning);
      return timedOut(ctx, trigger) ?? { rule: "mainRuns", trigger: waiting, requeueAfterMs: POLL_MAIN_MS };
    }
  }
}

/** A main() that ended without a job has touched no state: its successor starts where it would have. */
function unlessItRan({ spec }: Context, { application, jobId }: Look): Pick<Verdict, "restorePoint"> {
  return carriesState(spec) && application?.jobs === 0 ? { restorePoint: neverRan(jobId) } : {};
}

function canceledMain({ now }: Context, trigger: TriggerStatus): TriggerStatus {
  const reason = trigger.stop?.why === "Suspending" ? ("Suspended" as const) : ("Canceled" as const);
  return { ...trigger, state: "canceled", reason, message: "main() was cancelled.", finishedAt: iso(now) };
}

/** Flink 2.3.0 leaves some applications in CANCELING for ever. Without high availability nothing brings them back. */
export function isStuck({ cluster }: Context, { application, mains }: Look): boolean {
  const revivable = cluster.kind !== "reachable" || cluster.jobManager.highAvailability;
  return application?.state === "CANCELING" && mains === 0 && !revivable;
}

/** Not there, and no main() that could bring it. Whether that proves anything depends on who answers. */
function absent(ctx: Context, trigger: TriggerStatus, look: Look, cluster: ReachableCluster): Verdict {
  const { protection } = cluster.jobManager;
  const sameProcess = isSameProcess(look.incarnation, trigger.sentTo?.incarnation);
  if (trigger.acceptedAt !== undefined) return gone(ctx, trigger, look, cluster);
  // Flink itself refuses a second run, if it kept the results all the time.
  if (protection === "Durable" && trigger.protection === "Durable") return send(ctx, trigger);
  if (sameProcess) {
    // It is sent to the process that the list comes from; what another said before does not count there.
    if (!isSameProcess(look.incarnation, cluster.jobManager.incarnation))
      return { rule: "replacedWhileLooking", watchClosely: true, requeueAfterMs: LOOK_AGAIN_MS };
    // Without HA the process refuses the JobID as long as it lives, listed or not.
    if (protection === "JobManagerLifetime" || wouldBeListed(ctx, trigger, cluster))
      return send(ctx, trigger);
  }
  if (ctx.spec.lostPolicy === "Resubmit") return send(ctx, trigger);
  const onItsWay = onItsWayMs(ctx, trigger);
  if (onItsWay > 0) return { rule: "mayStillArrive", requeueAfterMs: onItsWay };
  const why = sameProcess
    ? "the JobManager forgets ended jobs after its jobstore.expiration-time"
    : "the JobManager that it was sent to is gone";
  const message = `The outcome of the run request is lost: ${why}, so job ${trigger.jobId} may have run and ended. Nothing is run again; a new spec.trigger.id asks for a new run.`;
  return {
    rule: "outcomeLost",
    trigger: failed(ctx, trigger, { reason: "OutcomeLost", message }),
    job: null,
  };
}

/** Flink had accepted the job, and neither it nor its main() is there any more. */
export function gone(ctx: Context, trigger: TriggerStatus, look: Look, cluster: ReachableCluster): Verdict {
  const stopped = trigger.stop?.mode === "savepoint" && trigger.stop.failedAt === undefined;
  // Without its savepoint nothing starts, unless a run from an older state is asked for in so many words.
  const told = trigger.stop?.path !== undefined;
  const mayRepeat = ctx.spec.lostPolicy === "Resubmit" && !cluster.jobManager.highAvailability;
  if (stopped && (told || !mayRepeat)) return stoppedUnseen(ctx, trigger);
  const sameProcess = isSameProcess(look.incarnation, trigger.sentTo?.incarnation);
  if (sameProcess || cluster.jobManager.highAvailability) return endedUnseen(ctx, trigger);
  const message = `The JobManager that ran job ${trigger.jobId} is gone, and without high availability the job with it.`;
  return {
    rule: "jobLost",
    trigger: failed(ctx, trigger, { reason: "JobLost", message, retryable: true }),
    ...(carriesState(ctx.spec) ? lastKnown(ctx, trigger) : {}),
    job: null,
  };
}

/** A job that is stopped with a savepoint and gone came to that end, or the savepoint would not be complete. */
function stoppedUnseen(ctx: Context, trigger: TriggerStatus): Verdict {
  if (trigger.stop?.path === undefined) return savepointLost(ctx, trigger);
  const reason = trigger.stop?.why === "Suspending" ? ("Suspended" as const) : ("Canceled" as const);
  const message = "The job was stopped with a savepoint.";
  return {
    rule: "stoppedUnseen",
    trigger: { ...trigger, state: "canceled", reason, message, finishedAt: iso(ctx.now) },
    job: null,
  };
}

export function endedUnseen(ctx: Context, trigger: TriggerStatus): Verdict {
  const message = `Job ${trigger.jobId} ran and ended, and Flink forgot it before its end was seen.${lastSeen(ctx, trigger.jobId)} Nothing is run again; a new spec.trigger.id asks for a new run.`;
  return {
    rule: "outcomeLost",
    trigger: failed(ctx, trigger, { reason: "OutcomeLost", message }),
    // What was read while it ran may be older than what it left.
    restorePoint: null,
    job: null,
  };
}
