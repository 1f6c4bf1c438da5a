import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { SavepointState } from "../api/flinksavepoint.ts";
import type { TriggerState } from "../api/status.ts";

/** How one run request ended, in core's words; `duplicate`: Flink has the JobID already, and nothing ran a second time. */
export type SubmissionResult = "accepted" | "duplicate" | "notSent" | "failed" | "unknown";

const submissionResults: readonly SubmissionResult[] = [
  "accepted",
  "duplicate",
  "notSent",
  "failed",
  "unknown",
];
const triggerStates: readonly TriggerState[] = ["pending", "running", "failed", "finished", "canceled"];

const savepointStates: readonly SavepointState[] = [
  "pending",
  "inProgress",
  "completed",
  "failed",
  "abandoned",
];

/** Measures of what this operator exists for. */
export interface FlinkMetrics {
  /** One run request has been classified; `seconds` from its first byte to the classification. */
  submission(result: SubmissionResult, seconds: number): void;
  /** One HTTP exchange with Flink. `route` is a template (`/jobs/:jobid`), `code` the status or "<error>". */
  request(seen: { method: string; route: string; code: string; seconds: number }): void;
  /** Whether a Flink cluster answered the newest poll. Undefined: it is no longer looked after. */
  reachable(cluster: { namespace: string; name: string }, answers: boolean | undefined): void;
  /** One status was written: zero of them in a steady state. */
  statusWritten(kind: string): void;
}

/** What the gauges count when Prometheus asks. */
export interface Census {
  /** The state of each FlinkJob's trigger, from the cache. */
  states(): Iterable<TriggerState>;
  /** The state of each FlinkSavepoint. */
  savepoints(): Iterable<SavepointState>;
  /** How many FlinkJobs need a person (`Stalled` is true). */
  stalled(): number;
}

export function flinkMetrics(registry: Registry): FlinkMetrics {
  const registers = [registry];
  const submissions = new Counter({
    name: "flinkjob_submissions_total",
    help: "Run requests by how they ended: accepted, duplicate, notSent, failed, unknown.",
    labelNames: ["result"],
    registers,
  });
  for (const result of submissionResults) submissions.inc({ result }, 0);
  const submissionSeconds = new Histogram({
    name: "flinkjob_submission_duration_seconds",
    help: "From sending a run request to knowing how it ended; the user's main() runs in between.",
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400],
    registers,
  });
  const requests = new Counter({
    name: "flinkjob_flink_requests_total",
    help: 'Requests to Flink, by method, route and HTTP status ("<error>" without an answer).',
    labelNames: ["method", "route", "code"],
    registers,
  });
  const requestSeconds = new Histogram({
    name: "flinkjob_flink_request_duration_seconds",
    help: "How long requests to Flink took.",
    labelNames: ["method", "route"],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const reachable = new Gauge({
    name: "flinkjob_cluster_reachable",
    help: "1 when the Flink cluster answered the newest poll, else 0.",
    labelNames: ["namespace", "cluster"],
    registers,
  });
  const writes = new Counter({
    name: "flinkjob_status_writes_total",
    help: "Statuses written, by kind of object; none in a steady state.",
    labelNames: ["kind"],
    registers,
  });
  return {
    submission(result, seconds) {
      submissions.inc({ result });
      submissionSeconds.observe(seconds);
    },
    request({ method, route, code, seconds }) {
      requests.inc({ method, route, code });
      requestSeconds.observe({ method, route }, seconds);
    },
    reachable({ namespace, name }, answers) {
      if (answers === undefined) reachable.remove({ namespace, cluster: name });
      else reachable.set({ namespace, cluster: name }, answers ? 1 : 0);
    },
    statusWritten: (kind) => writes.inc({ kind }),
  };
}

/** flinkjob_triggers{state}, flinkjob_savepoints{state} and flinkjob_stalled, counted from the cache at each scrape. */
export function registerCensus(registry: Registry, census: Census): void {
  new Gauge({
    name: "flinkjob_triggers",
    help: "FlinkJobs by the state of their trigger.",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      for (const [state, count] of countOf(triggerStates, census.states())) this.set({ state }, count);
    },
  });
  new Gauge({
    name: "flinkjob_savepoints",
    help: "FlinkSavepoints by their state.",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      for (const [state, count] of countOf(savepointStates, census.savepoints())) this.set({ state }, count);
    },
  });
  new Gauge({
    name: "flinkjob_stalled",
    help: "FlinkJobs that need a person: their condition Stalled is true.",
    registers: [registry],
    collect() {
      this.set(census.stalled());
    },
  });
}

/** How many there are in each state; zero where there is none. */
function countOf<State>(states: readonly State[], seen: Iterable<State>): Map<State, number> {
  const counts = new Map(states.map((state) => [state, 0]));
  for (const state of seen) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
