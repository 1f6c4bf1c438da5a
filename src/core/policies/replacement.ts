import type { TriggerStatus } from "../../api/status.ts";
import { type Context, iso } from "../context.ts";
import { type Flight, isTerminal } from "../observed.ts";
import { startPoint } from "../restore-point.ts";
import { stableBy } from "../stability.ts";
import type { Verdict } from "../step.ts";
import { isAdopting, isOver, newTrigger, pending } from "../triggers.ts";
import { wantedRun } from "../versions.ts";
import { adoption } from "./adoption.ts";
import { sourcesOf } from "./configuration-sources.ts";
import { unfitSpec } from "./configured-run.ts";
import { isUnread } from "./ending.ts";
import { firstOfPlan } from "./plan.ts";
import { send } from "./sending.ts";
import { stopJob, stopModeOf } from "./stopping.ts";
import { isReused, succeededBy } from "./succession.ts";

const abandonFlight: Verdict = { rule: "abandonFlight", effect: { kind: "abandonFlight" } };

/** The first trigger of a FlinkJob. */
export function firstTrigger(ctx: Context): Verdict {
  const trigger = newTrigger(ctx, wantedRun(ctx.job) ?? "");
  if (ctx.flight?.jobId === trigger.jobId) return recordFlight(ctx, trigger, ctx.flight);
  if (ctx.spec.plan) return firstOfPlan(ctx, trigger);
  return adoption(ctx, trigger) ?? send(ctx, trigger);
}

/** The status was lost while our own run request is under way: its outcome is awaited, and nothing is sent beside it. */
function recordFlight({ cluster }: Context, trigger: TriggerStatus, flight: Flight): Verdict {
  const begun = iso(flight.since);
  const to = cluster.kind === "reachable" ? cluster : undefined;
  const sentTo = to && {
    url: to.url,
    incarnation: to.jobManager.incarnation,
    flinkVersion: to.jobManager.flinkVersion,
  };
  return {
    rule: "recordFlight",
    trigger: {
      ...pending(trigger, "Submitting", "The run request is under way."),
      sends: 1,
      tries: 1,
      triedAt: begun,
      sentAt: begun,
      ...(sentTo ? { sentTo } : {}),
    },
  };
}

/** The spec asks for another run than the newest trigger; undefined when it does not. */
export function replacement(ctx: Context): Verdict | undefined {
  const { trigger, cluster, flight, row, job } = ctx;
  const wanted = trigger && wantedRun(job);
  if (!trigger || wanted === undefined || isReused(ctx, wanted) || isAdopting(trigger)) return undefined;
  if (flight?.phase === "fetchingJar") return abandonFlight;
  // Its outcome comes first, unless the job has come to its end before the answer, which may never come.
  if (flight && trigger.finishedAt === undefined) return undefined;
  if (isOver(trigger)) return replaced(ctx, trigger, wanted);
  if (trigger.state !== "running" || !row || isTerminal(row.state) || cluster.kind !== "reachable")
    return undefined;
  const sources = sourcesOf(ctx);
  if (sources.kind === "unread") return sources.verdict;
  if (unfitSpec(ctx) || ctx.crowd) return undefined;
  return stopJob(ctx, trigger, row, cluster, { why: "Replacing", mode: stopModeOf(ctx) });
}

function replaced(ctx: Context, before: TriggerStatus, wanted: string): Verdict | undefined {
  // What is suspended stays so; the next trigger is made when it may run.
  if (ctx.spec.state === "suspended" || isUnread(before, ctx.job.status?.result)) return undefined;
  const start = startPoint(ctx, before);
  if ("blocked" in start) return undefined;
  const stable = stableBy(ctx);
  const next = newTrigger(ctx, wanted, start);
  return succeededBy(ctx, before, stable === undefined ? next : { ...next, stableBy: stable }, "replace");
}
