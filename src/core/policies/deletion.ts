import { FINALIZER } from "../../api/group.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context } from "../context.ts";
import { isTerminal } from "../observed.ts";
import type { Effect, Verdict } from "../step.ts";
import { isOver } from "../triggers.ts";
import { listedSoon, lookUp } from "./answered.ts";

const LOOK_AGAIN_MS = 2_000;

/** The FlinkJob is being deleted: its Flink job goes first, or stays as `deletionPolicy` says. */
export function deletion(ctx: Context): Verdict | undefined {
  const { job, spec, trigger, flight } = ctx;
  if (job.metadata.deletionTimestamp === undefined) return undefined;
  if (!job.metadata.finalizers?.includes(FINALIZER)) return { rule: "deleted" };
  if (flight?.phase === "fetchingJar") return { rule: "abandonFlight", effect: { kind: "abandonFlight" } };
  if (spec.deletionPolicy === "Orphan" || !trigger) return letGo();
  const nothingSent =
    flight?.phase === "answered" && flight.outcome.kind === "notSent" && trigger.sends === 1;
  if (isOver(trigger) || nothingSent) return letGo();
  return endJob(ctx, trigger) ?? letGo();
}

function letGo(): Verdict {
  return { rule: "letGo", effect: { kind: "removeFinalizer" } };
}

/** Cancels the job and sees it end; undefined when it has. */
function endJob(ctx: Context, trigger: TriggerStatus): Verdict | undefined {
  const { cluster, row, look, flight } = ctx;
  const deadline = (at(ctx.job.metadata.deletionTimestamp) ?? ctx.now) + ctx.deletionTimeoutMs;
  if (ctx.now >= deadline) {
    const message = `Job ${trigger.jobId} could not be seen to end in time; it may still run on ${trigger.sentTo?.url ?? "its cluster"}.`;
    return {
      ...letGo(),
      rule: "deletionTimedOut",
      events: [{ type: "Warning", reason: "DeletionTimedOut", message }],
    };
  }
  const requeueAfterMs = Math.min(LOOK_AGAIN_MS, deadline - ctx.now);
  if (cluster.kind !== "reachable") {
    const why =
      cluster.kind === "unreachable" || cluster.kind === "notAllowed"
        ? cluster.message
        : "Its cluster is unknown.";
    return waiting(trigger, why, requeueAfterMs);
  }
  if (row && isTerminal(row.state)) return undefined;
  if (row) {
    const effect: Effect = { kind: "cancelJob", jobId: row.id, url: cluster.url };
    const cancelling = row.state === "CANCELLING";
    return {
      ...waiting(trigger, "Its Flink job is being cancelled.", requeueAfterMs),
      rule: "cancelDeleted",
      effect: cancelling ? undefined : effect,
      job: row,
      watchClosely: true,
    };
  }
  if (flight?.phase === "sending")
    return waiting(trigger, "Its run request has no answer yet.", requeueAfterMs);
  if (!look) return lookUp(trigger, ctx);
  if (look.found) return { ...listedSoon, requeueAfterMs };
  const state = look.application?.state;
  if (state === "CREATED" || state === "RUNNING") {
    const effect: Effect = { kind: "cancelApplication", jobId: trigger.jobId, url: cluster.url };
    return {
      ...waiting(trigger, "Its main() is being cancelled.", requeueAfterMs),
      rule: "cancelMain",
      effect,
    };
  }
  if (state === "CANCELING" || state === "FAILING")
    return waiting(trigger, "Its main() is ending.", requeueAfterMs);
  if (look.mains > 0) return waiting(trigger, "A main() runs that may still submit its job.", requeueAfterMs);
  return undefined;
}

function waiting(trigger: TriggerStatus, why: string, requeueAfterMs: number): Verdict {
  return {
    rule: "endingJob",
    trigger: { ...trigger, reason: "Deleting", message: `The FlinkJob is being deleted. ${why}` },
    requeueAfterMs,
  };
}
