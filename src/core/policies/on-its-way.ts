import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context } from "../context.ts";

/** A run request that has not arrived this long after it was recorded never will (docs/guarantees.md, "Windows"). */
const LONGEST_WAY_MS = 5_000;

/**
 * For how long the newest run request may still arrive, in milliseconds: whoever sent it may have died since, and a look-up
 * shows only what has arrived. 0 where its answer, or its job, shows that it did.
 */
export function onItsWayMs(
  { flight, now, longestWayMs = LONGEST_WAY_MS }: Context,
  trigger: TriggerStatus,
): number {
  const answered = flight?.phase === "answered" && flight.outcome.kind !== "unknown";
  const sentAt = at(trigger.sentAt);
  if (answered || trigger.acceptedAt !== undefined || sentAt === undefined) return 0;
  return Math.max(0, sentAt + longestWayMs - now);
}
