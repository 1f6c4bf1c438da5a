import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context } from "../context.ts";
import type { ExecutionResultSeen } from "../observed.ts";
import type { Verdict } from "../step.ts";
import { ownCluster } from "./own-cluster.ts";
import { untilKnownGone } from "./own-cluster-lost.ts";

const LOOK_AGAIN_MS = 700;
/** A JobManager that says of an ended job that it has not ended is not asked for longer than this. Milliseconds. */
const TELLS_WITHIN_MS = 10_000;
/** One that does not answer at all is waited for as long as a failover may take, and more. Milliseconds. */
const ANSWERS_WITHIN_MS = 600_000;
/**
 * A result that is too large to be kept stays with its JobManager for so long after the job's end: its client, which asks again each
 * 3 s, fetches it there. Milliseconds.
 */
const FETCHED_WITHIN_MS = 30_000;

/**
 * `spec.plan`: what Flink's own client will ask for is read once the end is on record, and before the cluster goes. Undefined
 * when there is nothing, or that was done.
 */
export function readExecutionResult(ctx: Context, trigger: TriggerStatus): Verdict | undefined {
  const { spec, job, cluster, executionResult: seen, now } = ctx;
  // Without a job there is none.
  if (!spec.plan || !trigger.cluster || trigger.acceptedAt === undefined) return undefined;
  if (job.status?.executionResult) return undefined;
  const since = now - (at(trigger.finishedAt) ?? now);
  if (cluster.kind !== "reachable") return outOfSight(ctx, trigger, since);
  if (!seen) return read(trigger, cluster.url);
  const { result } = seen;
  const isUnwanted = spec.state === "suspended" || ownCluster(ctx, trigger)?.isDeleting === true;
  if (result?.kind === "tooLong" && since < FETCHED_WITHIN_MS && !isUnwanted)
    return { rule: "executionResultOffered", requeueAfterMs: FETCHED_WITHIN_MS - since };
  if (result?.kind !== "inProgress" || since > TELLS_WITHIN_MS) return told(seen);
  const left = seen.at + LOOK_AGAIN_MS - now;
  return left > 0 ? { rule: "executionResultSettles", requeueAfterMs: left } : read(trigger, cluster.url);
}

function read({ jobId }: TriggerStatus, url: string): Verdict {
  return { rule: "readExecutionResult", effect: { kind: "readExecutionResult", jobId, url } };
}

function outOfSight(ctx: Context, trigger: TriggerStatus, since: number): Verdict {
  const own = ownCluster(ctx, trigger);
  if (own && !own.isDeleting && since < ANSWERS_WITHIN_MS)
    return { rule: "executionResultOutOfSight", requeueAfterMs: ANSWERS_WITHIN_MS - since };
  const unsure = own ? undefined : untilKnownGone(ctx, trigger.cluster?.name ?? "");
  return unsure ?? missed("Its JobManager was gone before it could be read.");
}

function told({ result }: ExecutionResultSeen): Verdict {
  switch (result?.kind) {
    case "completed":
      return { rule: "executionResultRead", executionResult: { text: result.text }, requeueAfterMs: 0 };
    case "tooLong": {
      const size = result.bytes === undefined ? "" : `, ${result.bytes} bytes,`;
      return missed(`It is larger${size} than what a FlinkJob keeps.`);
    }
    default:
      return missed("Its JobManager no longer knew it.");
  }
}

function missed(absent: string): Verdict {
  return { rule: "executionResultMissed", executionResult: { absent }, requeueAfterMs: 0 };
}
