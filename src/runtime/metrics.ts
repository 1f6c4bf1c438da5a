import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Clock } from "../kube/clock.ts";
import type { KubeMetrics } from "../kube/metrics.ts";
import { requestMetrics, watchMetrics } from "./client-metrics.ts";
import { eventMetrics, leaderMetrics, queueMetrics, reconcileMetrics } from "./controller-metrics.ts";
import { type Census, type FlinkMetrics, flinkMetrics, registerCensus } from "./flink-metrics.ts";

/** Every measure of the process, in one registry of its own: two operators in one test do not share counters. */
export interface Metrics {
  /** Hooks for src/kube. */
  readonly kube: KubeMetrics;
  /** Hooks for src/flink and src/controller. */
  readonly flink: FlinkMetrics;
  /** How many workers a controller may have. */
  setWorkers(controller: string, workers: number): void;
  /** Counts triggers from the cache at each scrape; call it once, when the cache exists. */
  addCensus(census: Census): void;
  /** The content type and text of one scrape. */
  scrape(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface MetricsOptions {
  readonly clock: Clock;
  readonly version: string;
  /** process_* and nodejs_*; they watch the whole process, so a test may want to do without. */
  readonly process?: boolean;
}

/** docs/metrics.md lists what this registers; a test holds the two together. */
export function createMetrics({ clock, version, process: ofProcess = true }: MetricsOptions): Metrics {
  const registry = new Registry();
  if (ofProcess) collectDefaultMetrics({ register: registry });
  const { setWorkers, ...reconciles } = reconcileMetrics(registry);
  const kube: KubeMetrics = {
    ...requestMetrics(registry),
    ...queueMetrics(registry, clock),
    ...reconciles,
    ...watchMetrics(registry, clock),
    ...eventMetrics(registry),
    ...leaderMetrics(registry),
  };
  const flink = flinkMetrics(registry);
  new Gauge({
    name: "flinkjob_build_info",
    help: "Always 1; the labels say what runs.",
    labelNames: ["version", "node"],
    registers: [registry],
  }).set({ version, node: process.versions.node }, 1);
  return {
    kube,
    flink,
    setWorkers,
    addCensus: (census) => registerCensus(registry, census),
    scrape: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
