import type { FlinkJobSpec } from "../api/flinkjob.ts";
import type { FlinkJob } from "../api/objects.ts";
import type { RolledBack, TriggerStatus } from "../api/status.ts";
import type { FindOptions } from "./configuration/catalogue.ts";
import { jobIdPrefix } from "./identity.ts";
import type {
  ClusterObservation,
  ConfigurationSeen,
  Crowd,
  ExecutionResultSeen,
  Flight,
  JobRow,
  Look,
  Observed,
  OperationSeen,
  PerJobSeen,
  RequirementsSeen,
  SnapshotsSeen,
  SourcesSeen,
  TroublesSeen,
} from "./observed.ts";
import { arrivesUntil } from "./on-its-way.ts";
import type { CleaningState } from "./storage/cleaning.ts";
import { effectiveSpec, standingRollback } from "./versions.ts";

/** A look-up older than this is taken again before anything is concluded from it, in milliseconds. */
const LOOK_IS_FRESH_MS = 1_500;

const NONE_OF_ITS_OWN: PerJobSeen = { clusters: [] };

/** What the policies share: the observation, sorted out for the trigger that is being decided on. */
export interface Context {
  readonly now: number;
  readonly job: FlinkJob;
  /** What run requests are made from: the user's spec, or after a rollback the last stable version. */
  readonly spec: FlinkJobSpec;
  /** The upgrade that stands rolled back. */
  readonly rolledBack: RolledBack | undefined;
  readonly uid: string;
  readonly generation: number;
  readonly trigger: TriggerStatus | undefined;
  readonly cluster: ClusterObservation;
  /** Only if it is of the trigger's JobID; without a trigger, whichever there is. */
  readonly flight: Flight | undefined;
  /** Only if it is of the trigger's JobID, and fresh. */
  readonly look: Look | undefined;
  /** The trigger's job in the cluster's job list. */
  readonly row: JobRow | undefined;
  readonly operation: OperationSeen | undefined;
  readonly snapshots: SnapshotsSeen | undefined;
  readonly troubles: TroublesSeen | undefined;
  readonly configuration: ConfigurationSeen | undefined;
  readonly requirements: RequirementsSeen | undefined;
  readonly executionResult: ExecutionResultSeen | undefined;
  readonly sources: SourcesSeen | undefined;
  readonly crowd: Crowd | undefined;
  readonly perJob: PerJobSeen;
  readonly storage: CleaningState | undefined;
  readonly adoptedBy: string | undefined;
  readonly wantedUrl: string | undefined;
  readonly deletionTimeoutMs: number;
  readonly submissionBackoffMs: number | undefined;
  readonly longestWayMs: number | undefined;
  readonly findOptions: FindOptions | undefined;
}

export function contextOf(observed: Observed, now: number): Context {
  const { cluster } = observed;
  const job = withOwnStatus(observed.job);
  const trigger = job.status?.trigger;
  const jobId = trigger?.jobId;
  const flight =
    !trigger || (observed.flight && isOf(trigger, observed.flight)) ? observed.flight : undefined;
  const look =
    observed.look &&
    observed.look.jobId === jobId &&
    isFresh(observed.look, flight, now) &&
    !mayHaveMissedIt(observed.look, arrivesUntil(trigger, flight, observed.longestWayMs), now) &&
    !isBeforeAcceptance(observed.look, trigger, now) &&
    !isBeforeStop(observed.look, trigger, now)
      ? observed.look
      : undefined;
  return {
    now,
    job,
    spec: effectiveSpec(job),
    rolledBack: standingRollback(job),
    uid: job.metadata.uid ?? "",
    generation: job.metadata.generation ?? 0,
    trigger,
    cluster,
    flight,
    look,
    row:
      cluster.kind === "reachable" && trigger && isFollowed(trigger)
        ? cluster.jobs.get(trigger.jobId)
        : undefined,
    operation: observed.operation?.jobId === jobId ? observed.operation : undefined,
    snapshots: observed.snapshots?.jobId === jobId ? observed.snapshots : undefined,
    troubles: observed.troubles?.jobId === jobId ? observed.troubles : undefined,
    configuration: observed.configuration?.jobId === jobId ? observed.configuration : undefined,
    requirements: observed.requirements?.jobId === jobId ? observed.requirements : undefined,
    executionResult: observed.executionResult?.jobId === jobId ? observed.executionResult : undefined,
    sources: observed.sources,
    crowd: observed.crowd,
    perJob: observed.perJob ?? NONE_OF_ITS_OWN,
    storage: observed.storage,
    adoptedBy: observed.adoptedBy,
    wantedUrl: observed.wantedUrl,
    deletionTimeoutMs: observed.deletionTimeoutMs,
    submissionBackoffMs: observed.submissionBackoffMs,
    longestWayMs: observed.longestWayMs,
    findOptions: observed.findOptions,
  };
}

