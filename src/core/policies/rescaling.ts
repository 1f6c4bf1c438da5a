import { parseDuration } from "../../api/duration.ts";
import type { ScalingStatus, TriggerStatus } from "../../api/status.ts";
import { type Context, iso } from "../context.ts";
import { runHash } from "../identity.ts";
import { isTerminal, type JobRow, type ReachableCluster, type RequirementsSeen } from "../observed.ts";
import { carriesState } from "../restore-point.ts";
import { isMet, refusedScale, requiredBy, rescaled, type Scale, wantedScale } from "../scaling.ts";
import { stableBy } from "../stability.ts";
import { againWithin, type Verdict } from "../step.ts";
import { running } from "../triggers.ts";
import { wantedRun } from "../versions.ts";
import { listedSoon } from "./answered.ts";
import { LOOK_EVERY_MS, refusalOf, withScaling } from "./scaled.ts";
import { reportJob } from "./tracking.ts";
import { withTroubles } from "./troubles.ts";

/** What was read longer ago is read again, in milliseconds. */
const FRESH_MS = 1_500;
/** What could not be read, or asked for, is tried again after so long. Milliseconds. */
const FAILED_AGAIN_MS = 5_000;
/** Whether the job takes checkpoints is read again after so long. Milliseconds. */
const SNAPSHOTS_FRESH_MS = 10_000;
/** Flink said that it took them and shows others: it is asked again after so long. Milliseconds. */
const AGAIN_AFTER_MS = 2_000;
/** In these states the job has tasks that can be scaled, or will. */
const SCALABLE = new Set<JobRow["state"]>(["CREATED", "RUNNING", "RESTARTING"]);

/**
 * A job whose parallelism is all that changes is scaled as it runs, where Flink can: the same job goes on under its JobID. What
 * is required of Flink is on record before it is asked, and what Flink has is read before it is believed. Undefined where
 * there is nothing to scale, or only a new run will do; "later": the job goes on as it is, for now.
 */
export function rescaling(ctx: Context): Verdict | "later" | undefined {
  const { trigger, row, cluster, job } = ctx;
  if (trigger?.state !== "running" || !row || isTerminal(row.state)) return undefined;
  if (ctx.flight || cluster.kind !== "reachable") return undefined;
  const { scaling } = trigger;
  const asked = wantedRun(job) !== undefined;
  const wanted = asked ? wantedScale(ctx, trigger) : undefined;
  if (asked && !wanted) return undefined;
  if (refusedScale(ctx) !== undefined) return "later";
  if (!SCALABLE.has(row.state)) return cluster.jobManager.supportsRescaling ? "later" : undefined;
  // Begun, it comes to its end first, whatever is wanted by now: it may have reached Flink.
  if (scaling && isUnderWay(scaling)) return bring(ctx, trigger, scaling, row, cluster);
  if (wanted) return begin(ctx, trigger, wanted, row, cluster);
  return scaling && isOwed(ctx, scaling, row, cluster)
    ? bring(ctx, trigger, scaling, row, cluster)
    : undefined;
}

/** What could not be scaled yet is tried again. */
export function untilRescaled({ requirements }: Context, verdict: Verdict): Verdict {
  if (requirements?.result.kind !== "failed") return verdict;
  return againWithin(verdict, FAILED_AGAIN_MS);
}

/** It is on record, and nobody has seen Flink have it. */
function isUnderWay({ takenBy, refusal }: ScalingStatus): boolean {
  return takenBy === undefined && refusal === undefined;
}

/** Another JobManager process has the job by now, or it takes long: does it still have what was required? */
function isOwed(
  { requirements, now }: Context,
  scaling: ScalingStatus,
  row: JobRow,
  { jobManager }: ReachableCluster,
): boolean {
  const { takenBy, reachedAt, refusal } = scaling;
  if (refusal !== undefined || takenBy === undefined) return false;
  if (takenBy !== jobManager.incarnation) return true;
  if (reachedAt !== undefined && row.tasks.total === scaling.tasks) return false;
  if (requirements?.result.kind !== "read" || now - requirements.at >= LOOK_EVERY_MS) return true;
  return !isMet(scaling, requirements.result.requirements);
}

function begin(
  ctx: Context,
  trigger: TriggerStatus,
  scale: Scale,
  row: JobRow,
  cluster: ReachableCluster,
): Verdict | "later" | undefined {
  if (!cluster.jobManager.supportsRescaling) return undefined;
  const state = carriesState(ctx.spec) ? stateKept(ctx, row, cluster) : "kept";
  if (state !== "kept") return state === "lost" ? undefined : state;
  const seen = freshRequirements(ctx, cluster);
  // That Flink refused another step a moment ago says nothing of this one.
  if (!seen || seen.result.kind === "refused") return read(row, cluster);
  if (seen.result.kind === "failed") return "later";
  if (seen.result.kind !== "read") return undefined;
  const next = rescaled(seen.result.requirements, scale, trigger.scaling?.fixed);
  if (!next) return undefined;
  const { fixed, tasks, requirements } = next;
  const scaling: ScalingStatus = {
    parallelism: scale.to,
    runHash: runHash(ctx.spec),
    generation: ctx.generation,
    tasks,
    requestedAt: iso(ctx.now),
    ...(fixed.length > 0 ? { fixed } : {}),
    ...(scale.taskManagers === undefined ? {} : { taskManagers: scale.taskManagers }),
  };
  const message = `Flink is being asked to run the job with parallelism ${scale.to} instead of ${scale.from}.`;
  return {
    rule: "rescale",
    trigger: { ...running(ctx, trigger, "Rescaling", message), scaling },
    effect: { kind: "requireResources", jobId: row.id, ...to(cluster), requirements },
  };
}

