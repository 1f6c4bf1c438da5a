import type { Context } from "../context.ts";
import type { JobRow } from "../observed.ts";
import { againWithin, type Verdict } from "../step.ts";

/** How often the cause is read of a job that keeps restarting, in milliseconds. */
const READ_EVERY_MS = 10_000;
/** Flink counts a restart up to 10 s late (metrics.fetcher.update-interval). Milliseconds. */
const COUNTED_WITHIN_MS = 11_000;
const TROUBLED = new Set(["RESTARTING", "FAILING"]);

/** Of a job that restarts, or has just come back, the status tells how often and why. A job without trouble costs no request. */
export function withTroubles(ctx: Context, verdict: Verdict): Verdict {
  const { row, cluster, troubles, now } = ctx;
  if (!row || cluster.kind !== "reachable" || verdict.effect) return verdict;
  const every = troubles ? troubles.at + READ_EVERY_MS - now : 0;
  const wait = TROUBLED.has(row.state) ? every : owedInMs(ctx, row);
  const told = troubles ? { ...verdict, troubles } : verdict;
  if (wait === undefined) return told;
  if (wait <= 0) return { ...told, effect: { kind: "readTroubles", jobId: row.id, url: cluster.url } };
  return againWithin(told, wait);
}

/** Of a job that is back it is read once more, when its last restart must be counted; undefined: that was done. */
function owedInMs({ job, troubles, now }: Context, { id }: JobRow): number | undefined {
  const { job: known, conditions } = job.status ?? {};
  if (known?.id !== id) return undefined;
  // Seen to restart, and back before anybody could ask.
  if (TROUBLED.has(known.state)) return troubles ? COUNTED_WITHIN_MS : 0;
  const ready = conditions?.find(({ type }) => type === "Ready");
  if (known.restarts === undefined || ready?.status !== "True") return undefined;
  const countedAt = Date.parse(ready.lastTransitionTime) + COUNTED_WITHIN_MS;
  // Another process than the one that saw it come back need not ask for ever.
  const isDone = (troubles?.at ?? 0) >= countedAt || now > countedAt + READ_EVERY_MS;
  return isDone ? undefined : countedAt - now;
}
