import type { Stranger } from "../../api/status.ts";
import type { Context } from "../context.ts";
import { isTerminal } from "../observed.ts";
import type { StepEvent, Verdict } from "../step.ts";

const MOST_NAMED = 10;
const LOOK_AGAIN_MS = 2_000;

/**
 * Jobs that live under this FlinkJob's prefix beside the trigger's own: left by a request that came late, or submitted past
 * us. They are named in the status, told once, and dealt with as `spec.strangerPolicy` says.
 */
export function withStrangers(ctx: Context, verdict: Verdict): Verdict {
  const { cluster, trigger, spec, job } = ctx;
  if (cluster.kind !== "reachable" || !trigger) return verdict;
  const own = verdict.trigger?.jobId ?? trigger.jobId;
  const live = [...cluster.jobs.values()].filter(({ id, state }) => id !== own && !isTerminal(state));
  const known = job.status?.strangers ?? [];
  if (live.length === 0 && known.length === 0) return verdict;
  const strangers: Stranger[] = live.slice(0, MOST_NAMED).map(({ id, state }) => ({ jobId: id, state }));
  const told = new Set(known.map(({ jobId }) => jobId));
  const events: StepEvent[] = strangers
    .filter(({ jobId }) => !told.has(jobId))
    .map(({ jobId, state }) => ({
      type: "Warning",
      reason: "StrangerFound",
      message: `Job ${jobId} (${state}) lives under this FlinkJob's prefix beside job ${own}; ${spec.strangerPolicy === "Cancel" ? "it is cancelled" : "spec.strangerPolicy says to report it only"}.`,
    }));
  const target =
    spec.strangerPolicy === "Cancel" ? live.find(({ state }) => state !== "CANCELLING") : undefined;
  const cancels = target && !verdict.effect;
  return {
    ...verdict,
    strangers,
    events: [...(verdict.events ?? []), ...events],
    ...(cancels
      ? { effect: { kind: "cancelJob", jobId: target.id, url: cluster.url }, watchClosely: true }
      : {}),
    ...(target ? { requeueAfterMs: Math.min(verdict.requeueAfterMs ?? LOOK_AGAIN_MS, LOOK_AGAIN_MS) } : {}),
  };
}
