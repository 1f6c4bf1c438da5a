import { parseDuration } from "../../api/duration.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context, iso } from "../context.ts";
import { wantsNextAttempt } from "../next-attempt.ts";
import type { PerJobCluster } from "../observed.ts";
import type { Verdict } from "../step.ts";
import { wantedRun } from "../versions.ts";
import { ownCluster } from "./own-cluster.ts";

/** How often it is asked again whether one that is to go is gone, in milliseconds: its going is told anyway. */
const LOOK_AGAIN_MS = 5_000;

/** Takes the trigger's cluster away. That it is let go is recorded first: from then on it waits for this FlinkJob no more. */
export function release(ctx: Context, trigger: TriggerStatus, own: PerJobCluster, rule: string): Verdict {
  const { name, uid, isDeleting } = own;
  const { cluster } = trigger;
  const releasedAt = cluster?.releasedAt ?? iso(ctx.now);
  return {
    rule,
    trigger: cluster ? { ...trigger, cluster: { ...cluster, uid, releasedAt } } : trigger,
    ...(isDeleting ? {} : { effect: { kind: "deleteCluster", name, uid } }),
    requeueAfterMs: LOOK_AGAIN_MS,
  };
}

/**
 * The trigger has come to its end, and what its job left is on record: the clusters that were made for this FlinkJob go.
 * Undefined when nothing is to be done now.
 */
export function cleared(ctx: Context, trigger: TriggerStatus): Verdict | undefined {
  const own = ownCluster(ctx, trigger);
  const other = ctx.perJob.clusters.find(({ name, isDeleting }) => name !== own?.name && !isDeleting);
  if (other) {
    const { name, uid } = other;
    return { rule: "deleteEarlierCluster", effect: { kind: "deleteCluster", name, uid }, requeueAfterMs: 0 };
  }
  if (!own || (own.isDeleting && trigger.cluster?.releasedAt !== undefined)) return undefined;
  return keptForMs(ctx, trigger) > 0 ? undefined : release(ctx, trigger, own, "releaseCluster");
}

/** How long the cluster of an ended job stays on, in milliseconds (spec.cluster.perJob.keepClusterFor). */
export function keptForMs(ctx: Context, trigger: TriggerStatus): number {
  const { spec, now, job } = ctx;
  const wish = parseDuration(spec.cluster.perJob?.keepClusterFor ?? "");
  const finishedAt = at(trigger.finishedAt);
  const own = ownCluster(ctx, trigger);
  // Whoever deletes it does not want to look at it.
  if (wish === undefined || finishedAt === undefined || !own || own.isDeleting) return 0;
  // Whoever follows needs its room.
  const follows = wantedRun(job) !== undefined || wantsNextAttempt(spec, trigger);
  return follows || spec.state === "suspended" ? 0 : Math.max(0, finishedAt + wish - now);
}

/** The FlinkJob is being deleted and nothing of its job lives: its clusters go before it. Undefined when none is left. */
export function clearedForDeletion(ctx: Context): Verdict | undefined {
  const { trigger } = ctx;
  const [first] = ctx.perJob.clusters;
  if (!first) return undefined;
  const next = ctx.perJob.clusters.find(({ isDeleting }) => !isDeleting) ?? first;
  const words = next.isDeleting ? (next.message ?? "") : "it is being deleted.";
  const message = `The FlinkJob is being deleted. Its FlinkCluster ${next.name} goes first: ${words}`;
  const told: TriggerStatus | undefined = trigger && { ...trigger, reason: "Deleting", message };
  if (told?.cluster?.name === next.name) return release(ctx, told, next, "releaseDeleted");
  const { name, uid, isDeleting } = next;
  return {
    rule: "releaseDeleted",
    trigger: told,
    ...(isDeleting ? {} : { effect: { kind: "deleteCluster", name, uid } }),
    requeueAfterMs: LOOK_AGAIN_MS,
  };
}
