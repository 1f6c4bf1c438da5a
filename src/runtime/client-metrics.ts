import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Clock } from "../kube/clock.ts";
import type { RequestMetrics, WatchMetrics } from "../kube/metrics.ts";

const requestSeconds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** rest_client_*: requests to the API server, with client-go's names. */
export function requestMetrics(registry: Registry): RequestMetrics {
  const total = new Counter({
    name: "rest_client_requests_total",
    help: 'Requests to the API server, by HTTP status ("<error>" without an answer), method and host.',
    labelNames: ["code", "method", "host"],
    registers: [registry],
  });
  const duration = new Histogram({
    name: "rest_client_request_duration_seconds",
    help: "How long requests to the API server took.",
    labelNames: ["verb", "host"],
    buckets: requestSeconds,
    registers: [registry],
  });
  return {
    request({ method, host, code, seconds }) {
      total.inc({ code, method, host });
      duration.observe({ verb: method, host }, seconds);
    },
  };
}

/** reflector_*: whether the watches that everything rests on are alive. */
export function watchMetrics(registry: Registry, clock: Clock): WatchMetrics {
  const labelNames = ["resource"] as const;
  const registers = [registry];
  /** Per resource, when its reflector last heard from the API server, in monotonic milliseconds. */
  const heard = new Map<string, number>();
  const lists = new Counter({
    name: "reflector_lists_total",
    help: "Full lists taken.",
    labelNames,
    registers,
  });
  const objects = new Gauge({
    name: "reflector_items_per_list",
    help: "Objects in the newest full list.",
    labelNames,
    registers,
  });
  const duration = new Histogram({
    name: "reflector_list_duration_seconds",
    help: "From the request for a full list to the complete set.",
    labelNames,
    buckets: requestSeconds,
    registers,
  });
  const ends = new Counter({
    name: "reflector_watch_ends_total",
    help: 'Watches that ended, by reason; "closed" is the ordinary end.',
    labelNames: ["resource", "reason"],
    registers,
  });
  const events = new Counter({
    name: "reflector_watch_events_total",
    help: "Watch events received, by type.",
    labelNames: ["resource", "type"],
    registers,
  });
  new Gauge({
    name: "reflector_silence_seconds",
    help: "Since a reflector last heard from the API server: a list, an event or a bookmark (about one a minute).",
    labelNames,
    registers,
    collect() {
      for (const [resource, at] of heard) this.set({ resource }, (clock.monotonic() - at) / 1_000);
    },
  });
  return {
    listed(resource, count, seconds) {
      heard.set(resource, clock.monotonic());
      lists.inc({ resource });
      objects.set({ resource }, count);
      duration.observe({ resource }, seconds);
    },
    watchEnded: (resource, reason) => ends.inc({ resource, reason }),
    event(resource, type) {
      heard.set(resource, clock.monotonic());
      events.inc({ resource, type });
    },
  };
}
