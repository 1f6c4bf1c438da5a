import * as z from "zod";

/**
 * Flink's answers, as far as we use them: unknown fields are dropped, a missing or mistyped known one is a `BadReply`.
 * Times are milliseconds since 1970; Flink's -1 and 0 for "not yet" become undefined.
 */

export const count = z.int().nonnegative();
export const time = z
  .int()
  .optional()
  .transform((value) => (value === undefined || value <= 0 ? undefined : value));
/** 32 hex digits. */
export const flinkId = z.string().regex(/^[0-9a-f]{32}$/);

/** Flink's states of a job. `SUSPENDED` ends it on one JobManager only; the last three end it for good. */
const jobStates = [
  "INITIALIZING",
  "CREATED",
  "RUNNING",
  "FAILING",
  "CANCELLING",
  "RESTARTING",
  "SUSPENDED",
  "RECONCILING",
  "FAILED",
  "CANCELED",
  "FINISHED",
] as const;
export const jobState = z.enum(jobStates);
export type JobState = z.output<typeof jobState>;

/** Whether the state is Flink's last word on the job ("globally terminal"). */
export function isTerminal(state: JobState | ApplicationState): boolean {
  return state === "FINISHED" || state === "FAILED" || state === "CANCELED";
}

/** Flink's states of an application (2.3 and later). */
export const applicationState = z.enum([
  "CREATED",
  "RUNNING",
  "FAILING",
  "CANCELING",
  "FAILED",
  "CANCELED",
  "FINISHED",
]);
export type ApplicationState = z.output<typeof applicationState>;

/** GET /config */
export const config = z
  .object({
    "flink-version": z.string(),
    "flink-revision": z.string().optional(),
    features: z.object({ "web-submit": z.boolean(), "web-cancel": z.boolean().optional() }).optional(),
  })
  .transform((reply) => ({
    flinkVersion: reply["flink-version"],
    revision: reply["flink-revision"],
    /** Absent before 1.11; then submission is taken as allowed. */
    submitEnabled: reply.features?.["web-submit"] ?? true,
  }));
export type Config = z.output<typeof config>;

/** GET /jobmanager/config: the cluster's effective configuration, and never a job's. */
export const jobManagerConfig = z
  .array(z.object({ key: z.string(), value: z.string() }))
  .transform((entries) => new Map(entries.map(({ key, value }) => [key, value])));

/** GET /overview */
export const overview = z
  .object({
    taskmanagers: count,
    "slots-total": count,
    "slots-available": count,
    "jobs-running": count,
    "jobs-finished": count,
    "jobs-cancelled": count,
    "jobs-failed": count,
    "flink-version": z.string(),
  })
  .transform((reply) => ({
    taskManagers: reply.taskmanagers,
    slotsTotal: reply["slots-total"],
    slotsAvailable: reply["slots-available"],
    jobsRunning: reply["jobs-running"],
    jobsFinished: reply["jobs-finished"],
    jobsCanceled: reply["jobs-cancelled"],
    jobsFailed: reply["jobs-failed"],
    flinkVersion: reply["flink-version"],
  }));
export type Overview = z.output<typeof overview>;

/** How many of a job's tasks are in which state; `running` of `total` says whether the job really runs. */
const tasks = z.object({
  total: count,
  running: count,
  finished: count,
  failed: count,
  canceled: count,
  scheduled: count,
  deploying: count,
  initializing: count.optional(),
});

export const jobRow = z
  .object({
    jid: flinkId,
    name: z.string(),
    state: jobState,
    "start-time": time,
    "end-time": time,
    "last-modification": time,
    tasks,
  })
  .transform((row) => ({
    id: row.jid,
    name: row.name,
    state: row.state,
    startTime: row["start-time"],
    endTime: row["end-time"],
    lastModification: row["last-modification"],
    tasks: row.tasks,
  }));
export type JobRow = z.output<typeof jobRow>;

/** GET /jobs/overview: what runs, and what ended within the last hour on this JobManager. */
export const jobsOverview = z.object({ jobs: z.array(jobRow) }).transform((reply) => reply.jobs);

