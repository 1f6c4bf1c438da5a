import type { Destinations } from "./destinations.ts";
import type { SeenExchange } from "./seen-exchange.ts";

export interface TransportOptions {
  /** `http(s)://host[:port][/prefix]`: the JobManager's REST address; a prefix when a proxy publishes it under a path. */
  readonly url: string;
  readonly destinations: Destinations;
  /** Sent with every request, for a proxy in front of Flink. Never logged. */
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string;
  /** Default 1500. */
  readonly connectTimeoutMs?: number;
  /** How many connections the short requests share. Default 8. Run requests and uploads have their own. */
  readonly connections?: number;
  /** Called after each new TCP connection: another JobManager process may answer from now on. */
  readonly onConnect?: () => void;
  /** Called after each exchange, for metrics. */
  readonly onExchange?: ((seen: SeenExchange) => void) | undefined;
}

export interface RequestsOptions extends TransportOptions {
  /** For every request but a run request and an upload, from the call to the last byte. Default 10,000. */
  readonly requestTimeoutMs?: number;
}
