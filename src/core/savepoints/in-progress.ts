import { at, iso } from "../context.ts";
import type { ReachableCluster } from "../observed.ts";
import { savepointAfter } from "../savepoint-evidence.ts";
import type { Checkpoints } from "../snapshots.ts";
import { abandoned, completed, endOfJob, type SavepointContext } from "./context.ts";
import type { OperationResult, SavepointFacts, SavepointVerdict } from "./observed.ts";

const SHORTEST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** What an unknown operation is concluded from must be younger. Milliseconds. */
const NEWS_ARE_FRESH_MS = 1_500;
const LOOK_AGAIN_MS = 2_000;
/** web.refresh-interval, and a little: what the history shows may be so much older. Milliseconds. */
const HISTORY_IS_OLDER_BY_MS = 3_500;

/** A request was recorded and may have reached Flink: what became of it is looked at, then decided. */
export function askedFor(ctx: SavepointContext): SavepointVerdict {
  const { cluster, facts, job } = ctx;
  switch (cluster?.kind) {
    case "reachable":
      return follow(ctx, cluster);
    case "unreachable":
    case "notAllowed": {
      // Nobody will tell: its FlinkJob, which would bring the cluster back into sight, is gone.
      if (!job)
        return {
          rule: "goneOutOfSight",
          status: abandoned(ctx, `${cluster.message}; the FlinkJob is gone.`),
        };
      const message = `${cluster.message}; whether the savepoint was taken is asked when it does.`;
      return { rule: "outOfSight", status: { ...facts, reason: "ClusterUnreachable", message } };
    }
    default:
      return { rule: "connecting" };
  }
}

function follow(ctx: SavepointContext, cluster: ReachableCluster): SavepointVerdict {
  const { facts } = ctx;
  const { jobId = "", operationId = "" } = facts;
  const result = freshResult(ctx);
  if (!result)
    return { rule: "readOperation", effect: { kind: "readOperation", url: cluster.url, jobId, operationId } };
  switch (result.state) {
    case "requested":
    case "inProgress":
      return waiting(ctx);
    case "completed":
      return { rule: "savepointCompleted", status: completed(ctx, result.path) };
    case "failed":
      return failed(ctx, result);
    case "unknown":
      return forgotten(ctx, cluster, result.checkpoints);
  }
}

/** Between two looks: the longer it takes, the longer. Milliseconds. */
function pause({ facts, now }: SavepointContext): number {
  const age = now - (at(facts.requestedAt) ?? now);
  return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, age / 4));
}

function waiting(ctx: SavepointContext): SavepointVerdict {
  const message = `Flink takes a savepoint of job ${ctx.facts.jobId}.`;
  const status: SavepointFacts = { ...ctx.facts, reason: "TakingSavepoint", message };
  return { rule: "savepointUnderWay", status, requeueAfterMs: pause(ctx) };
}

/** An outcome stands; anything else is asked for again after a while. */
function freshResult(ctx: SavepointContext): OperationResult | undefined {
  const { news, facts, now } = ctx;
  if (news?.kind !== "operation" || news.operationId !== facts.operationId) return undefined;
  const { result, endedAt } = news;
  if (result.state === "completed" || result.state === "failed") return result;
  const age = now - endedAt;
  const limit = result.state === "unknown" ? NEWS_ARE_FRESH_MS : pause(ctx);
  return age >= 0 && age < limit ? result : undefined;
}

function failed(
  ctx: SavepointContext,
  { message, hopeless = false }: Extract<OperationResult, { state: "failed" }>,
): SavepointVerdict {
  const { facts, savepoint, now } = ctx;
  const end = endOfJob(ctx, facts.jobId ?? "");
  if (end !== undefined) return { rule: "jobEnded", status: abandoned(ctx, end) };
  const failures = (facts.failures ?? 0) + 1;
  const givenUp = hopeless || failures > savepoint.spec.backoffLimit || ctx.deleting;
  const why = `The savepoint failed: ${message}`;
  const status: SavepointFacts = {
    ...facts,
    state: givenUp ? "failed" : "pending",
    reason: hopeless ? "NoSavepointDirectory" : "SavepointFailed",
    message: why,
    failures,
    failedAt: iso(now),
  };
  return { rule: givenUp ? "savepointGivenUp" : "savepointFailed", status, requeueAfterMs: 0 };
}

/** Never arrived, five minutes over, or another JobManager process: the checkpoint history decides. */
function forgotten(
  ctx: SavepointContext,
  cluster: ReachableCluster,
  checkpoints: Checkpoints | undefined,
): SavepointVerdict {
  const { facts, savepoint, job } = ctx;
  const { jobId = "", operationId = "", newestBefore = 0 } = facts;
  const evidence =
    checkpoints && savepointAfter(unclaimed(ctx, checkpoints), { after: newestBefore, stop: false });
  if (evidence?.kind === "taken") {
    const { path, triggeredAt } = evidence.snapshot;
    return { rule: "savepointFound", status: completed(ctx, path, triggeredAt) };
  }
  if (evidence?.kind === "inProgress") return waiting(ctx);
  const settling = settlesInMs(ctx);
  if (settling > 0) return { rule: "historySettles", requeueAfterMs: settling };
  const end = endOfJob(ctx, jobId) ?? (ctx.deleting ? "The FlinkSavepoint is being deleted." : undefined);
  if (end !== undefined) return { rule: "jobEnded", status: abandoned(ctx, end) };
  const row = cluster.jobs.get(jobId);
  const runs = row?.state === "RUNNING" && row.tasks.running + row.tasks.finished === row.tasks.total;
  if (!evidence || !runs) {
    // Flink would refuse at once, and the trigger ID would be used up.
    const message = `Flink does not know of the savepoint, and job ${jobId} cannot take one yet.`;
    return {
      rule: "waitForTasks",
      status: { ...facts, reason: "WaitingForJob", message },
      requeueAfterMs: LOOK_AGAIN_MS,
    };
  }
  return {
    rule: "triggerAgain",
    // What the history shows from now on is as old as this request at the most.
    status: { ...facts, requestedAt: iso(ctx.now) },
    effect: {
      kind: "triggerSavepoint",
      url: cluster.url,
      jobId,
      operationId,
      directory: savepoint.spec.directory ?? job?.spec.savepoints?.directory,
      formatType: savepoint.spec.formatType ?? job?.spec.savepoints?.formatType,
    },
  };
}

/** In how many milliseconds the history will show what came of the newest request; 0 when it does. */
function settlesInMs({ facts, news, now }: SavepointContext): number {
  const asked = at(facts.requestedAt) ?? 0;
  const shownFrom = asked + HISTORY_IS_OLDER_BY_MS;
  // Where somebody set the clock back it would be awaited for ever.
  if (asked > now || !news || news.at >= shownFrom) return 0;
  return Math.max(shownFrom - now, news.endedAt + NEWS_ARE_FRESH_MS - now);
}

/** What another FlinkSavepoint has is not ours: two that share their files would lose them together. */
function unclaimed({ otherPaths }: SavepointContext, checkpoints: Checkpoints): Checkpoints {
  const { history, newestSavepoint, ...rest } = checkpoints;
  const free = ({ path }: { path?: string | undefined }) => path === undefined || !otherPaths.has(path);
  return {
    ...rest,
    history: history.filter(free),
    ...(newestSavepoint && free(newestSavepoint) ? { newestSavepoint } : {}),
  };
}
