import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context } from "../context.ts";
import { isSameProcess, type ReachableCluster } from "../observed.ts";

/** Flink forgets an ended job after its jobstore expiration; beyond this share of it, absence says nothing. */
const REMEMBERED_SHARE = 0.9;

/** The process that it was sent to would still list its job, had there been one. */
export function wouldBeListed(
  { now }: Context,
  { sentAt }: Pick<TriggerStatus, "sentAt">,
  { jobManager }: ReachableCluster,
): boolean {
  return now - (at(sentAt) ?? 0) < jobManager.jobStoreExpirationMs * REMEMBERED_SHARE;
}

/** Whether a request that was sent is known to have brought nothing: its own process says so, and would know. */
export function isKnownAbsent(ctx: Context, trigger: TriggerStatus): boolean {
  const { cluster, look } = ctx;
  if (cluster.kind !== "reachable" || !look || look.found || look.application || look.mains > 0) return false;
  const { incarnation } = look;
  const { sentTo } = trigger;
  const same = !sentTo?.earlierProcess && isSameProcess(incarnation, sentTo?.incarnation);
  // Of several requests the first may have brought a job that Flink has forgotten since.
  const sentAt = trigger.sends > 1 ? trigger.requestedAt : trigger.sentAt;
  return (
    same &&
    isSameProcess(incarnation, cluster.jobManager.incarnation) &&
    wouldBeListed(ctx, { sentAt }, cluster)
  );
}
