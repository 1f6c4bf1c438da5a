import { parseDuration } from "../../api/duration.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context } from "../context.ts";
import { ranWell, wantsNextAttempt } from "../next-attempt.ts";
import type { Verdict } from "../step.ts";
import { isHalted } from "../triggers.ts";
import { nextAttempt } from "./succession.ts";

const LONGEST_BACKOFF_MS = 600_000;

/** A trigger that is over, and whose spec asks for no other: resumed, restarted or sent again, where a policy says so. */
export function anotherAttempt(ctx: Context, trigger: TriggerStatus): Verdict | undefined {
  if (!wantsNextAttempt(ctx.spec, trigger)) return undefined;
  if (isHalted(trigger)) {
    const attempt = trigger.sends === 0 ? trigger.attempt : trigger.attempt + 1;
    return nextAttempt(ctx, trigger, { attempt }, "resume");
  }
  if (trigger.failure?.reason === "JobLost") return resubmit(ctx, trigger);
  return restart(ctx, trigger);
}

function resubmit(ctx: Context, lost: TriggerStatus): Verdict {
  const carried = lost.triedAt === undefined ? {} : { triedAt: lost.triedAt };
  const tries = ranWell(lost) ? 0 : lost.tries;
  return nextAttempt(ctx, lost, { attempt: lost.attempt + 1, tries, carried }, "resubmit");
}

function restart(ctx: Context, failed: TriggerStatus): Verdict {
  const restarts = ranWell(failed) ? 0 : (failed.restarts ?? 0);
  const first = parseDuration(ctx.spec.restart.backoff) ?? 0;
  const wait = Math.min(LONGEST_BACKOFF_MS, first * 2 ** restarts);
  const left = (at(failed.finishedAt) ?? 0) + wait - ctx.now;
  if (left > 0) return { rule: "restartBackingOff", requeueAfterMs: left };
  const carried = { restarts: restarts + 1 };
  const verdict = nextAttempt(ctx, failed, { attempt: failed.attempt + 1, carried }, "restart");
  if (verdict.rule !== "restart") return verdict;
  const message = `New attempt ${restarts + 1} of ${ctx.spec.restart.limit} after: ${failed.failure?.message ?? ""}`;
  return { ...verdict, events: [{ type: "Normal", reason: "Restarting", message }] };
}
