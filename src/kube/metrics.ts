/** One HTTP exchange with the API server: rest_client_requests_total{code,method,host} and its duration. */
export interface RequestMetrics {
  /** `code` is the HTTP status, or "<error>" when no answer came. */
  request(seen: { method: string; host: string; code: string; seconds: number }): void;
}

/** Measures of one work queue, with the meaning of controller-runtime's workqueue_* metrics. */
export interface QueueMetrics {
  /** workqueue_adds_total: a key went into the queue. */
  added(queue: string): void;
  /** workqueue_depth: keys that wait for a worker now. */
  depth(queue: string, depth: number): void;
  /** workqueue_queue_duration_seconds: how long a key waited. */
  waited(queue: string, seconds: number): void;
  /** workqueue_work_duration_seconds: how long its worker took. */
  worked(queue: string, seconds: number): void;
  /** workqueue_retries_total: a key was added after a failure. */
  retried(queue: string): void;
}

/** How a reconcile ended: the `result` label of controller_runtime_reconcile_total. */
export type ReconcileResult = "success" | "error" | "requeue_after";

/** Measures of one controller's workers: controller_runtime_*. */
export interface ReconcileMetrics {
  /** controller_runtime_active_workers */
  active(controller: string, workers: number): void;
  /** controller_runtime_reconcile_total and _reconcile_time_seconds; also _reconcile_errors_total when "error". */
  reconciled(controller: string, result: ReconcileResult, seconds: number): void;
  /** controller_runtime_terminal_reconcile_errors_total: an error that is not retried. */
  terminalError(controller: string): void;
  /** controller_runtime_reconcile_timeouts_total */
  timedOut(controller: string): void;
}

/** Measures of one reflector. */
export interface WatchMetrics {
  /** A full list was taken; `seconds` from the request to the complete set. */
  listed(resource: string, objects: number, seconds: number): void;
  /** A watch ended, for whatever reason ("closed" is the ordinary end). */
  watchEnded(resource: string, reason: string): void;
  /** One watch event arrived. */
  event(resource: string, type: string): void;
}

/** Measures of an event recorder. */
export interface EventMetrics {
  /** An event was written: a new one, or the count of an existing one. */
  written(kind: "created" | "series"): void;
  /** An event was not written, and why. */
  dropped(reason: "spam" | "queue-full" | "terminating" | "refused" | "unreachable" | "shutdown"): void;
}

/** leader_election_master_status{name} */
export interface LeaderMetrics {
  leading(lease: string, leads: boolean): void;
}

/** Everything this folder can measure. */
export interface KubeMetrics
  extends RequestMetrics,
    QueueMetrics,
    ReconcileMetrics,
    WatchMetrics,
    EventMetrics,
    LeaderMetrics {}

const nothing = () => {};

/** Measures nothing. */
export const noMetrics: KubeMetrics = {
  request: nothing,
  added: nothing,
  depth: nothing,
  waited: nothing,
  worked: nothing,
  retried: nothing,
  active: nothing,
  reconciled: nothing,
  terminalError: nothing,
  timedOut: nothing,
  listed: nothing,
  watchEnded: nothing,
  event: nothing,
  written: nothing,
  dropped: nothing,
  leading: nothing,
};
