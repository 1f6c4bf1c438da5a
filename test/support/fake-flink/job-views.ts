import type { Checkpoint, Restored } from "./checkpoints.ts";
import type { JobState } from "./job.ts";
import { type Job, type JobFailure, jobStates, type TaskPhase } from "./job.ts";
import type { Release } from "./release.ts";
import { headline, stackTrace, type Throwable } from "./throwable.ts";

/** A job as it was at one moment: what the REST endpoint's cache holds. */
export interface JobSnapshot {
  readonly id: string;
  readonly applicationId: string | undefined;
  readonly name: string;
  readonly state: JobState;
  readonly initialized: boolean;
  readonly tasks: TaskPhase;
  /** Of its one vertex. */
  readonly parallelism: number;
  readonly submittedParallelism: number;
  readonly scheduler: "Default" | "Adaptive" | "AdaptiveBatch";
  readonly type: "STREAMING" | "BATCH";
  readonly startTime: number;
  readonly endTime: number;
  readonly lastModification: number;
  readonly timestamps: Readonly<Record<string, number>>;
  readonly failures: readonly JobFailure[];
  readonly configuration: Readonly<Record<string, string>>;
  readonly elements: number | undefined;
  readonly checkpoints: {
    counts: { restored: number; completed: number; failed: number };
    /** The latest first. */
    shown: readonly Readonly<Checkpoint>[];
    latest: Readonly<Record<"checkpoint" | "savepoint" | "failed", Readonly<Checkpoint> | undefined>>;
    restored: Restored | undefined;
  };
}

export function snapshotOf(job: Job): JobSnapshot {
  const history = job.checkpoints;
  const { plan, request } = job.spec;
  return {
    id: job.id,
    applicationId: job.initialized ? job.spec.applicationId : undefined,
    name: plan.name,
    state: job.state,
    initialized: job.initialized,
    tasks: job.tasks,
    parallelism: job.parallelism,
    submittedParallelism: request.parallelism,
    scheduler: job.scheduler ? "Adaptive" : job.isBatch ? "AdaptiveBatch" : "Default",
    type: job.isBatch ? "BATCH" : "STREAMING",
    startTime: job.startTime,
    endTime: job.endTime,
    lastModification: job.lastModification,
    timestamps: Object.fromEntries(jobStates.map((state) => [state, job.entered(state)])),
    failures: [...job.failures],
    configuration: request.configuration,
    elements: plan.ends === "finishes" && job.state === "FINISHED" ? plan.elements : undefined,
    checkpoints: {
      counts: history.counts,
      shown: history.shown.map((one) => ({ ...one })),
      latest: {
        checkpoint: copied(history.latest("checkpoint")),
        savepoint: copied(history.latest("savepoint")),
        failed: copied(history.latest("failed")),
      },
      restored: history.restored,
    },
  };
}

const copied = (checkpoint: Checkpoint | undefined) => checkpoint && { ...checkpoint };

const taskPhases = ["running", "canceling", "canceled", "total", "created", "scheduled", "deploying"];
const morePhases = ["reconciling", "finished", "initializing", "failed"];
const schedulerType = (job: JobSnapshot) => (job.initialized ? job.scheduler : null);
const durationOf = (job: JobSnapshot, now: number) =>
  (job.endTime === -1 ? now : job.endTime) - job.startTime;

/** Of the source, and of all that is chained to it. */
export const vertexId = "8e438e001276993a86ff80dcf02e0237";

/** A row of /jobs/overview. */
export function overviewRow(job: JobSnapshot, now: number, release: Release): object {
  const tasks = Object.fromEntries([...taskPhases, ...morePhases].map((phase) => [phase, 0]));
  // The adaptive scheduler makes no tasks before there are slots for them.
  const none = job.scheduler === "Adaptive" && job.tasks === "none";
  tasks.total = job.initialized && !none ? job.parallelism : 0;
  if (job.initialized && job.tasks !== "none") tasks[job.tasks] = job.parallelism;
  return {
    jid: job.id,
    name: job.name,
    ...(release.applications ? { jobType: job.type, schedulerType: schedulerType(job) } : {}),
    "start-time": job.startTime,
    "end-time": job.endTime,
    duration: durationOf(job, now),
    state: job.state,
    "last-modification": job.lastModification,
    tasks,
    ...(release.applications ? { "pending-operators": 0 } : {}),
  };
}

