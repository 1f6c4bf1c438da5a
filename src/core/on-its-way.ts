import type { TriggerStatus } from "../api/status.ts";
import type { Flight } from "./observed.ts";

/** A run request that has not arrived this long after it was recorded never will (docs/guarantees.md, "Windows"). */
const LONGEST_WAY_MS = 5_000;

/**
 * Until when the newest run request may still arrive: whoever sent it may have died since, and a look-up shows only what
 * has arrived. Undefined where its answer, or its job, shows that it did.
 */
export function arrivesUntil(
  trigger: TriggerStatus | undefined,
  flight: Flight | undefined,
  longestWayMs = LONGEST_WAY_MS,
): number | undefined {
  const answered = flight?.phase === "answered" && flight.outcome.kind !== "unknown";
  if (answered || trigger?.sentAt === undefined || trigger.acceptedAt !== undefined) return undefined;
  return Date.parse(trigger.sentAt) + longestWayMs;
}

/** What is known of it now. */
interface UnderWay {
  readonly flight: Flight | undefined;
  readonly now: number;
  readonly longestWayMs: number | undefined;
}

/** For how long the newest run request may still arrive, in milliseconds. */
export function onItsWayMs({ flight, now, longestWayMs }: UnderWay, trigger: TriggerStatus): number {
  return Math.max(0, (arrivesUntil(trigger, flight, longestWayMs) ?? now) - now);
}
