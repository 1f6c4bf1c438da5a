import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Clock } from "../kube/clock.ts";
import type { RequestMetrics, WatchMetrics } from "../kube/metrics.ts";
import { requestMetrics, watchMetrics } from "./client-metrics.ts";

/** Every measure of a gateway's process, in one registry of its own. */
export interface GatewayMetrics {
  /** Hooks for src/kube. */
  readonly kube: RequestMetrics & WatchMetrics;
  /** One request has been answered. `route` is a template, `code` the status, or "<error>" where the client was gone. */
  request(seen: { method: string; route: string; code: string; seconds: number }): void;
  /** One submission was asked for: `created`, or `duplicate` of one that was there. */
  submission(result: "created" | "duplicate"): void;
  /** One plan was sent to /per-job: `created`, or `duplicate` of one that was there. */
  plan(result: "created" | "duplicate"): void;
  /** One plan came to its JobManager: it was `taken`, or it was `refused` for good, with its cluster or without. */
  handedOver(result: "taken" | "refused"): void;
  /** Counts the plans on the volume at each scrape; call it once. */
  addPlans(waiting: () => Promise<number>): void;
  /** Counts the JARs on their way in at each scrape; call it once. */
  addUploads(underWay: () => number): void;
  /** The content type and text of one scrape. */
  scrape(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** docs/gateway.md lists what this registers; a test holds the two together. */
export function createGatewayMetrics(options: {
  clock: Clock;
  version: string;
  process?: boolean;
}): GatewayMetrics {
  const registry = new Registry();
  const registers = [registry];
  if (options.process ?? true) collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "flinkjob_gateway_requests_total",
    help: 'Requests answered, by method, route and HTTP status ("<error>" where the client was gone).',
    labelNames: ["method", "route", "code"],
    registers,
  });
  const seconds = new Histogram({
    name: "flinkjob_gateway_request_duration_seconds",
    help: "How long requests took, from their first byte to the last of the answer.",
    labelNames: ["method", "route"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300],
    registers,
  });
  const submissions = new Counter({
    name: "flinkjob_gateway_submissions_total",
    help: "Submissions asked for: created, or duplicate of one that was there.",
    labelNames: ["result"],
    registers,
  });
  for (const result of ["created", "duplicate"]) submissions.inc({ result }, 0);
  const plans = new Counter({
    name: "flinkjob_gateway_plans_total",
    help: "Jobs that were sent to /per-job: created, or duplicate of one that was there.",
    labelNames: ["result"],
    registers,
  });
  for (const result of ["created", "duplicate"]) plans.inc({ result }, 0);
  const handedOver = new Counter({
    name: "flinkjob_gateway_plans_handed_over_total",
    help: "Those of them that were taken by their JobManager, or refused for good.",
    labelNames: ["result"],
    registers,
  });
  for (const result of ["taken", "refused"]) handedOver.inc({ result }, 0);
  new Gauge({
    name: "flinkjob_build_info",
    help: "Always 1; the labels say what runs.",
    labelNames: ["version", "node"],
    registers,
  }).set({ version: options.version, node: process.versions.node }, 1);
  return {
    kube: { ...requestMetrics(registry), ...watchMetrics(registry, options.clock) },
    request({ method, route, code, seconds: took }) {
      requests.inc({ method, route, code });
      seconds.observe({ method, route }, took);
    },
    submission: (result) => submissions.inc({ result }),
    plan: (result) => plans.inc({ result }),
    handedOver: (result) => handedOver.inc({ result }),
    addPlans(waiting) {
      new Gauge({
        name: "flinkjob_gateway_plans_waiting",
        help: "Jobs on the gateway's volume that wait for their clusters.",
        registers,
        async collect() {
          this.set(await waiting());
        },
      });
    },
    addUploads(underWay) {
      new Gauge({
        name: "flinkjob_gateway_uploads",
        help: "JARs that are on their way in.",
        registers,
        collect() {
          this.set(underWay());
        },
      });
    },
    scrape: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
