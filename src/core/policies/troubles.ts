import type { Context } from "../context.ts";
import type { Verdict } from "../step.ts";

/** How often the cause is read of a job that keeps restarting, in milliseconds. */
const READ_EVERY_MS = 10_000;
const TROUBLED = new Set(["RESTARTING", "FAILING"]);

/** Of a job that restarts, or has just come back, the status tells how often and why. A job without trouble costs no request. */
export function withTroubles(ctx: Context, verdict: Verdict): Verdict {
  const { row, cluster, troubles, job, now } = ctx;
  if (!row || cluster.kind !== "reachable" || verdict.effect) return verdict;
  const known = job.status?.job;
  const wasTroubled = known?.id === row.id && TROUBLED.has(known.state);
  if (!TROUBLED.has(row.state) && !wasTroubled) return troubles ? { ...verdict, troubles } : verdict;
  const left = troubles ? troubles.at + READ_EVERY_MS - now : 0;
  // Read once more when it is back, so that the last restart is counted.
  const wait = TROUBLED.has(row.state) ? left : Math.min(left, troubles ? troubles.at + 1_000 - now : 0);
  if (wait <= 0) return { ...verdict, effect: { kind: "readTroubles", jobId: row.id, url: cluster.url } };
  return {
    ...verdict,
    ...(troubles ? { troubles } : {}),
    requeueAfterMs: Math.min(verdict.requeueAfterMs ?? wait, wait),
  };
}