/** GET /jobs/:id; up to 3 s old (web.refresh-interval). */
export const job = z
  .object({
    jid: flinkId,
    name: z.string(),
    state: jobState,
    "start-time": time,
    "end-time": time,
    now: z.int().optional(),
    maxParallelism: z.int().optional(),
    "application-id": flinkId.nullish(),
    /** 0 for a state that it was never in. */
    timestamps: z.partialRecord(jobState, z.int()),
    vertices: z.array(
      z.object({ id: z.string(), name: z.string(), parallelism: z.int(), status: z.string() }),
    ),
  })
  .transform((reply) => ({
    id: reply.jid,
    name: reply.name,
    state: reply.state,
    startTime: reply["start-time"],
    endTime: reply["end-time"],
    now: reply.now,
    timestamps: Object.fromEntries(Object.entries(reply.timestamps).filter(([, at]) => at > 0)) as Partial<
      Record<JobState, number>
    >,
    applicationId: reply["application-id"] ?? undefined,
    vertices: reply.vertices,
  }));
export type Job = z.output<typeof job>;

/** GET /jobs/:id/status; fresh. */
export const jobStatus = z.object({ status: jobState }).transform((reply) => reply.status);

const exceptionEntry = z.object({
  exceptionName: z.string(),
  stacktrace: z.string(),
  timestamp: time,
  taskName: z.string().nullish(),
  jobId: z.string().nullish(),
});

/** GET /jobs/:id/exceptions and /applications/:id/exceptions; newest first. */
export const exceptions = z
  .object({
    exceptionHistory: z.object({ entries: z.array(exceptionEntry), truncated: z.boolean().optional() }),
  })
  .transform((reply) => reply.exceptionHistory.entries);
export type ExceptionEntry = z.output<typeof exceptionEntry>;

/** GET /jobs/:id/config */
export const jobConfig = z
  .object({
    name: z.string().optional(),
    "execution-config": z
      .object({
        "restart-strategy": z.string().optional(),
        "job-parallelism": z.int(),
        "object-reuse-mode": z.boolean().optional(),
      })
      .optional(),
  })
  .transform(({ name, "execution-config": config }) => ({
    name,
    restartStrategy: config?.["restart-strategy"],
    // -1: as each operator says.
    parallelism: (config?.["job-parallelism"] ?? 0) > 0 ? config?.["job-parallelism"] : undefined,
    objectReuse: config?.["object-reuse-mode"],
  }));
export type JobConfig = z.output<typeof jobConfig>;

/** Long.MAX_VALUE, as JSON numbers lose it: Flink's "checkpoints are off". */
const never = 2 ** 63;

/** GET /jobs/:id/checkpoints/config; durations in ms. */
export const checkpointsConfig = z
  .object({
    mode: z.string(),
    interval: z.number(),
    timeout: z.number(),
    min_pause: z.number().optional(),
    max_concurrent: z.number().optional(),
    tolerable_failed_checkpoints: z.number().optional(),
    state_backend: z.string().optional(),
    checkpoint_storage: z.string().optional(),
    externalization: z.object({ enabled: z.boolean(), delete_on_cancellation: z.boolean() }).optional(),
  })
  .transform((reply) => ({
    mode: reply.mode,
    /** Undefined when periodic checkpoints are off. */
    interval: reply.interval > 0 && reply.interval < never ? reply.interval : undefined,
    timeout: reply.timeout,
    minPause: reply.min_pause,
    maxConcurrent: reply.max_concurrent,
    tolerableFailures: reply.tolerable_failed_checkpoints,
    stateBackend: reply.state_backend,
    storage: reply.checkpoint_storage,
    /** Whether the newest checkpoints outlive the job. */
    retained: {
      onFailure: reply.externalization?.enabled ?? false,
      onCancel: (reply.externalization?.enabled && !reply.externalization.delete_on_cancellation) ?? false,
    },
  }));
export type CheckpointsConfig = z.output<typeof checkpointsConfig>;

const threadInfo = z.object({ threadName: z.string(), stringifiedThreadInfo: z.string() });
/** GET /jobmanager/thread-dump */
export const threadDump = z
  .object({ threadInfos: z.array(threadInfo) })
  .transform((reply) => reply.threadInfos);
export type ThreadInfo = z.output<typeof threadInfo>;
