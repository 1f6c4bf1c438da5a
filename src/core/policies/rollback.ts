import { at, type Context, iso } from "../context.ts";
import { runHash } from "../identity.ts";
import { wantsNextAttempt } from "../next-attempt.ts";
import type { Verdict } from "../step.ts";
import { isOver } from "../triggers.ts";

/** An upgrade that does not become stable goes back to the last stable version (`spec.rollback`). */
export function rollback(ctx: Context): Verdict | undefined {
  const { trigger, job, spec, now } = ctx;
  const { stable } = job.status ?? {};
  if (!spec.rollback || !stable || !trigger || ctx.rolledBack || spec.state === "suspended") return undefined;
  if (trigger.runHash === stable.runHash || trigger.stableBy === undefined) return undefined;
  // An edit since then is another wish.
  if (trigger.runHash !== runHash(spec)) return undefined;
  const ended = trigger.state === "failed" && isOver(trigger) && !wantsNextAttempt(spec, trigger);
  const left = (at(trigger.stableBy) ?? now) - now;
  if (!ended && left > 0) return undefined;
  const why = ended
    ? (trigger.message ?? "")
    : `it was not stable after ${spec.rollback.deadline} (${trigger.message ?? ""})`;
  const message = `The upgrade of generation ${trigger.generation} is rolled back to generation ${stable.generation}: ${why}`;
  return {
    rule: "rollBack",
    rolledBack: {
      runHash: trigger.runHash,
      triggerId: trigger.id,
      generation: stable.generation,
      reason: trigger.failure?.reason ?? trigger.reason ?? "RolledBack",
      message,
      at: iso(now),
    },
    events: [{ type: "Warning", reason: "RolledBack", message }],
    requeueAfterMs: 0,
  };
}
