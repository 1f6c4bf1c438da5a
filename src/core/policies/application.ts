import type { PerJob } from "../../api/per-job.ts";
import { REASONS } from "../../api/reasons.ts";
import type { TriggerStatus } from "../../api/status.ts";
import type { Context } from "../context.ts";
import type { Look, PerJobCluster } from "../observed.ts";
import type { Verdict } from "../step.ts";
import { failed, pending } from "../triggers.ts";
import { listedSoon, lookUp, runsMain } from "./answered.ts";
import { deploys, make, ownCluster, seen } from "./own-cluster.ts";
import { release } from "./own-cluster-end.ts";
import { clusterLost, untilKnownGone } from "./own-cluster-lost.ts";
import { timedOut } from "./timeout.ts";
import { applicationSeen, endedUnseen } from "./unsettled.ts";
import { isUnwanted, releaseUnseen, releaseUnwanted, untilGone } from "./unwanted-cluster.ts";

const POLL_MAIN_MS = 2_000;
/** What a JobManager of Flink 1.20 dies of when main() submits nothing. */
const NO_JOB = /The application contains no execute\(\) call/u;
/** A JobManager that has been ready for so long has begun its main(), or never will. Milliseconds. */
const MAIN_BEGINS_WITHIN_MS = 60_000;

/**
 * The FlinkCluster that is the run request was made, or is about to be, and its job is not listed. Nothing is ever sent
 * there: Kubernetes brings the JobManager, and that one runs main(), however often it starts.
 */
export function inApplication(ctx: Context, before: TriggerStatus): Verdict {
  const own = ownCluster(ctx, before);
  const { perJob } = ctx.spec.cluster;
  if (before.cluster?.releasedAt !== undefined)
    return (perJob && madeAgain(ctx, before, own, perJob)) ?? untilGone(ctx, before, own);
  const lost = clusterLost(ctx, before);
  if (lost) return lost;
  if (!own) {
    if (isUnwanted(ctx)) return releaseUnseen(ctx, before);
    return perJob ? make(ctx, before, perJob) : { rule: "clusterIsLookedFor" };
  }
  const trigger = seen(before, own);
  const { cluster, look } = ctx;
  if (isUnwanted(ctx) && ranNothing(own, look)) return releaseUnwanted(ctx, trigger, own);
  if (own.isDeleting && !own.wasReached) return goesUnstarted(ctx, trigger, own);
  const over = timedOut(ctx, trigger) ?? endsAgainAndAgain(ctx, trigger, own);
  if (over) return over;
  if (cluster.kind !== "reachable") return deploys(ctx, trigger, own);
  if (!look) return lookUp(trigger, ctx);
  if (look.found) return listedSoon;
  if (look.application) return applicationSeen(ctx, trigger, look);
  // Nobody says of it any more since when it is ready.
  if (look.mains === 0 && own.isDeleting) return goesUnstarted(ctx, trigger, own);
  const begins = own.readySince === undefined || ctx.now - own.readySince < MAIN_BEGINS_WITHIN_MS;
  if (look.mains === 0 && !begins) return endedUnseen(ctx, trigger);
  const message = REASONS.MainRunning;
  return {
    rule: "mainRuns",
    trigger: pending(trigger, "MainRunning", message),
    requeueAfterMs: POLL_MAIN_MS,
    watchClosely: true,
  };
}

/**
 * A main() that calls System.exit ends its JobManager each time, as on Flink 1.20 one that submits no job does. Kubernetes
 * would start it for ever.
 */
function endsAgainAndAgain(
  ctx: Context,
  trigger: TriggerStatus,
  { name, reason, message = "", restarts = 0, isDeleting }: PerJobCluster,
): Verdict | undefined {
  // Of one that is being deleted nothing but that is said.
  if (reason !== "CrashLooping" && !isDeleting) return undefined;
  const noJob = NO_JOB.test(message);
  if (!noJob && restarts < ctx.spec.submission.maxAttempts) return undefined;
  const words = `The JobManager of FlinkCluster ${name} ended ${restarts} times before it had a job: main() submits none, calls System.exit, or Flink cannot start. ${message}`;
  // Not over: it may be starting just now, so there is no finishedAt before it is gone.
  const cause = noJob
    ? { reason: "NoJobInMain" as const, message: "main() returned without submitting a job." }
    : { reason: "AttemptsExhausted" as const, message: words };
  const { finishedAt: _, ...late } = failed(ctx, trigger, cause);
  return { rule: "endsAgainAndAgain", trigger: late };
}

/** Somebody deletes it before it came up, or before it came to a job. It would wait for this FlinkJob, and nothing would come up in it any more. */
function goesUnstarted(ctx: Context, trigger: TriggerStatus, own: PerJobCluster): Verdict {
  const message = `FlinkCluster ${own.name} is being deleted before its job came; it is made again.`;
  return release(ctx, pending(trigger, "TearingDown", message), own, "clusterGoes");
}

/** The same attempt in the same place, so that Flink still knows should it have run. Undefined where that is not wanted. */
function madeAgain(
  ctx: Context,
  before: TriggerStatus,
  own: PerJobCluster | undefined,
  perJob: PerJob,
): Verdict | undefined {
  const { cluster, stop } = before;
  if (own || !cluster || stop || isUnwanted(ctx)) return undefined;
  const { name, mode } = cluster;
  return untilKnownGone(ctx, name) ?? make(ctx, { ...before, cluster: { name, mode } }, perJob);
}

/** Its JobManager never answered, or says that main() has not come to a job. */
function ranNothing({ wasReached }: PerJobCluster, look: Look | undefined): boolean {
  if (!wasReached) return true;
  return look?.application !== undefined && runsMain(look) && look.application.jobs === 0 && !look.found;
}
