import type { FlinkJob } from "../../api/objects.ts";
import { type EndState, phaseOf, reasonOf } from "./phase.ts";
import { executionFailure, initializationFailure } from "./serialized-failure.ts";

// What Flink's clients are answered out of a FlinkJob, in the shapes of Flink's REST API.

/** A job in GET /jobs/overview. Flink 2.3's client breaks where one of these is missing. */
export interface OverviewRow {
  readonly jid: string;
  readonly name: string;
  readonly "start-time": number;
  /** -1 while it lives. */
  readonly "end-time": number;
  readonly duration: number;
  readonly state: string;
  readonly "last-modification": number;
  readonly tasks: Readonly<Record<string, number>>;
  readonly "pending-operators": number;
}

const taskStates = [
  ...[
    "running",
    "canceling",
    "canceled",
    "total",
    "created",
    "scheduled",
    "deploying",
    "reconciling",
    "finished",
  ],
  ...["initializing", "failed"],
];
const noTasks = Object.fromEntries(taskStates.map((state) => [state, 0]));

/** What Flink calls the state of this job: its JobManager's last word, or INITIALIZING before the first. */
export function stateOf(job: FlinkJob): string {
  const phase = phaseOf(job);
  if (phase.kind === "over") return phase.state;
  if (phase.kind !== "running") return "INITIALIZING";
  const told = job.status?.job?.state;
  // An end is told when it is on record with all that it left.
  return told === undefined || /^(FINISHED|FAILED|CANCELED)$/.test(told) ? "RUNNING" : told;
}

export function overviewRow(job: FlinkJob, now: number): OverviewRow {
  const { metadata, spec, status } = job;
  const started = Date.parse(status?.job?.startTime ?? metadata.creationTimestamp ?? "") || now;
  const isOver = phaseOf(job).kind === "over";
  const ended = isOver ? Date.parse(status?.job?.endTime ?? status?.trigger?.finishedAt ?? "") || now : -1;
  return {
    jid: spec.trigger?.jobId ?? "",
    name: status?.job?.name ?? metadata.name,
    "start-time": started,
    "end-time": ended,
    duration: Math.max(0, (isOver ? ended : now) - started),
    state: stateOf(job),
    "last-modification": isOver ? ended : now,
    tasks: noTasks,
    "pending-operators": 0,
  };
}

export const inProgress = { status: { id: "IN_PROGRESS" } };

/** The result of a job that is over and whose JobManager's own word is not to be had. */
export function resultOf(job: FlinkJob, state: EndState): object {
  const jobId = job.spec.trigger?.jobId ?? "";
  const result = { id: jobId, "accumulator-results": {}, "net-runtime": 0 };
  if (state === "CANCELED") return completed({ ...result, "application-status": "CANCELED" });
  return completed({
    ...result,
    "application-status": "FAILED",
    "failure-cause": failureOf(job, jobId, state),
  });
}

function failureOf(job: FlinkJob, jobId: string, state: EndState) {
  if (state === "FINISHED") {
    const absent = job.status?.executionResult?.absent ?? "nobody has kept it";
    return executionFailure(jobId, `The job has finished, and its result is not to be had: ${absent}`);
  }
  const phase = phaseOf(job);
  const why = reasonOf(job);
  // The client takes this kind alone for the end of a job that it has just sent and does not wait for (-d).
  if (phase.kind === "over" && !phase.knew) return initializationFailure(jobId, why);
  return executionFailure(jobId, why);
}

function completed(result: object): object {
  return { status: { id: "COMPLETED" }, "job-execution-result": result };
}

/** Accumulators out of a recorded execution result. Undefined where that is none. */
export function accumulatorsOf(executionResult: string): object | undefined {
  try {
    const { "job-execution-result": result } = JSON.parse(executionResult) as {
      "job-execution-result"?: { "accumulator-results"?: object };
    };
    return {
      "job-accumulators": [],
      "user-task-accumulators": [],
      "serialized-user-task-accumulators": result?.["accumulator-results"] ?? {},
    };
  } catch {
    return undefined;
  }
}
