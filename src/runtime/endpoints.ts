import {
  cacheCheck,
  EventLoopCheck,
  type Followed,
  healthEndpoint,
  metricsEndpoint,
  watchCheck,
} from "./health.ts";
import type { Logger } from "./logging.ts";
import type { Metrics } from "./metrics.ts";
import { formatListenAddress, type ListenAddress } from "./network-address.ts";
import type { Shutdown } from "./shutdown.ts";

/** Well above a usual outage of the API server, which a restart would not cure. */
const SILENT_WATCH_MS = 900_000;
const LATE_EVENT_LOOP_MS = 500;

type Where = ListenAddress | { readonly off: true };

export interface EndpointsOptions {
  readonly healthAddress: Where;
  readonly metricsAddress: Where;
  readonly metrics: Pick<Metrics, "scrape">;
  /** By resource: filled, the process is ready; silent for long, it is ill. */
  readonly caches: Readonly<Record<string, Followed>>;
  readonly logger: Logger;
  /** Closes what is opened here. */
  readonly shutdown: Pick<Shutdown, "add">;
}

/** Serves /healthz, /readyz and /metrics, where an address is given for them. Rejects where one cannot be listened on. */
export async function serveEndpoints(options: EndpointsOptions): Promise<void> {
  const { healthAddress, metricsAddress, metrics, caches, logger, shutdown } = options;
  const eventLoop = new EventLoopCheck(LATE_EVENT_LOOP_MS);
  shutdown.add("close", "event loop", () => eventLoop[Symbol.dispose]());
  const live = [eventLoop, watchCheck(caches, SILENT_WATCH_MS)];
  const endpoints = [
    ["health", healthAddress, healthEndpoint({ live, ready: [cacheCheck(caches)] })],
    ["metrics", metricsAddress, metricsEndpoint(metrics)],
  ] as const;
  for (const [name, where, endpoint] of endpoints) {
    if ("off" in where) continue;
    const bound = await endpoint.listen(where);
    shutdown.add("close", name, () => endpoint.close());
    logger.info({ address: formatListenAddress(bound) }, `Serving ${name}`);
  }
}
