import { FINALIZER } from "../../api/group.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context } from "../context.ts";
import { jobIdPrefix } from "../identity.ts";
import { type Flight, isTerminal, type JobRow } from "../observed.ts";
import { onItsWayMs } from "../on-its-way.ts";
import { recordOf } from "../savepoints/record.ts";
import { againWithin, type Effect, type Verdict } from "../step.ts";
import { isOver } from "../triggers.ts";
import { listedSoon, lookUp } from "./answered.ts";
import { ownCluster } from "./own-cluster.ts";
import { clearedForDeletion } from "./own-cluster-end.ts";
import { withoutStorage } from "./own-storage.ts";
import { stopJob } from "./stopping.ts";
import { reportJob } from "./tracking.ts";
import { isStuck } from "./unsettled.ts";

const LOOK_AGAIN_MS = 2_000;
/** With high availability only: what nothing could bring back counts as ended. */
const UNENDING =
  "Its main() has ended, and Flink has not said so yet. Flink 2.3.0 sometimes never does, and a failover would begin main() again: if this stays, restart the JobManager.";

/** The FlinkJob is being deleted: its Flink job goes first, or stays as `deletionPolicy` says. */
export function deletion(ctx: Context): Verdict | undefined {
  const { job, spec, flight } = ctx;
  if (job.metadata.deletionTimestamp === undefined) return undefined;
  if (!job.metadata.finalizers?.includes(FINALIZER)) return { rule: "deleted" };
  if (flight?.phase === "fetchingJar") return { rule: "abandonFlight", effect: { kind: "abandonFlight" } };
  if (spec.deletionPolicy === "Orphan") return orphan(ctx);
  return (endsWithItsCluster(ctx) ? undefined : endJob(ctx)) ?? withoutWhatItHad(ctx) ?? letGo(ctx);
}

/** What lives goes on, and so does the cluster that was made for it. */
function orphan(ctx: Context): Verdict {
  const { trigger } = ctx;
  if (!trigger || isOver(trigger)) return withoutWhatItHad(ctx) ?? letGo(ctx);
  const { cluster } = trigger;
  if (!cluster) return letGo(ctx);
  const message = `FlinkCluster ${cluster.name} stays, and job ${trigger.jobId} with it (spec.deletionPolicy: Orphan). Delete it when it is not wanted any more.`;
  const effect = { ...letGo(ctx).effect, kind: "removeFinalizer", orphans: cluster.name } as const;
  // One that a cache does not show is there all the same, or nobody will miss the mark.
  const events = ownCluster(ctx, trigger) ? [{ type: "Normal", reason: "Deleting", message } as const] : [];
  return { rule: "letGo", effect, events };
}

/** No job is listed there yet, or none can be seen to end any more: its cluster goes, and all pods with it. */
function endsWithItsCluster(ctx: Context): boolean {
  const { trigger, row } = ctx;
  const { cluster } = trigger ?? {};
  if (!trigger || !cluster) return false;
  if (cluster.releasedAt !== undefined || ctx.now >= deadlineOf(ctx)) return true;
  if (!ownCluster(ctx, trigger)) return cluster.uid === undefined || ctx.perJob.remains === false;
  return trigger.state === "pending" && (!row || isTerminal(row.state));
}

/** Its clusters go, and then what they left. */
function withoutWhatItHad(ctx: Context): Verdict | undefined {
  return withoutClusters(ctx) ?? withoutStorage(ctx);
}

/** Waits until they are gone, for as long as for the job once more: they have finalizers of their own. */
function withoutClusters(ctx: Context): Verdict | undefined {
  const verdict = clearedForDeletion(ctx);
  if (!verdict || ctx.now < deadlineOf(ctx) + ctx.deletionTimeoutMs || verdict.effect) return verdict;
  const names = ctx.perJob.clusters.map(({ name }) => name).join(", ");
  const message = `FlinkCluster ${names} is not gone yet; the FlinkJob was let go.`;
  return {
    ...letGo(ctx),
    rule: "deletionTimedOut",
    events: [{ type: "Warning", reason: "DeletionTimedOut", message }],
  };
}

function letGo(ctx: Context): Verdict {
  const record = recordOf(ctx);
  const deadline = deadlineOf(ctx);
  const insists = ctx.now < deadline;
  const awaits = ctx.now < deadline + ctx.deletionTimeoutMs;
  const { trigger, spec } = ctx;
  const orphans = spec.deletionPolicy === "Orphan" && trigger !== undefined && !isOver(trigger);
  const { event } = ctx.storage?.isOver ? ctx.storage : {};
  const hadClusters = trigger?.cluster !== undefined || spec.cluster.perJob !== undefined;
  return {
    rule: "letGo",
    ...(event ? { events: [event] } : {}),
    effect: {
      kind: "removeFinalizer",
      ...(record ? { record, insists } : {}),
      ...(hadClusters && !orphans ? { clears: true, awaits } : {}),
    },
    // Until a cache shows what was found there.
    ...(hadClusters && !orphans ? { requeueAfterMs: LOOK_AGAIN_MS } : {}),
  };
}

