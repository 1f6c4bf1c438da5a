import { parseDuration } from "../../api/duration.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context } from "../context.ts";
import type { Verdict } from "../step.ts";
import { failed } from "../triggers.ts";

/** What spec.submission.timeout leaves for main(), in milliseconds; undefined without a limit. */
export function patience(ctx: Context, trigger: TriggerStatus): number | undefined {
  const limit = ctx.spec.submission.timeout;
  const timeout = limit === undefined ? undefined : parseDuration(limit);
  // Fetching the JAR is not main()'s time.
  const startedAt = ctx.flight?.since ?? at(trigger.sentAt);
  if (timeout === undefined || startedAt === undefined) return undefined;
  return Math.max(0, startedAt + timeout - ctx.now);
}

/** The end of that patience; undefined while there is some left. */
export function timedOut(ctx: Context, trigger: TriggerStatus): Verdict | undefined {
  if (patience(ctx, trigger) !== 0) return undefined;
  const limit = ctx.spec.submission.timeout;
  const message = `main() had not submitted its job after ${limit} (spec.submission.timeout). If the job appears later it is cancelled.`;
  // Not over: its JobID may still come to life, so there is no finishedAt.
  const { finishedAt: _, ...late } = failed(ctx, trigger, { reason: "SubmissionTimedOut", message });
  return { rule: "submissionTimedOut", trigger: late };
}
