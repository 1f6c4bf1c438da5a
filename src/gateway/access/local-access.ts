import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { GatewayError } from "../gateway-error.ts";
import { addressOf, type Visitor, type Visits } from "../limits/visits.ts";
import type { Access, Caller } from "../ports.ts";

/**
 * Local use: whoever reaches the loopback address may do all that the gateway itself may. A browser on this machine reaches it
 * too, with any page of the web: a page of another origin, or one whose name was made to lead here, is refused.
 */
export class LocalAccess implements Access {
  readonly #visits: Visits;

  constructor(visits: Visits) {
    this.#visits = visits;
  }

  async authorize(visitor: Visitor): Promise<Caller> {
    this.#visits.begin(visitor, `address ${addressOf(visitor.raw)}`);
    refuseOtherPages(visitor.raw);
    return { user: "" };
  }
}

function refuseOtherPages({ headers }: IncomingMessage): void {
  const { host = "", origin } = headers;
  const refuse = (why: string): never => {
    throw new GatewayError(
      "Forbidden",
      `${why}; without tokens this gateway serves programs on its own machine only`,
    );
  };
  const name = URL.parse(`http://${host}`)?.hostname ?? "";
  if (!isLoopback(name)) refuse(`The request is for the host ${JSON.stringify(host.slice(0, 100))}`);
  const site = headers["sec-fetch-site"];
  const foreign = site !== undefined && site !== "same-origin" && site !== "none";
  if (foreign || (origin !== undefined && !sameHost(origin, host)))
    refuse("The request is from a page of another origin");
}

/** Whether this is a name or an address (IPv6 in brackets) of this machine for itself. */
export function isLoopback(name: string): boolean {
  const address = name.replace(/^\[|\]$/g, "");
  if (isIP(address) === 4) return address.startsWith("127.");
  return address === "::1" || address === "localhost";
}

const sameHost = (origin: string, host: string): boolean =>
  URL.parse(origin)?.host === URL.parse(`http://${host}`)?.host;