/**
 * The job goes on from its newest checkpoint, as after any failure. One that takes none would lose the state that its
 * upgradeMode is to keep, and maxCheckpointAge says how old that may be.
 */
function stateKept(
  { snapshots, spec, now }: Context,
  row: JobRow,
  cluster: ReachableCluster,
): "kept" | "lost" | Verdict {
  const { incarnation } = cluster.jobManager;
  // A process that did not list the job yet may not have known it.
  if (snapshots?.incarnation !== incarnation || now - snapshots.at > SNAPSHOTS_FRESH_MS)
    return { rule: "readSnapshots", effect: { kind: "readSnapshots", jobId: row.id, ...to(cluster) } };
  // So it does of a job that it does not know: it must be the process that lists the job.
  if (!snapshots.snapshots && cluster.listedAt <= snapshots.at) return listedSoon;
  const { intervalMs, newest } = snapshots.snapshots ?? {};
  if (intervalMs === undefined) return "lost";
  const limit = parseDuration(spec.maxCheckpointAge ?? "");
  const tooOld = limit !== undefined && (!newest || now - newest.takenAt > limit);
  return spec.upgradeMode === "last-state" && tooOld ? "lost" : "kept";
}

/** Until Flink is seen to have what is on record. */
function bring(
  ctx: Context,
  trigger: TriggerStatus,
  scaling: ScalingStatus,
  row: JobRow,
  cluster: ReachableCluster,
): Verdict | "later" {
  const seen = freshRequirements(ctx, cluster);
  if (!seen) return read(row, cluster);
  const { result, requiredAt } = seen;
  if (result.kind === "failed") return "later";
  if (result.kind === "refused") {
    // An operator may remember that of a step of which another has told since.
    if (!isMet(scaling, result.requirements)) return read(row, cluster);
    return refuse(ctx, trigger, { ...scaling, refusal: result.message }, row);
  }
  if (result.kind !== "read") {
    // Whatever runs there cannot be scaled: the spec decides anew.
    const { scaling: _, ...rest } = trigger;
    return { rule: "cannotRescale", trigger: rest, requeueAfterMs: 0 };
  }
  const requirements = requiredBy(scaling, result.requirements);
  if (isMet(scaling, result.requirements)) return taken(ctx, trigger, scaling, row, cluster);
  const since = requiredAt === undefined ? AGAIN_AFTER_MS : ctx.now - requiredAt;
  if (since >= 0 && since < AGAIN_AFTER_MS)
    return { rule: "rescaleSettles", requeueAfterMs: AGAIN_AFTER_MS - since };
  return {
    rule: "rescaleAgain",
    effect: { kind: "requireResources", jobId: row.id, ...to(cluster), requirements },
  };
}

/** What the job is, is from now on what the spec asked for. */
function taken(
  ctx: Context,
  before: TriggerStatus,
  scaling: ScalingStatus,
  row: JobRow,
  { jobManager }: ReachableCluster,
): Verdict {
  const { parallelism, generation, taskManagers } = scaling;
  const isNew = scaling.takenBy === undefined;
  const { cluster } = before;
  const by = isNew ? stableBy(ctx) : before.stableBy;
  const { stableBy: _, ...rest } = before;
  const trigger: TriggerStatus = {
    ...rest,
    ...(isNew ? { parallelism, generation, runHash: scaling.runHash } : {}),
    ...(isNew && cluster && taskManagers !== undefined ? { cluster: { ...cluster, taskManagers } } : {}),
    ...(by === undefined ? {} : { stableBy: by }),
    scaling: { ...scaling, takenBy: jobManager.incarnation },
  };
  const verdict = withTroubles(ctx, withScaling(ctx, reportJob(ctx, trigger, row)));
  return { ...verdict, rule: isNew ? "rescaleTaken" : "rescaleStands", watchClosely: true };
}

function refuse(ctx: Context, before: TriggerStatus, scaling: ScalingStatus, row: JobRow): Verdict {
  const refused = refusalOf(scaling);
  return {
    ...withTroubles(ctx, reportJob(ctx, { ...before, scaling }, row)),
    rule: "rescaleRefused",
    refused,
    events: [{ type: "Warning", ...refused }],
  };
}

function freshRequirements(
  { requirements, now }: Context,
  { jobManager }: ReachableCluster,
): RequirementsSeen | undefined {
  if (requirements === undefined || requirements.result.kind === "asked") return undefined;
  const age = now - requirements.at;
  const freshFor = requirements.result.kind === "failed" ? FAILED_AGAIN_MS : FRESH_MS;
  const isFresh = age >= 0 && age <= freshFor && requirements.incarnation === jobManager.incarnation;
  return isFresh ? requirements : undefined;
}

function read(row: JobRow, cluster: ReachableCluster): Verdict {
  return { rule: "readRequirements", effect: { kind: "readRequirements", jobId: row.id, ...to(cluster) } };
}

/** The process, as far as is known before it is asked. */
function to({ url, jobManager }: ReachableCluster) {
  return { url, incarnation: jobManager.incarnation };
}
