import { parseDuration } from "../../api/duration.ts";
import { PLAN_REFUSED_ANNOTATION } from "../../api/group.ts";
import type { Reason } from "../../api/reasons.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { shortened } from "../conditions.ts";
import { at, type Context, iso } from "../context.ts";
import { jobIdPrefix } from "../identity.ts";
import type { PerJobCluster } from "../observed.ts";
import { perJobUrl } from "../per-job/naming.ts";
import type { Verdict } from "../step.ts";
import { failed, pending } from "../triggers.ts";
import { listedSoon, lookUp } from "./answered.ts";
import { deploys, make, ownCluster, seen, takenOver } from "./own-cluster.ts";
import { release } from "./own-cluster-end.ts";
import { clusterLost } from "./own-cluster-lost.ts";
import { suspended } from "./suspension.ts";
import { releaseUnseen, releaseUnwanted, untilGone } from "./unwanted-cluster.ts";

/** The gateway hands a plan over within a second; for so long the job list is read often. Milliseconds. */
const CLOSELY_FOR_MS = 60_000;
const POLL_MS = 2_000;

interface Failure {
  rule: string;
  reason: Reason;
  message: string;
}

/** The first trigger of a FlinkJob with spec.plan: its JobID is that of Flink's own client. */
export function firstOfPlan(ctx: Context, trigger: TriggerStatus): Verdict {
  const jobId = ctx.spec.trigger?.jobId ?? trigger.jobId;
  return awaited(ctx, { ...trigger, jobId, adoptedBy: jobIdPrefix(ctx.uid) });
}

/**
 * `spec.plan`, and no job is listed: the cluster is made, once, and the gateway hands the plan over when it answers. Nothing is
 * ever sent from here. From the record of the cluster on the job may come.
 */
export function awaited(ctx: Context, before: TriggerStatus): Verdict {
  const own = ownCluster(ctx, before);
  const { cluster, perJob, spec } = ctx;
  const found = perJob.clusters.find(({ jobId }) => jobId === before.jobId);
  if (before.cluster === undefined && found) return takenOver(ctx, before, found);
  if (before.cluster?.releasedAt !== undefined) return untilGone(ctx, before, own);
  const lost = clusterLost(ctx, before);
  if (lost) return lost;
  if (!own) return unmade(ctx, before);
  const trigger = seen(before, own);
  const isThere =
    cluster.kind === "reachable" && cluster.url === perJobUrl(ctx.job.metadata.namespace, own.name);
  const since = isThere ? (at(trigger.triedAt) ?? ctx.now) : undefined;
  const limit = parseDuration(spec.submission.timeout ?? "");
  const left = since === undefined || limit === undefined ? undefined : since + limit - ctx.now;
  const failure = refusal(ctx) ?? (left !== undefined && left <= 0 ? notSent(ctx) : undefined);
  if (!failure && !isSuspended(ctx) && !own.isDeleting)
    return isThere ? waiting(ctx, trigger, own, left) : deploys(ctx, trigger, own);
  // It may have come a moment ago, and then it is the truth.
  if (isThere && !ctx.look) return lookUp(trigger, ctx);
  if (isThere && ctx.look?.found) return listedSoon;
  if (isSuspended(ctx)) return releaseUnwanted(ctx, trigger, own);
  if (failure) return late(ctx, trigger, failure);
  // Somebody deletes it, and it waits for this FlinkJob.
  const message = `FlinkCluster ${own.name} is being deleted before its job came.`;
  return release(ctx, pending(trigger, "TearingDown", message), own, "releaseDeleted");
}

/** Nobody has seen it. */
function unmade(ctx: Context, before: TriggerStatus): Verdict {
  const { perJob } = ctx.spec.cluster;
  const failure = refusal(ctx);
  if (isSuspended(ctx)) return before.cluster ? releaseUnseen(ctx, before) : suspended(ctx, before);
  if (failure && before.cluster) return late(ctx, before, failure);
  if (failure) return { rule: failure.rule, trigger: failed(ctx, before, failure) };
  return perJob ? make(ctx, before, perJob) : { rule: "clusterIsLookedFor" };
}

function waiting(
  ctx: Context,
  before: TriggerStatus,
  { name }: PerJobCluster,
  left: number | undefined,
): Verdict {
  // What spec.submission.timeout counts from.
  const triedAt = before.triedAt ?? iso(ctx.now);
  const message = `FlinkCluster ${name} answers; the gateway is to hand over ${ctx.spec.plan?.file}.`;
  const trigger = pending({ ...before, tries: 1, triedAt }, "PlanAwaited", message);
  const isNew = ctx.now - (at(triedAt) ?? 0) < CLOSELY_FOR_MS;
  const requeueAfterMs = isNew ? Math.min(POLL_MS, left ?? POLL_MS) : left;
  return {
    rule: "planAwaited",
    trigger,
    ...(isNew ? { watchClosely: true } : {}),
    ...(requeueAfterMs === undefined ? {} : { requeueAfterMs }),
  };
}

/** Not over: it may be coming just now, so there is no finishedAt before the cluster is gone. */
function late(ctx: Context, trigger: TriggerStatus, { rule, reason, message }: Failure): Verdict {
  const { finishedAt: _, ...failure } = failed(ctx, trigger, { reason, message });
  return { rule, trigger: failure, requeueAfterMs: 0 };
}

/** Nothing else can take the place of a plan. */
function isSuspended({ spec }: Context): boolean {
  return spec.state === "suspended";
}

function refusal({ job }: Context): Failure | undefined {
  const text = job.metadata.annotations?.[PLAN_REFUSED_ANNOTATION];
  if (text === undefined) return undefined;
  return {
    rule: "planRefused",
    reason: "PlanRefused",
    message: shortened(text.trim()) || "The plan cannot be run.",
  };
}

function notSent({ spec }: Context): Failure {
  const message = `The gateway did not hand over ${spec.plan?.file} within ${spec.submission.timeout} (spec.submission.timeout).`;
  return { rule: "planNotSent", reason: "PlanNotSent", message };
}