/** A job that could not be adopted is nobody's business, or another FlinkJob's. */
export function isFollowed({ adoptedBy, sends, state }: TriggerStatus): boolean {
  return adoptedBy === undefined || sends > 0 || state === "pending";
}

/** A status that came along from another object (a backup restored under a new uid) speaks of that object's jobs. */
export function withOwnStatus(job: FlinkJob): FlinkJob {
  const { status, ...rest } = job;
  return status?.trigger && isForeign(job, status.trigger) ? rest : job;
}

/** A job that was adopted has another prefix, and the status says by whom. */
function isForeign({ metadata }: FlinkJob, { jobId, adoptedBy }: TriggerStatus): boolean {
  const prefix = jobIdPrefix(metadata.uid ?? "");
  return adoptedBy !== prefix && !jobId.startsWith(prefix);
}

/**
 * That a request was not sent is taken back from the record once: by then another may be on record, or this very write was
 * made before and its answer lost.
 */
function isOf(trigger: TriggerStatus, flight: Flight): boolean {
  if (flight.jobId !== trigger.jobId) return false;
  const unsent = flight.phase === "answered" && flight.outcome.kind === "notSent";
  return !unsent || flight.sentAt === undefined || flight.sentAt === trigger.sentAt;
}

/** A look-up that began before the answer came may have missed what the request did. A slow one is none the less fresh. */
function isFresh(look: Look, flight: Flight | undefined, now: number): boolean {
  if (flight?.phase === "answered" && look.at < flight.endedAt) return false;
  const age = now - look.endedAt;
  // Negative: somebody set the clock back.
  return age >= 0 && age <= LOOK_IS_FRESH_MS;
}

/** Taken while the request could still arrive, and now it no longer can: only another look shows whether it did. */
function mayHaveMissedIt(look: Look, until: number | undefined, now: number): boolean {
  return until !== undefined && look.at < until && until <= now;
}

/**
 * It saw nothing, and was taken before the acceptance that is on record: another operator's, which believed that it led. Where
 * somebody set the clock back no look could ever be later.
 */
function isBeforeAcceptance(look: Look, trigger: TriggerStatus | undefined, now: number): boolean {
  const acceptedAt = at(trigger?.acceptedAt);
  if (acceptedAt === undefined || look.found || look.application !== undefined) return false;
  return look.at < acceptedAt && acceptedAt <= now;
}

/** What a job has left is another thing once it is being stopped. */
function isBeforeStop(look: Look, trigger: TriggerStatus | undefined, now: number): boolean {
  const { stop } = trigger ?? {};
  if (stop?.mode !== "savepoint" || stop.failedAt !== undefined) return false;
  const requestedAt = Date.parse(stop.requestedAt);
  // Where somebody set the clock back no look could ever be later.
  return look.at <= requestedAt && requestedAt <= now;
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}

/** Milliseconds since the epoch of a time in the status; undefined where there is none. */
export function at(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}
