import type { TriggerStatus } from "../../api/status.ts";
import { type Context, iso } from "../context.ts";
import type { PerJobCluster } from "../observed.ts";
import { carriesState } from "../restore-point.ts";
import type { Verdict } from "../step.ts";
import { failed, pending } from "../triggers.ts";
import { lastKnown } from "./checkpoints.ts";
import { ownCluster, seen } from "./own-cluster.ts";

const LOOK_AGAIN_MS = 5_000;
const ABSENCE_IS_FRESH_MS = 5_000;

/**
 * Somebody deletes it, and nobody has heard of a job there. It stays as long as the FlinkJob has one that it may run, and the
 * FlinkJob waits for it to go: so it is let go, or each would wait for the other.
 */
export function deletedEarly({ now }: Context, before: TriggerStatus, own: PerJobCluster): Verdict {
  const message = `FlinkCluster ${own.name} is being deleted by somebody before its job came.`;
  const trigger = pending(seen(before, own), "TearingDown", message);
  const { cluster } = trigger;
  const releasedAt = cluster?.releasedAt ?? iso(now);
  return {
    rule: "releaseDeletedEarly",
    trigger: cluster ? { ...trigger, cluster: { ...cluster, releasedAt } } : trigger,
    requeueAfterMs: LOOK_AGAIN_MS,
  };
}

/** The same for a run request that was recorded, where nobody answers. Undefined where none is being deleted, or it answers. */
export function deletedUnheard(ctx: Context, trigger: TriggerStatus): Verdict | undefined {
  const own = trigger.sends > 0 ? ownCluster(ctx, trigger) : undefined;
  const isUnheard = ctx.cluster.kind !== "reachable" && ctx.cluster.kind !== "connecting";
  return own?.isDeleting && isUnheard ? deletedEarly(ctx, trigger, own) : undefined;
}

/** A cache that does not show a cluster may be behind: only the API server's own word counts. Undefined when it has said so. */
export function untilKnownGone({ perJob, now }: Context, name: string): Verdict | undefined {
  const { absent } = perJob;
  const age = absent?.name === name ? now - absent.at : -1;
  if (age >= 0 && age <= ABSENCE_IS_FRESH_MS) return undefined;
  return { rule: "lookForCluster", effect: { kind: "lookForCluster", name }, requeueAfterMs: 1_000 };
}

/** It was let go before its job came to an end that was seen, and it is gone, with all its pods. */
export function takenAway(ctx: Context, trigger: TriggerStatus): Verdict {
  // A plan is its sender's: nothing takes its place.
  if (trigger.stop === undefined && ctx.spec.state !== "suspended" && !ctx.spec.plan) {
    const name = trigger.cluster?.name;
    const lost = `FlinkCluster ${name}, which was made for job ${trigger.jobId}, was deleted by somebody before the job was seen.`;
    return {
      rule: "clusterDeletedEarly",
      trigger: failed(ctx, trigger, { reason: "JobLost", message: lost, retryable: true }),
      job: null,
    };
  }
  const reason = ctx.spec.state === "suspended" ? ("Suspended" as const) : ("Canceled" as const);
  const message = "Its cluster was taken away.";
  return {
    rule: "clusterTakenAway",
    trigger: { ...trigger, state: "canceled", reason, message, finishedAt: iso(ctx.now) },
    job: null,
  };
}

/**
 * The FlinkCluster was there, and somebody took it away without its finalizer. While anything is left of it the job may
 * live; once nothing is, it is lost. Undefined where it is there, or was never seen.
 */
export function clusterLost(ctx: Context, trigger: TriggerStatus): Verdict | undefined {
  const { cluster, sends, acceptedAt } = trigger;
  if (!cluster || sends === 0 || ownCluster(ctx, trigger) || ctx.row) return undefined;
  // What had a job was there.
  if (cluster.uid === undefined && acceptedAt === undefined) return undefined;
  const unsure = untilKnownGone(ctx, cluster.name);
  if (unsure) return unsure;
  if (cluster.releasedAt !== undefined) return takenAway(ctx, trigger);
  const { remains } = ctx.perJob;
  if (remains === undefined) return { rule: "clusterIsLookedFor", requeueAfterMs: 1_000 };
  if (remains) {
    const message = `FlinkCluster ${cluster.name} is gone, and its pods are not: the job may run. Delete what bears the label flinkjob.dev/cluster: ${cluster.name}.`;
    return {
      rule: "clusterLeftPods",
      trigger: { ...trigger, reason: "ClusterUnreachable", message },
      requeueAfterMs: LOOK_AGAIN_MS,
    };
  }
  const message = `FlinkCluster ${cluster.name}, which was made for job ${trigger.jobId}, was deleted by somebody, and the job with it.`;
  return {
    rule: "clusterLost",
    trigger: failed(ctx, trigger, { reason: "JobLost", message, retryable: true }),
    ...(carriesState(ctx.spec) ? lastKnown(ctx, trigger) : {}),
    job: null,
  };
}
