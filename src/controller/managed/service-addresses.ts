import { lookup as systemLookup } from "node:dns";
import type { Lookup } from "../../flink/rest/destinations.ts";

/**
 * Where the REST Services of managed clusters are, by host name. An operator outside of the cluster has no DNS that knows
 * them, and inside it spares the question: the URL stays what it is, whatever address the Service has.
 */
export class ServiceAddresses {
  readonly #byHost = new Map<string, string>();
  readonly #system: Lookup;

  constructor(system: Lookup = systemLookup) {
    this.#system = system;
  }

  set(host: string, address: string): void {
    this.#byHost.set(host, address);
  }

  delete(host: string): void {
    this.#byHost.delete(host);
  }

  /** As `lookup` of node:dns, which it asks for every other name. */
  readonly lookup: Lookup = ((
    hostname: string,
    options: object,
    callback: (...answer: unknown[]) => void,
  ) => {
    const address = this.#byHost.get(hostname);
    if (address === undefined) {
      (this.#system as (...args: unknown[]) => void)(hostname, options, callback);
      return;
    }
    const family = address.includes(":") ? 6 : 4;
    if ("all" in options && options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  }) as Lookup;
}
