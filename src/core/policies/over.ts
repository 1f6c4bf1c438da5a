import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context, iso } from "../context.ts";
import { isTerminal } from "../observed.ts";
import { onItsWayMs } from "../on-its-way.ts";
import { againWithin, type Verdict } from "../step.ts";
import { isOver } from "../triggers.ts";
import { listedSoon, lookUp } from "./answered.ts";
import { readResult } from "./ending.ts";
import { readExecutionResult } from "./execution-result.ts";
import { cleared, keptForMs } from "./own-cluster-end.ts";
import { anotherAttempt } from "./restarting.ts";
import { reportJob } from "./tracking.ts";
import { isStuck } from "./unsettled.ts";
import { lateInOwnCluster } from "./unwanted-cluster.ts";

const POLL_LATE_JOB_MS = 5_000;

/** The trigger has ended. A finished job is never run again because Flink forgot it. */
export function over(ctx: Context, trigger: TriggerStatus): Verdict {
  if (!isOver(trigger)) return lateInOwnCluster(ctx, trigger) ?? lateJob(ctx, trigger);
  // The job came to its end before its run request was answered.
  const late = ctx.flight?.phase === "answered";
  return late ? { settlesFlight: true, ...afterTheEnd(ctx, trigger) } : afterTheEnd(ctx, trigger);
}

function afterTheEnd(ctx: Context, trigger: TriggerStatus): Verdict {
  // Flink itself may bring an ended job back (FLINK-39704). The status follows what is, not what should be.
  if (ctx.row && !isTerminal(ctx.row.state)) return reappeared(ctx, trigger);
  return (
    readResult(ctx, trigger) ??
    readExecutionResult(ctx, trigger) ??
    cleared(ctx, trigger) ??
    anotherAttempt(ctx, trigger) ??
    whileKept(ctx, trigger, expiry(ctx, trigger))
  );
}

function whileKept(ctx: Context, trigger: TriggerStatus, verdict: Verdict): Verdict {
  const left = keptForMs(ctx, trigger);
  if (left === 0 || verdict.effect) return verdict;
  return againWithin(verdict, left);
}

function reappeared(ctx: Context, trigger: TriggerStatus): Verdict {
  const { finishedAt: _at, failure: _failure, ...live } = trigger;
  const message = `Job ${trigger.jobId} had ended (${trigger.state}) and runs again: Flink brought it back.`;
  return {
    ...reportJob(ctx, live, ctx.row!),
    rule: "reappeared",
    events: [{ type: "Warning", reason: "Recovering", message }],
  };
}

/** main() did not come to its end in time. Should its job appear after all, it is cancelled. */
function lateJob(ctx: Context, trigger: TriggerStatus): Verdict {
  const { row, look, cluster } = ctx;
  if (cluster.kind !== "reachable") return { rule: "lateJobOutOfSight" };
  if (row && isTerminal(row.state)) return settled(ctx, trigger);
  if (row) {
    const effect = { kind: "cancelJob" as const, jobId: row.id, url: cluster.url };
    return { rule: "cancelLateJob", effect, requeueAfterMs: POLL_LATE_JOB_MS, watchClosely: true };
  }
  if (!look) return lookUp(trigger, ctx);
  if (look.found) return listedSoon;
  const state = look.application?.state;
  if (state === "CREATED" || state === "RUNNING") {
    const effect = { kind: "cancelApplication" as const, jobId: trigger.jobId, url: cluster.url };
    return { rule: "cancelLateMain", effect, requeueAfterMs: POLL_LATE_JOB_MS };
  }
  const ending = (state === "CANCELING" && !isStuck(ctx, look)) || state === "FAILING";
  if (ending || look.mains > 0 || ctx.flight?.phase === "sending") {
    return { rule: "lateMainRuns", requeueAfterMs: POLL_LATE_JOB_MS };
  }
  const onItsWay = onItsWayMs(ctx, trigger);
  if (onItsWay > 0) return { rule: "lateRequestOnItsWay", requeueAfterMs: onItsWay };
  return settled(ctx, trigger);
}

function settled(ctx: Context, trigger: TriggerStatus): Verdict {
  return { rule: "lateJobIsOver", trigger: { ...trigger, finishedAt: iso(ctx.now) }, settlesFlight: true };
}

function expiry(ctx: Context, trigger: TriggerStatus): Verdict {
  const { ttlSecondsAfterFinished } = ctx.spec;
  const finishedAt = at(trigger.finishedAt);
  if (ttlSecondsAfterFinished === undefined || finishedAt === undefined) return { rule: "over" };
  const left = finishedAt + ttlSecondsAfterFinished * 1_000 - ctx.now;
  if (left > 0) return { rule: "over", requeueAfterMs: left };
  return { rule: "expired", effect: { kind: "deleteFlinkJob" } };
}
