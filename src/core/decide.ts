import { FINALIZER } from "../api/group.ts";
import { type Context, contextOf } from "./context.ts";
import { eventsBetween, savepointEvents } from "./events.ts";
import type { Observed } from "./observed.ts";
import { sourcesOf } from "./policies/configuration-sources.ts";
import { unfitSpec } from "./policies/configured-run.ts";
import { withPatience } from "./policies/crowded.ts";
import { deletion } from "./policies/deletion.ts";
import { over } from "./policies/over.ts";
import { withClusterSeen } from "./policies/own-cluster.ts";
import { pending } from "./policies/pending.ts";
import { firstTrigger, replacement } from "./policies/replacement.ts";
import { rescaling, untilRescaled } from "./policies/rescaling.ts";
import { rollback } from "./policies/rollback.ts";
import { running } from "./policies/running.ts";
import { refusalOf } from "./policies/scaled.ts";
import { stopUnderWay } from "./policies/stopping.ts";
import { withStrangers } from "./policies/strangers.ts";
import { blockedBy, isReused } from "./policies/succession.ts";
import { suspension } from "./policies/suspension.ts";
import { refusedScale } from "./scaling.ts";
import { provenStable, stableInMs } from "./stability.ts";
import { againWithin, type Effect, type Step, type Verdict } from "./step.ts";
import { sameStatus, summarize } from "./summarize.ts";
import { wantedRun } from "./versions.ts";

/**
 * What to do next for one FlinkJob: the status to write, the events to tell, and at most one effect. Pure: no clock, no
 * randomness, no await; the same observation gives the same step.
 */
export function decide(observed: Observed, now: number): Step {
  const ctx = contextOf(observed, now);
  return stepOf(ctx, verdictOf(ctx));
}

/** The policies in their order; the first that has something to say decides. */
function verdictOf(ctx: Context): Verdict {
  const first = deletion(ctx) ?? guarded(ctx) ?? stopUnderWay(ctx) ?? rollback(ctx) ?? suspension(ctx);
  if (first) return first;
  const scale = rescaling(ctx);
  if (scale === "later") return untilRescaled(ctx, byState(ctx));
  // A version that was rolled back stays so while the job is scaled.
  if (scale) return { refused: refused(ctx, scale.trigger), ...scale };
  return replacement(ctx) ?? byState(ctx);
}

/** Nothing is sent for an object that could vanish without our seeing it go. */
function guarded({ job }: Context): Verdict | undefined {
  if (job.metadata.finalizers?.includes(FINALIZER)) return undefined;
  return { rule: "addFinalizer", effect: { kind: "addFinalizer" } };
}

function byState(ctx: Context): Verdict {
  const { trigger } = ctx;
  if (!trigger) return firstTrigger(ctx);
  switch (trigger.state) {
    case "pending":
      return withClusterSeen(ctx, { ...pending(ctx, trigger), refused: refused(ctx) });
    case "running": {
      const seen = running(ctx, trigger);
      const told = withStrangers(ctx, { ...seen, refused: refused(ctx, seen.trigger) });
      return withClusterSeen(ctx, untilRead(ctx, withPatience(ctx, proven(ctx, told))));
    }
    default:
      return withStrangers(ctx, { ...over(ctx, trigger), refused: refused(ctx) });
  }
}

/** An edit that waits for a Secret or ConfigMap is looked at again when that may be there. */
function untilRead(ctx: Context, verdict: Verdict): Verdict {
  const sources = sourcesOf(ctx);
  if (sources.kind !== "refused" || wantedRun(ctx.job) === undefined) return verdict;
  const { againInMs } = sources;
  return againWithin(verdict, againInMs);
}

/** A version that has run well for a while is the one to go back to. */
function proven(ctx: Context, verdict: Verdict): Verdict {
  const trigger = verdict.trigger ?? ctx.trigger;
  if (!ctx.spec.rollback || trigger?.state !== "running") return verdict;
  const stable = provenStable(ctx, trigger);
  const left = stable ? undefined : stableInMs(ctx, trigger);
  return {
    ...verdict,
    ...(stable ? { stable } : {}),
    ...(left ? { requeueAfterMs: Math.min(verdict.requeueAfterMs ?? left, left) } : {}),
  };
}

/** What stands beside the trigger, as it is after this step: why what is asked for is not done. */
function refused(ctx: Context, after = ctx.trigger): Verdict["refused"] {
  const wanted = ctx.trigger && wantedRun(ctx.job);
  if (wanted !== undefined && isReused(ctx, wanted)) {
    const message = `Trigger ID "${wanted}" was used before by this FlinkJob. Trigger IDs are processed once: choose a new one.`;
    return { reason: "TriggerIdReused", message };
  }
  // What would be in the way of the next run is nothing to an end.
  if (wanted !== undefined && after?.state === "running") {
    const { scaling } = after;
    if (scaling && refusedScale(ctx) !== undefined) return refusalOf(scaling);
    const unfit = unfitSpec(ctx);
    if (unfit) return unfit;
  }
  const blocked = blockedBy(ctx);
  if (blocked !== undefined) return { reason: "RestorePointMissing", message: blocked };
  return ctx.rolledBack && { reason: "RolledBack", message: ctx.rolledBack.message };
}

const LOOKS: ReadonlySet<Effect["kind"]> = new Set([
  "lookUp",
  "readOperation",
  "readRequirements",
  "readSources",
  "lookForCluster",
  "readExecutionResult",
]);

/** What was decided is to look, or to wait for a moment: what is to be said comes with the next decision. */
function looksFirst({ effect, trigger, awaitsPlace = false }: Verdict): boolean {
  const looks = effect !== undefined && LOOKS.has(effect.kind);
  return trigger === undefined && (looks || awaitsPlace);
}

function stepOf(ctx: Context, verdict: Verdict): Step {
  const before = ctx.job.status;
  const status = summarize(ctx, verdict);
  const changed = !before || !sameStatus(before, status);
  // An object that has gone, or goes with this step, needs no last words in its status.
  const wanted =
    verdict.rule !== "deleted" &&
    verdict.effect?.kind !== "removeFinalizer" &&
    verdict.rule !== "addFinalizer" &&
    !looksFirst(verdict);
  const { rule, effect, requeueAfterMs, watchClosely, awaitsPlace, settlesFlight } = verdict;
  const written = changed && wanted && verdict.rule !== "connecting" ? status : undefined;
  // What waited for the flight's outcome may go on now, and where nothing is written no event says so.
  const atOnce = settlesFlight && written === undefined;
  return {
    rule,
    status: written,
    events: [
      ...eventsBetween(before?.trigger, verdict.trigger),
      ...savepointEvents(before?.restorePoint, verdict.restorePoint),
      ...(verdict.events ?? []),
    ],
    effect,
    requeueAfterMs: atOnce ? 0 : requeueAfterMs,
    watchClosely,
    awaitsPlace,
    settlesFlight,
  };
}
