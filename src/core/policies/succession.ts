import type { TriggerStatus } from "../../api/status.ts";
import type { Context } from "../context.ts";
import { jobIdPrefix } from "../identity.ts";
import { wantsNextAttempt } from "../next-attempt.ts";
import { startPoint } from "../restore-point.ts";
import type { Verdict } from "../step.ts";
import { isOver, newTrigger, past, pending } from "../triggers.ts";
import { wantedRun } from "../versions.ts";
import { send } from "./sending.ts";

/** The same trigger once more under its next JobID; undefined where it may not start for want of its state. */
export function nextAttempt(
  ctx: Context,
  before: TriggerStatus,
  { attempt, tries = 0, carried = {} }: { attempt: number; tries?: number; carried?: Partial<TriggerStatus> },
  rule: string,
): Verdict {
  const start = startPoint(ctx, before);
  if ("blocked" in start) return { rule: "blocked" };
  const next = { ...newTrigger(ctx, before.id, { ...start, attempt, tries }), ...carried };
  const { stableBy: stable } = before;
  return succeededBy(ctx, before, stable === undefined ? next : { ...next, stableBy: stable }, rule);
}

/** Why the run that is asked for cannot start: the state it should start from cannot be found. */
export function blockedBy(ctx: Context): string | undefined {
  const { trigger, spec, job } = ctx;
  if (!trigger || !isOver(trigger) || spec.state === "suspended") return undefined;
  const wanted = wantedRun(job);
  const asked = wanted !== undefined ? !isReused(ctx, wanted) : wantsNextAttempt(spec, trigger);
  const start = asked ? startPoint(ctx, trigger) : { path: undefined };
  return "blocked" in start ? start.blocked : undefined;
}

/** The next trigger, or the next attempt of one, takes the place of one that is over. */
export function succeededBy(ctx: Context, before: TriggerStatus, next: TriggerStatus, rule: string): Verdict {
  if (ctx.flight?.phase === "fetchingJar")
    return { rule: "abandonFlight", effect: { kind: "abandonFlight" } };
  const verdict = send(ctx, next);
  // Nothing can be said of the cluster, or of the configuration, yet: the old trigger stands.
  if (verdict.rule === "connecting" || verdict.effect?.kind === "readSources") return verdict;
  const waiting = pending(next, "BackingOff", "The next run request waits.");
  const gone = before.sends > 0 || before.finishedAt !== undefined;
  // An attempt that was never sent is the same one, taken up again.
  const other = before.jobId !== next.jobId;
  return {
    job: null,
    ...verdict,
    rule,
    trigger: verdict.trigger ?? waiting,
    past: gone && other ? past(before) : undefined,
  };
}

/** Trigger IDs are processed once. A history that came along from another object (a backup) does not count. */
export function isReused({ job, uid }: Context, wanted: string): boolean {
  const history = job.status?.history ?? [];
  return history.some(({ id, jobId }) => id === wanted && jobId.startsWith(jobIdPrefix(uid)));
}
