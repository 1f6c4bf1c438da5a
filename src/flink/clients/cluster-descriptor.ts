import { Destinations } from "../rest/destinations.ts";
import { FlinkError } from "../rest/errors.ts";
import { type CallOptions, signalOf } from "./calls.ts";
import { ClusterClient, type ClusterClientOptions } from "./cluster-client.ts";

/** Where a cluster is: its JobManager's REST address, or a Flink configuration that says so. */
export type ClusterLocation =
  | { readonly url: string }
  /** By Flink's option keys: `rest.address`, `rest.port` (8081), `security.ssl.rest.enabled`. */
  | { readonly configuration: Readonly<Record<string, string | number | boolean>> };

export type RetrieveOptions = CallOptions & Omit<ClusterClientOptions, "url" | "destinations">;

/** FLIP-74's outermost tier: finds clusters. */
export class ClusterDescriptor {
  readonly #destinations: Destinations;

  /** `destinations`: which addresses may be reached. Default: all. */
  constructor({ destinations = anywhere() }: { destinations?: Destinations } = {}) {
    this.#destinations = destinations;
  }

  getClusterDescription(): string {
    return "external Flink clusters";
  }

  /**
   * A client for a cluster that runs. Asks it who it is: rejects with a FlinkError when nobody answers at that address, or
   * what answers is no JobManager.
   */
  async retrieve(
    location: ClusterLocation,
    { signal, timeoutMs, ...options }: RetrieveOptions = {},
  ): Promise<ClusterClient> {
    const url = "url" in location ? location.url : urlOf(location.configuration);
    const cluster = new ClusterClient({ ...options, url, destinations: this.#destinations });
    try {
      const call = signalOf({ signal, timeoutMs });
      await cluster.describe({ signal: call });
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }
}

/** Whoever uses the library chooses the addresses. */
function anywhere(): Destinations {
  return new Destinations({
    allow: [
      { address: "0.0.0.0", prefix: 0, family: "ipv4" },
      { address: "::", prefix: 0, family: "ipv6" },
    ],
  });
}

function urlOf(configuration: Readonly<Record<string, string | number | boolean>>): string {
  const address = configuration["rest.address"] ?? configuration["jobmanager.rpc.address"];
  if (address === undefined) throw new FlinkError("BadUrl", "the configuration has no rest.address");
  const scheme = String(configuration["security.ssl.rest.enabled"] ?? "false") === "true" ? "https" : "http";
  const host = String(address).includes(":") ? `[${address}]` : String(address);
  return `${scheme}://${host}:${configuration["rest.port"] ?? 8081}`;
}
