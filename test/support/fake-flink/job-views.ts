import type { Checkpoint } from "./checkpoints.ts";
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
  readonly parallelism: number;
  readonly startTime: number;
  readonly endTime: number;
  readonly lastModification: number;
  readonly timestamps: Readonly<Record<string, number>>;
  readonly failure: JobFailure | undefined;
  readonly configuration: Readonly<Record<string, string>>;
  readonly elements: number | undefined;
  readonly checkpoints: {
    count: number;
    completed: readonly Checkpoint[];
    latest: Checkpoint | undefined;
    savepoint: Checkpoint | undefined;
    restored: { checkpoint: Checkpoint; at: number } | undefined;
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
    parallelism: request.parallelism,
    startTime: job.startTime,
    endTime: job.endTime,
    lastModification: job.lastModification,
    timestamps: Object.fromEntries(jobStates.map((state) => [state, job.entered(state)])),
    failure: job.failure,
    configuration: request.configuration,
    elements: plan.ends === "finishes" && job.state === "FINISHED" ? plan.elements : undefined,
    checkpoints: {
      count: history.count,
      completed: history.completed,
      latest: history.latest(false),
      savepoint: history.latest(true),
      restored: history.restored,
    },
  };
}

const taskPhases = ["running", "canceling", "canceled", "total", "created", "scheduled", "deploying"];
const morePhases = ["reconciling", "finished", "initializing", "failed"];
const schedulerType = (job: JobSnapshot) => (job.initialized ? "Default" : null);
const durationOf = (job: JobSnapshot, now: number) =>
  (job.endTime === -1 ? now : job.endTime) - job.startTime;

/** A row of /jobs/overview. */
export function overviewRow(job: JobSnapshot, now: number, release: Release): object {
  const tasks = Object.fromEntries([...taskPhases, ...morePhases].map((phase) => [phase, 0]));
  tasks.total = job.initialized ? job.parallelism : 0;
  if (job.initialized && job.tasks !== "none") tasks[job.tasks] = job.parallelism;
  return {
    jid: job.id,
    name: job.name,
    ...(release.applications ? { jobType: "STREAMING", schedulerType: schedulerType(job) } : {}),
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
  const vertexId = "8e438e001276993a86ff80dcf02e0237";
  const phases = [...taskPhases, ...morePhases].filter((phase) => phase !== "total");
  const counts = (n: number) =>
    Object.fromEntries(phases.map((phase) => [phase.toUpperCase(), phase === job.tasks ? n : 0]));
  const node = { id: vertexId, operator: "", parallelism: job.parallelism, operator_strategy: "" };
  const description = "Source: Sequence Source<br/>+- work<br/>   +- discard: Writer<br/>";
  const vertex = {
    id: vertexId,
    slotSharingGroupId: "c112d05ad0a2935f711040b9005d328c",
    name: "Source: Sequence Source -> work -> discard: Writer",
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
    "job-type": "STREAMING",
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

/** /jobs/:jobid/exceptions. */
export function exceptions(job: JobSnapshot, release: Release): object {
  const { failure } = job;
  const task = { taskName: `Source: Sequence Source -> work -> discard: Writer (1/${job.parallelism})` };
  const byTask = failure?.byTask;
  const entries = failure && {
    ...exceptionEntry(failure.thrown, failure.at),
    concurrentExceptions: byTask ? [{ ...exceptionEntry(byTask, failure.at), ...task }] : [],
  };
  const exceptionHistory = { entries: entries ? [entries] : [], truncated: false };
  if (!release.oldExceptions) return { exceptionHistory };
  return {
    "root-exception": failure ? stackTrace(failure.thrown) : null,
    timestamp: failure?.at ?? null,
    "all-exceptions": byTask
      ? [{ exception: stackTrace(byTask), task: task.taskName, timestamp: failure?.at }]
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
      ...(job.failure ? { "failure-cause": serialized(job.failure.thrown) } : {}),
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
    "job-parallelism": job.parallelism,
    "object-reuse-mode": false,
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

const checkpointRow = (checkpoint: Checkpoint, parallelism: number) => ({
  className: "completed",
  id: checkpoint.id,
  status: "COMPLETED",
  is_savepoint: checkpoint.savepoint,
  savepointFormat: checkpoint.savepoint ? "CANONICAL" : null,
  trigger_timestamp: checkpoint.at,
  latest_ack_timestamp: checkpoint.at,
  checkpointed_size: 2_553,
  state_size: 2_553,
  end_to_end_duration: 1,
  alignment_buffered: 0,
  processed_data: 0,
  persisted_data: 0,
  num_subtasks: parallelism,
  num_acknowledged_subtasks: parallelism,
  checkpoint_type: checkpoint.savepoint ? "SAVEPOINT" : "CHECKPOINT",
  tasks: {},
  external_path: checkpoint.path,
  discarded: false,
});

/** /jobs/:jobid/checkpoints. */
export function checkpointStatistics(job: JobSnapshot): object {
  const { count, completed, latest, savepoint, restored } = job.checkpoints;
  const row = (checkpoint: Checkpoint | undefined) =>
    checkpoint === undefined ? null : checkpointRow(checkpoint, job.parallelism);
  return {
    counts: { restored: restored ? 1 : 0, total: count, in_progress: 0, completed: count, failed: 0 },
    summary: {},
    latest: {
      completed: row(latest),
      savepoint: row(savepoint),
      failed: null,
      restored: restored
        ? {
            id: restored.checkpoint.id,
            restore_timestamp: restored.at,
            is_savepoint: restored.checkpoint.savepoint,
            external_path: restored.checkpoint.path,
          }
        : null,
    },
    history: completed.toReversed().map(row),
  };
}
