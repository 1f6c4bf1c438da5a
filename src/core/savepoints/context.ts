import { SAVEPOINT_FINALIZER } from "../../api/group.ts";
import type { FlinkJob, FlinkSavepoint } from "../../api/objects.ts";
import type { Reason } from "../../api/reasons.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { iso } from "../context.ts";
import { operationIdOf } from "../identity.ts";
import type { SavepointFacts, SavepointObserved } from "./observed.ts";

/** What the policies share. */
export interface SavepointContext extends SavepointObserved {
  readonly now: number;
  readonly facts: SavepointFacts;
  readonly deleting: boolean;
  readonly held: boolean;
}

export function savepointContext(observed: SavepointObserved, now: number): SavepointContext {
  const { metadata } = observed.savepoint;
  return {
    ...observed,
    now,
    facts: ownFacts(observed.savepoint),
    deleting: metadata.deletionTimestamp !== undefined,
    held: metadata.finalizers?.includes(SAVEPOINT_FINALIZER) ?? false,
  };
}

/** The status, unless it speaks of another object's request (a backup that was restored under a new uid). */
export function ownFacts({ metadata, status }: FlinkSavepoint): SavepointFacts {
  const { observedGeneration: _, conditions: __, ...facts } = status ?? { observedGeneration: -1 };
  const { jobId, operationId, number } = facts;
  if (jobId === undefined || operationId === undefined || number === undefined) return facts;
  return operationId === savepointOperationId(jobId, metadata.uid ?? "", number) ? facts : {};
}

/** Flink's trigger ID of the `number`th savepoint that one FlinkSavepoint asked for: the same whoever computes it. */
export function savepointOperationId(jobId: string, uid: string, number: number): string {
  return operationIdOf(jobId, "savepoint", number === 1 ? uid : `${uid}/${number}`);
}

/** The trigger whose job lives and may be asked for a savepoint. */
export function liveTrigger(job: FlinkJob | undefined): TriggerStatus | undefined {
  const trigger = job?.status?.trigger;
  const stopped = trigger?.stop !== undefined && trigger.stop.failedAt === undefined;
  return trigger?.state === "running" && !stopped ? trigger : undefined;
}

/** Why no savepoint of this Flink job can come any more; undefined while one may. */
export function endOfJob({ job, cluster, savepoint }: SavepointContext, jobId: string): string | undefined {
  const name = savepoint.spec.job.name;
  if (!job) return `The FlinkJob "${name}" is gone.`;
  const trigger = job.status?.trigger;
  if (trigger && trigger.jobId !== jobId) return `Job ${jobId} was replaced by ${trigger.jobId}.`;
  if (trigger && trigger.state !== "running" && trigger.state !== "pending")
    return `Job ${jobId} is ${trigger.state}.`;
  const state = cluster?.kind === "reachable" ? cluster.jobs.get(jobId)?.state : undefined;
  return state === "FINISHED" || state === "FAILED" || state === "CANCELED"
    ? `Job ${jobId} is ${state}.`
    : undefined;
}

/** Not asked for yet, or not any more. */
export function pending({ facts }: SavepointContext, reason: Reason, message: string): SavepointFacts {
  return { ...facts, state: "pending", reason, message };
}

/** Nothing follows: the savepoint cannot be taken. */
export function abandoned({ facts }: SavepointContext, why: string): SavepointFacts {
  const message = `${why} No savepoint of it is taken.`;
  return { ...facts, state: "abandoned", reason: "JobEnded", message };
}

/** It is there. */
export function completed({ facts, now }: SavepointContext, path: string, takenAt?: number): SavepointFacts {
  return {
    ...facts,
    state: "completed",
    reason: "SavepointCompleted",
    message: `Savepoint ${path} of job ${facts.jobId} is complete.`,
    path,
    takenAt: takenAt === undefined ? facts.requestedAt : iso(takenAt),
    completedAt: iso(now),
  };
}