/** /jobs/:jobid. */
export function details(job: JobSnapshot, now: number, release: Release): object {
  const phases = [...taskPhases, ...morePhases].filter((phase) => phase !== "total");
  const counts = (n: number) =>
    Object.fromEntries(phases.map((phase) => [phase.toUpperCase(), phase === job.tasks ? n : 0]));
  const node = { id: vertexId, operator: "", parallelism: job.parallelism, operator_strategy: "" };
  const description = "Source: Sequence Source<br/>+- work<br/>   +- discard<br/>";
  const vertex = {
    id: vertexId,
    slotSharingGroupId: "c112d05ad0a2935f711040b9005d328c",
    name: "Source: Sequence Source -> work -> discard",
    maxParallelism: 128,
    parallelism: job.parallelism,
    status: job.tasks === "scheduled" ? "CREATED" : job.tasks.toUpperCase(),
    "start-time": job.startTime,
    "end-time": job.endTime,
    duration: durationOf(job, now),
    tasks: counts(job.parallelism),
    metrics: {},
  };
  return {
    jid: job.id,
    ...(release.applications ? { "application-id": job.applicationId ?? null } : {}),
    name: job.name,
    isStoppable: false,
    state: job.state,
    "job-type": job.type,
    ...(release.applications ? { schedulerType: schedulerType(job) } : {}),
    "start-time": job.startTime,
    "end-time": job.endTime,
    duration: durationOf(job, now),
    maxParallelism: -1,
    now,
    timestamps: job.timestamps,
    vertices: job.initialized ? [vertex] : [],
    "status-counts": counts(job.initialized ? 1 : 0),
    plan: job.initialized
      ? { jid: job.id, name: job.name, type: "STREAMING", nodes: [{ ...node, description }] }
      : {},
    ...(release.applications ? { "pending-operators": 0 } : {}),
  };
}

const exceptionEntry = (thrown: Throwable, timestamp: number) => ({
  exceptionName: thrown.type,
  stacktrace: stackTrace(thrown),
  timestamp,
  failureLabels: {},
});

/** /jobs/:jobid/exceptions: the latest first, `most` of them. */
export function exceptions(job: JobSnapshot, release: Release, most: number): object {
  const vertex = `Source: Sequence Source -> work -> discard (1/${job.parallelism})`;
  const task = (execution: number) => ({ taskName: `${vertex} - execution #${execution}` });
  const entries = job.failures.map(({ thrown, byTask, execution, at }) => {
    // While the job is restarted, the task's own exception is all that there is.
    if (thrown === byTask) {
      return { ...exceptionEntry(thrown, at), ...task(execution), concurrentExceptions: [] };
    }
    const concurrent = byTask ? [{ ...exceptionEntry(byTask, at), ...task(execution) }] : [];
    return { ...exceptionEntry(thrown, at), concurrentExceptions: concurrent };
  });
  const exceptionHistory = { entries: entries.slice(0, most), truncated: entries.length > most };
  if (!release.oldExceptions) return { exceptionHistory };
  const latest = job.failures[0];
  return {
    "root-exception": latest ? stackTrace(latest.thrown) : null,
    timestamp: latest?.at ?? null,
    "all-exceptions": latest?.byTask
      ? [{ exception: stackTrace(latest.byTask), task: vertex, timestamp: latest.at }]
      : [],
    truncated: false,
    exceptionHistory,
  };
}

/** What a client gets of an exception of a job or an operation. */
export function serialized(thrown: Throwable): object {
  return {
    class: thrown.type,
    "stack-trace": stackTrace(thrown),
    "serialized-throwable": Buffer.from(headline(thrown)).toString("base64"),
  };
}

/** /jobs/:jobid/execution-result. */
export function executionResult(job: JobSnapshot, release: Release): object {
  if (job.endTime === -1) return { status: { id: "IN_PROGRESS" } };
  return {
    status: { id: "COMPLETED" },
    "job-execution-result": {
      id: job.id,
      ...(release.applications ? { name: job.name } : {}),
      "application-status": job.state === "FINISHED" ? "SUCCEEDED" : job.state,
      "accumulator-results": {},
      "net-runtime": job.endTime - job.startTime,
      ...(job.failures[0] ? { "failure-cause": serialized(job.failures[0].thrown) } : {}),
      ...(release.applications ? { "application-id": job.applicationId ?? null } : {}),
      ...(release.applications ? { "start-time": job.startTime, "end-time": job.endTime } : {}),
    },
  };
}

/** /jobs/:jobid/config. */
export const jobConfiguration = (job: JobSnapshot, release: Release): object => ({
  jid: job.id,
  name: job.name,
  "execution-config": {
    ...(release.oldExceptions ? { "execution-mode": "PIPELINED" } : {}),
    "restart-strategy": "Cluster level default restart strategy",
    // Of a job that is being initialized there are only defaults.
    "job-parallelism": job.initialized ? job.submittedParallelism : 1,
    "object-reuse-mode":
      job.initialized && job.configuration["pipeline.object-reuse"]?.toLowerCase() === "true",
    "user-config": {},
  },
});

/** /jobs/:jobid/accumulators. */
export const accumulators = (job: JobSnapshot): object => ({
  "job-accumulators": [],
  "user-task-accumulators":
    job.elements === undefined
      ? []
      : [{ name: "elements", type: "LongCounter", value: String(job.elements) }],
  "serialized-user-task-accumulators": {},
});
