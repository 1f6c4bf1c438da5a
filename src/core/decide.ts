import { FINALIZER } from "../api/group.ts";
import { type Context, contextOf } from "./context.ts";
import { eventsBetween } from "./events.ts";
import { wantedTriggerId } from "./identity.ts";
import type { Observed } from "./observed.ts";
import { deletion } from "./policies/deletion.ts";
import { over } from "./policies/over.ts";
import { pending } from "./policies/pending.ts";
import { firstTrigger, isReused, replacement } from "./policies/replacement.ts";
import { running } from "./policies/running.ts";
import type { Step, Verdict } from "./step.ts";
import { sameStatus, summarize } from "./summarize.ts";

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
  return deletion(ctx) ?? guarded(ctx) ?? replacement(ctx) ?? byState(ctx);
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
      return { ...pending(ctx, trigger), refused: refused(ctx) };
    case "running":
      return { ...running(ctx, trigger), refused: refused(ctx) };
    default:
      return { ...over(ctx, trigger), refused: refused(ctx) };
  }
}

function refused(ctx: Context): Verdict["refused"] {
  const wanted = ctx.trigger && wantedTriggerId(ctx.spec, ctx.generation, ctx.trigger);
  if (wanted === undefined || !isReused(ctx, wanted)) return undefined;
  const message = `Trigger ID "${wanted}" was used before by this FlinkJob. Trigger IDs are processed once: choose a new one.`;
  return { reason: "TriggerIdReused", message };
}

function stepOf(ctx: Context, verdict: Verdict): Step {
  const before = ctx.job.status;
  const status = summarize(ctx, verdict);
  const changed = !before || !sameStatus(before, status);
  // An object that has gone, or goes with this step, needs no last words in its status.
  const wanted =
    verdict.rule !== "deleted" &&
    verdict.effect?.kind !== "removeFinalizer" &&
    verdict.rule !== "addFinalizer";
  const { rule, effect, requeueAfterMs, watchClosely, settlesFlight } = verdict;
  const written = changed && wanted && verdict.rule !== "connecting" ? status : undefined;
  // What waited for the flight's outcome may go on now, and where nothing is written no event says so.
  const atOnce = settlesFlight && written === undefined;
  return {
    rule,
    status: written,
    events: [...eventsBetween(before?.trigger, verdict.trigger), ...(verdict.events ?? [])],
    effect,
    requeueAfterMs: atOnce ? 0 : requeueAfterMs,
    watchClosely,
    settlesFlight,
  };
}