function deadlineOf({ job, now, deletionTimeoutMs }: Context): number {
  return (at(job.metadata.deletionTimestamp) ?? now) + deletionTimeoutMs;
}

/** Cancels what lives and sees it end; undefined when nothing does. */
function endJob(ctx: Context): Verdict | undefined {
  const { cluster, look, flight, trigger, spec } = ctx;
  // Before a first answer nobody knows whether a job of ours runs whose status was lost.
  if (!trigger && cluster.kind === "connecting") return { rule: "connecting" };
  const row = liveJob(ctx);
  if (!row && (!trigger || isOver(trigger) || nothingSent(flight, trigger))) return undefined;
  const jobId = row?.id ?? trigger?.jobId ?? "";
  const deadline = deadlineOf(ctx);
  if (ctx.now >= deadline) {
    const message = `Job ${jobId} could not be seen to end in time; it may still run on ${trigger?.sentTo?.url ?? "its cluster"}.`;
    return {
      ...letGo(ctx),
      rule: "deletionTimedOut",
      events: [{ type: "Warning", reason: "DeletionTimedOut", message }],
    };
  }
  const requeueAfterMs = Math.min(LOOK_AGAIN_MS, deadline - ctx.now);
  if (cluster.kind !== "reachable") {
    const why =
      cluster.kind === "unreachable" || cluster.kind === "notAllowed"
        ? cluster.message
        : "Its cluster is unknown.";
    return waiting(trigger, why, requeueAfterMs);
  }
  if (
    row &&
    trigger?.state === "running" &&
    row.id === trigger.jobId &&
    spec.deletionPolicy === "Savepoint"
  ) {
    const verdict = stopJob(ctx, trigger, row, cluster, { why: "Deleting", mode: "savepoint" });
    return againWithin(verdict, requeueAfterMs);
  }
  if (row) {
    const effect: Effect = { kind: "cancelJob", jobId: row.id, url: cluster.url };
    const cancelling = row.state === "CANCELLING";
    return {
      ...waiting(trigger, "Its Flink job is being cancelled.", requeueAfterMs),
      rule: "cancelDeleted",
      effect: cancelling ? undefined : effect,
      job: row,
      watchClosely: true,
    };
  }
  if (trigger && ctx.row && isTerminal(ctx.row.state) && trigger.stop?.mode === "savepoint")
    return reportJob(ctx, trigger, ctx.row);
  if (!trigger || (ctx.row && isTerminal(ctx.row.state))) return undefined;
  if (flight?.phase === "sending")
    return waiting(trigger, "Its run request has no answer yet.", requeueAfterMs);
  if (!look) return lookUp(trigger, ctx);
  if (look.found) return { ...listedSoon, requeueAfterMs };
  const state = look.application?.state;
  if (state === "CREATED" || state === "RUNNING") {
    const effect: Effect = { kind: "cancelApplication", jobId: trigger.jobId, url: cluster.url };
    return {
      ...waiting(trigger, "Its main() is being cancelled.", requeueAfterMs),
      rule: "cancelMain",
      effect,
    };
  }
  if (!isStuck(ctx, look) && (state === "CANCELING" || state === "FAILING"))
    return waiting(trigger, look.mains > 0 ? "Its main() is ending." : UNENDING, requeueAfterMs);
  if (look.mains > 0) return waiting(trigger, "A main() runs that may still submit its job.", requeueAfterMs);
  const onItsWay = onItsWayMs(ctx, trigger);
  if (onItsWay > 0)
    return waiting(trigger, "Its run request may still arrive.", Math.min(requeueAfterMs, onItsWay));
  return undefined;
}

/** The trigger's own job first; any other of this FlinkJob must end as well. One that was never adopted is not its. */
function liveJob({ cluster, row, trigger, uid }: Context): JobRow | undefined {
  const rows = cluster.kind === "reachable" ? [...(row ? [row] : []), ...cluster.jobs.values()] : [];
  const prefix = jobIdPrefix(uid);
  const adopted = trigger && trigger.sends > 0 ? trigger.jobId : undefined;
  return rows.find(({ id, state }) => !isTerminal(state) && (id === adopted || id.startsWith(prefix)));
}

function nothingSent(flight: Flight | undefined, { sends }: TriggerStatus): boolean {
  return sends === 1 && flight?.phase === "answered" && flight.outcome.kind === "notSent";
}

function waiting(trigger: TriggerStatus | undefined, why: string, requeueAfterMs: number): Verdict {
  const message = `The FlinkJob is being deleted. ${why}`;
  return {
    rule: "endingJob",
    trigger: trigger && { ...trigger, reason: "Deleting", message },
    requeueAfterMs,
  };
}
