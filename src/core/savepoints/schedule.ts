import { parseDuration } from "../../api/duration.ts";
import { API_VERSION } from "../../api/group.ts";
import type { FlinkJob, FlinkSavepoint } from "../../api/objects.ts";
import { at } from "../context.ts";
import { runsTasks } from "../triggers.ts";
import { liveTrigger } from "./context.ts";
import { ownerOf } from "./disposal.ts";
import { jobLabels, ownerReference, savepointName } from "./naming.ts";

const SHORTEST_INTERVAL_MS = 1_000;
/** A clock that is set, or a machine that slept, must not cost a slot. */
const LONGEST_WAIT_MS = 3_600_000;
/** Where an interval that was taken away left some. */
const HISTORY_LIMIT = 10;

/** What to do next for the periodic savepoints of one FlinkJob: at most one object is made or deleted. */
export interface ScheduleStep {
  rule: string;
  create?: FlinkSavepoint | undefined;
  remove?: FlinkSavepoint | undefined;
  requeueAfterMs?: number | undefined;
}

/**
 * Periodic savepoints (`spec.savepoints.interval`). Time is cut into slots, counted from the moment that Flink accepted the
 * job; each slot's FlinkSavepoint has the slot's name, so that two leaders make one. Slots that went by are not made up for.
 */
export function decideSchedule(
  job: FlinkJob,
  savepoints: readonly FlinkSavepoint[],
  now: number,
): ScheduleStep {
  if (job.metadata.deletionTimestamp !== undefined) return { rule: "deleted" };
  const mine = savepoints.filter((savepoint) => ownerOf(savepoint) === job.metadata.uid);
  const surplus = surplusOf(job, mine);
  if (surplus) return { rule: "prune", remove: surplus };
  const { interval } = job.spec.savepoints ?? {};
  if (interval === undefined) return { rule: "noInterval" };
  const trigger = liveTrigger(job);
  const accepted = at(trigger?.acceptedAt);
  if (!trigger || accepted === undefined || !runsTasks(trigger)) return { rule: "waitForTasks" };
  const period = Math.max(SHORTEST_INTERVAL_MS, parseDuration(interval) ?? Number.MAX_SAFE_INTEGER);
  const slot = Math.floor((now - accepted) / period);
  const begin = accepted + slot * period;
  const untilNext = Math.min(LONGEST_WAIT_MS, begin + period - now);
  if (slot < 1) return { rule: "notYet", requeueAfterMs: untilNext };
  const name = savepointName(job.metadata.name, trigger.jobId, compact(begin));
  if (savepoints.some(({ metadata }) => metadata.name === name))
    return { rule: "taken", requeueAfterMs: untilNext };
  // When it is over, its change brings us back.
  if (mine.some(isUnderWay)) return { rule: "underWay", requeueAfterMs: untilNext };
  return { rule: "create", create: periodic(job, name), requeueAfterMs: untilNext };
}

function periodic(job: FlinkJob, name: string): FlinkSavepoint {
  const { namespace } = job.metadata;
  return {
    apiVersion: API_VERSION,
    kind: "FlinkSavepoint",
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: jobLabels(job),
      ownerReferences: [ownerReference(job)],
    },
    // The next slot is the next try: a savepoint that fails is not repeated for long.
    spec: { job: { name: job.metadata.name }, disposeOnDelete: true, backoffLimit: 2 },
  };
}

function isUnderWay({ metadata, status }: FlinkSavepoint): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const state = status?.state;
  return state === undefined || state === "pending" || state === "inProgress";
}

/** The oldest that is too many: of complete ones `historyLimit` are kept, of others the newest. */
function surplusOf(job: FlinkJob, mine: readonly FlinkSavepoint[]): FlinkSavepoint | undefined {
  const limit = job.spec.savepoints?.historyLimit ?? HISTORY_LIMIT;
  const newestFirst = mine
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => born(b) - born(a) || (a.metadata.name < b.metadata.name ? 1 : -1));
  const complete = newestFirst.filter(({ status }) => status?.state === "completed");
  const useless = newestFirst.filter(
    ({ status }) => status?.state === "failed" || status?.state === "abandoned",
  );
  const surplus = [...complete.slice(limit), ...useless.slice(1)];
  return surplus.findLast((savepoint) => !isNeeded(job, savepoint));
}

function born({ metadata }: FlinkSavepoint): number {
  return at(metadata.creationTimestamp) ?? 0;
}

/** The job may be started from it again, or depend on its files. */
function isNeeded({ spec, status }: FlinkJob, savepoint: FlinkSavepoint): boolean {
  const path = savepoint.status?.path;
  if (path === undefined) return false;
  return [spec.savepointPath, status?.trigger?.savepointPath, status?.restorePoint?.path].includes(path);
}

/** 20261126120500, in UTC: the order of names is that of time. */
function compact(time: number): string {
  return new Date(time).toISOString().replace(/\D/gu, "").slice(0, 14);
}
