import type { TriggerStatus } from "../../api/status.ts";
import { type Context, iso } from "../context.ts";
import type { PerJobCluster } from "../observed.ts";
import type { Verdict } from "../step.ts";
import { isApplication, isOver, pending } from "../triggers.ts";
import { wantedRun } from "../versions.ts";
import { ownCluster } from "./own-cluster.ts";
import { release } from "./own-cluster-end.ts";
import { takenAway, untilKnownGone } from "./own-cluster-lost.ts";

/** The end of a cluster of one job before that job was seen. From the record of the run request on it may come at any moment. */

/** Nothing of it is wanted any more: the spec asks for something else, or for nothing. */
export function isUnwanted({ spec, job }: Context): boolean {
  return spec.state === "suspended" || wantedRun(job) !== undefined;
}

export function releaseUnwanted(ctx: Context, trigger: TriggerStatus, own: PerJobCluster): Verdict {
  const message = `FlinkCluster ${own.name} is being taken away before its job came: the spec asks for something else by now.`;
  const stopped = stoppedFor(ctx, trigger);
  return release(ctx, pending(stopped, stopped.stop!.why, message), own, "releaseUnwanted");
}

/** Nobody saw it, and it may be there: from now on nobody makes it any more. */
export function releaseUnseen(ctx: Context, before: TriggerStatus): Verdict {
  const { cluster, ...rest } = stoppedFor(ctx, before);
  if (!cluster) return { rule: "clusterIsLookedFor" };
  const released = { ...cluster, releasedAt: iso(ctx.now) };
  return { rule: "releaseUnseen", trigger: { ...rest, cluster: released }, requeueAfterMs: 0 };
}

/** It ends because the operator ends it: should what it is ended for be taken back, it may go on. */
function stoppedFor({ spec, generation, now }: Context, trigger: TriggerStatus): TriggerStatus {
  const why = spec.state === "suspended" ? ("Suspending" as const) : ("Replacing" as const);
  return { ...trigger, stop: { mode: "cancel", why, generation, requestedAt: iso(now) } };
}

/** It was let go before its job was seen: once it is gone nothing of the attempt can come any more. */
export function untilGone(ctx: Context, trigger: TriggerStatus, own: PerJobCluster | undefined): Verdict {
  if (own) return release(ctx, trigger, own, "clusterGoes");
  return untilKnownGone(ctx, trigger.cluster?.name ?? "") ?? takenAway(ctx, trigger);
}

/** Its job did not come in time: the cluster goes, and whatever brings it. Undefined where there is no such cluster. */
export function lateInOwnCluster(ctx: Context, trigger: TriggerStatus): Verdict | undefined {
  const bringsItself = isApplication(trigger) || ctx.spec.plan !== undefined;
  if (!bringsItself || isOver(trigger)) return undefined;
  const own = ownCluster(ctx, trigger);
  if (own) return release(ctx, trigger, own, "releaseLate");
  const unsure = trigger.cluster && untilKnownGone(ctx, trigger.cluster.name);
  return unsure ?? { rule: "lateJobIsOver", trigger: { ...trigger, finishedAt: iso(ctx.now) } };
}
