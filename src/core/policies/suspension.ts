import type { TriggerStatus } from "../../api/status.ts";
import { type Context, iso } from "../context.ts";
import { isTerminal } from "../observed.ts";
import { onItsWayMs } from "../on-its-way.ts";
import type { Verdict } from "../step.ts";
import { isAdopting, isApplication, isOver, newTrigger, pending } from "../triggers.ts";
import { wantedRun } from "../versions.ts";
import { isKnownAbsent } from "./absence.ts";
import { takenOver } from "./own-cluster.ts";
import { stopJob, stopModeOf } from "./stopping.ts";

const CANCEL_AGAIN_AFTER_MS = 5_000;
/** By then a look-up is no longer fresh. */
const LOOK_AGAIN_MS = 1_600;

/** `spec.state: suspended`: what runs is stopped, what waits is not sent; undefined where others know what comes first. */
export function suspension(ctx: Context): Verdict | undefined {
  const { spec, trigger, flight, row, cluster, look } = ctx;
  if (spec.state !== "suspended") return undefined;
  // That a plan was not run is on record, too: its client asks.
  if (!trigger) return spec.plan ? undefined : withoutTrigger(ctx);
  if (flight?.phase === "fetchingJar") return { rule: "abandonFlight", effect: { kind: "abandonFlight" } };
  if (isAdopting(trigger)) return undefined;
  // Its main() has no application of ours that could be cancelled: its cluster goes, where that is safe.
  if ((isApplication(trigger) || spec.plan) && trigger.state === "pending" && !isOver(trigger))
    return undefined;
  // Its outcome comes first; what lives is stopped once it is known to.
  if (isOver(trigger)) return trigger.state === "pending" ? suspended(ctx, trigger) : undefined;
  if (cluster.kind !== "reachable") return undefined;
  if (trigger.state === "running" && row && !isTerminal(row.state))
    return stopJob(ctx, trigger, row, cluster, { why: "Suspending", mode: stopModeOf(ctx) });
  const main = look?.application?.state;
  if (!flight && !row && (main === "CREATED" || main === "RUNNING") && trigger.state === "pending") {
    const begun = trigger.stop?.why === "Suspending" ? trigger.stop : undefined;
    // What was seen before it was asked for says nothing of how it went.
    if (begun && (look?.at ?? 0) <= Date.parse(begun.requestedAt))
      return { rule: "suspendedMainEnds", requeueAfterMs: LOOK_AGAIN_MS };
    const message = "spec.state says suspended; main() is being cancelled.";
    const { generation, now } = ctx;
    const stop = begun ?? ({ mode: "cancel", why: "Suspending", generation, requestedAt: iso(now) } as const);
    return {
      rule: "cancelSuspendedMain",
      trigger: { ...trigger, reason: "Suspending", message, stop },
      effect: { kind: "cancelApplication", jobId: trigger.jobId, url: cluster.url },
      requeueAfterMs: CANCEL_AGAIN_AFTER_MS,
    };
  }
  return undefined;
}

/** Nothing is on record. What a cluster of its own was made for is found out, and ended, first. A living job of ours, whose status was lost, is adopted first, and then stopped. */
function withoutTrigger(ctx: Context): Verdict | undefined {
  const { cluster, job } = ctx;
  const made = ctx.perJob.clusters.findLast(({ isDeleting }) => !isDeleting);
  if (made) return takenOver(ctx, newTrigger(ctx, wantedRun(job) ?? ""), made);
  if (cluster.kind === "connecting") return { rule: "connecting" };
  if (cluster.kind !== "reachable") return { rule: "suspended" };
  return [...cluster.jobs.values()].some(({ state }) => !isTerminal(state))
    ? undefined
    : { rule: "suspended" };
}

/** In place of a send: nothing of this attempt lives, and nothing may come. */
export function suspended(ctx: Context, trigger: TriggerStatus): Verdict {
  const wait = trigger.sends > 0 ? onItsWayMs(ctx, trigger) : 0;
  if (wait > 0) return { rule: "mayStillArrive", requeueAfterMs: wait };
  if (trigger.sends > 0 && !isKnownAbsent(ctx, trigger)) {
    const message = `Suspended (spec.state), and the outcome of its run request is unknown: whether job ${trigger.jobId} ran is found out when it is resumed.`;
    return { rule: "suspendedInDoubt", trigger: pending(trigger, "OutcomeUnknown", message) };
  }
  const message = "Suspended before it ran (spec.state).";
  return {
    rule: "suspended",
    trigger: { ...trigger, state: "canceled", reason: "Suspended", message, finishedAt: iso(ctx.now) },
    job: null,
    settlesFlight: true,
  };
}
