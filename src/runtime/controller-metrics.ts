import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Clock } from "../kube/clock.ts";
import type { EventMetrics, LeaderMetrics, QueueMetrics, ReconcileMetrics } from "../kube/metrics.ts";

/** Names, labels and buckets are controller-runtime's, so that its dashboards and alerts work unchanged. */
const reconcileSeconds = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5,
  1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
const queueSeconds = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];

/** workqueue_*: the two gauges about unfinished work are computed when Prometheus asks, on the injected clock. */
export function queueMetrics(registry: Registry, clock: Clock): QueueMetrics {
  const labelNames = ["name", "controller"] as const;
  const registers = [registry];
  const labels = (queue: string) => ({ name: queue, controller: queue });
  /** Per queue, when each of the keys that are being worked on was taken, in monotonic milliseconds. */
  const taken = new Map<string, number[]>();
  const ages = (starts: number[]) => starts.map((start) => (clock.monotonic() - start) / 1_000);

  const adds = new Counter({
    name: "workqueue_adds_total",
    help: "Keys added to the queue.",
    labelNames,
    registers,
  });
  const depth = new Gauge({
    name: "workqueue_depth",
    help: "Keys that wait for a worker.",
    labelNames,
    registers,
  });
  const retries = new Counter({
    name: "workqueue_retries_total",
    help: "Keys added again after a failure.",
    labelNames,
    registers,
  });
  const waits = new Histogram({
    name: "workqueue_queue_duration_seconds",
    help: "How long a key waited for a worker.",
    labelNames,
    buckets: queueSeconds,
    registers,
  });
  const works = new Histogram({
    name: "workqueue_work_duration_seconds",
    help: "How long a worker took for a key.",
    labelNames,
    buckets: queueSeconds,
    registers,
  });
  new Gauge({
    name: "workqueue_unfinished_work_seconds",
    help: "Time spent so far on the keys that are being worked on, added up. A growing value is a stuck worker.",
    labelNames,
    registers,
    collect() {
      for (const [queue, starts] of taken)
        this.set(
          labels(queue),
          ages(starts).reduce((sum, age) => sum + age, 0),
        );
    },
  });
  new Gauge({
    name: "workqueue_longest_running_processor_seconds",
    help: "Time spent so far on the key that has been worked on for longest.",
    labelNames,
    registers,
    collect() {
      for (const [queue, starts] of taken) this.set(labels(queue), Math.max(0, ...ages(starts)));
    },
  });

  return {
    added: (queue) => adds.inc(labels(queue)),
    depth: (queue, keys) => depth.set(labels(queue), keys),
    retried: (queue) => retries.inc(labels(queue)),
    waited(queue, seconds) {
      waits.observe(labels(queue), seconds);
      const starts = taken.get(queue) ?? [];
      taken.set(queue, starts);
      starts.push(clock.monotonic());
    },
    worked(queue, seconds) {
      works.observe(labels(queue), seconds);
      // The hook does not say which key it was; the start nearest to "now - seconds" is its.
      const start = clock.monotonic() - seconds * 1_000;
      const starts = taken.get(queue) ?? [];
      const distance = starts.map((other) => Math.abs(other - start));
      starts.splice(distance.indexOf(Math.min(...distance)), 1);
    },
  };
}

/** controller_runtime_*; `setWorkers` tells how many workers a controller may have. */
export function reconcileMetrics(registry: Registry): ReconcileMetrics & {
  setWorkers(controller: string, workers: number): void;
} {
  const labelNames = ["controller"] as const;
  const registers = [registry];
  const total = new Counter({
    name: "controller_runtime_reconcile_total",
    help: "Reconciles by result: success, error, requeue_after.",
    labelNames: ["controller", "result"],
    registers,
  });
  const errors = new Counter({
    name: "controller_runtime_reconcile_errors_total",
    help: "Reconciles that failed and are retried.",
    labelNames,
    registers,
  });
  const terminal = new Counter({
    name: "controller_runtime_terminal_reconcile_errors_total",
    help: "Reconciles that failed and are not retried until something changes.",
    labelNames,
    registers,
  });
  const timeouts = new Counter({
    name: "controller_runtime_reconcile_timeouts_total",
    help: "Reconciles that were ended for taking too long.",
    labelNames,
    registers,
  });
  const seconds = new Histogram({
    name: "controller_runtime_reconcile_time_seconds",
    help: "How long a reconcile took.",
    labelNames,
    buckets: reconcileSeconds,
    registers,
  });
  const most = new Gauge({
    name: "controller_runtime_max_concurrent_reconciles",
    help: "Workers that the controller may have.",
    labelNames,
    registers,
  });
  const active = new Gauge({
    name: "controller_runtime_active_workers",
    help: "Workers that are reconciling now.",
    labelNames,
    registers,
  });
  return {
    active: (controller, workers) => active.set({ controller }, workers),
    reconciled(controller, result, took) {
      total.inc({ controller, result });
      seconds.observe({ controller }, took);
      if (result === "error") errors.inc({ controller });
    },
    terminalError: (controller) => terminal.inc({ controller }),
    timedOut: (controller) => timeouts.inc({ controller }),
    setWorkers(controller, workers) {
      most.set({ controller }, workers);
      active.set({ controller }, 0);
      // Zero from the start, so that a first error is an increase that an alert can see.
      for (const result of ["success", "error", "requeue_after"]) total.inc({ controller, result }, 0);
      for (const counter of [errors, terminal, timeouts]) counter.inc({ controller }, 0);
    },
  };
}

export function leaderMetrics(registry: Registry): LeaderMetrics {
  const master = new Gauge({
    name: "leader_election_master_status",
    help: "1 while this process holds the lease, else 0.",
    labelNames: ["name"],
    registers: [registry],
  });
  return { leading: (name, leads) => master.set({ name }, leads ? 1 : 0) };
}

export function eventMetrics(registry: Registry): EventMetrics {
  const written = new Counter({
    name: "flinkjob_events_written_total",
    help: "Kubernetes events written, by kind: created, series.",
    labelNames: ["kind"],
    registers: [registry],
  });
  const dropped = new Counter({
    name: "flinkjob_events_dropped_total",
    help: "Kubernetes events that were not written, by reason.",
    labelNames: ["reason"],
    registers: [registry],
  });
  return { written: (kind) => written.inc({ kind }), dropped: (reason) => dropped.inc({ reason }) };
}
