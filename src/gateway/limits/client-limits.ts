import type { Clock } from "../../kube/clock.ts";
import { GatewayError } from "../gateway-error.ts";
import { TokenBuckets } from "./token-buckets.ts";

/** What one client gets. */
export interface ClientShare {
  /** Requests of one client each second, in the long run. */
  readonly perSecond: number;
  /** Requests of one client that may come at once. */
  readonly burst: number;
  /** Requests of one client that are served at the same time. */
  readonly concurrent: number;
}

export interface ClientLimitsOptions extends ClientShare {
  readonly clock: Pick<Clock, "monotonic">;
}

/** Clients whose last requests are remembered. */
const MOST_CLIENTS = 10_000;

/** How much one client gets: a user, or an address while there is no user. */
export class ClientLimits {
  readonly #options: ClientLimitsOptions;
  readonly #requests: TokenBuckets;
  readonly #strangers: TokenBuckets;
  /** Only those who are being served. */
  readonly #served = new Map<string, number>();

  constructor(options: ClientLimitsOptions) {
    this.#options = options;
    const { clock, perSecond, burst } = options;
    this.#requests = new TokenBuckets({ clock, perSecond, burst, limit: MOST_CLIENTS });
    this.#strangers = new TokenBuckets({ clock, perSecond, burst, limit: MOST_CLIENTS });
  }

  /** A request of this client begins; call the result when it has ended. Throws the GatewayError TooManyRequests. */
  begin(client: string): () => void {
    const { concurrent } = this.#options;
    const served = this.#served.get(client) ?? 0;
    if (served >= concurrent)
      throw tooMany(`more than ${concurrent} of your requests are being served at the same time`, 1000);
    const waitMs = this.#requests.take(client);
    if (waitMs > 0) throw tooMany(`more than ${this.#options.perSecond} requests a second`, waitMs);
    this.#served.set(client, served + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      const left = (this.#served.get(client) ?? 1) - 1;
      if (left > 0) this.#served.set(client, left);
      else this.#served.delete(client);
    };
  }

  /** Somebody at this address is about to be asked about. Throws the GatewayError TooManyRequests. */
  admitStranger(address: string): void {
    const waitMs = this.#strangers.take(address);
    if (waitMs > 0) throw tooMany("too many tokens from your address that nobody knows", waitMs);
  }

  /** The stranger turned out to be a user. */
  welcome(address: string): void {
    this.#strangers.giveBack(address);
  }
}

function tooMany(why: string, waitMs: number): GatewayError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new GatewayError("TooManyRequests", `Too many requests: ${why}; wait ${seconds} s`, {
    retryAfterSeconds: seconds,
  });
}
