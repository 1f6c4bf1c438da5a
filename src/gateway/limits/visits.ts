import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyRequest } from "fastify";
import type { GatewayPart } from "../ports.ts";
import type { ClientLimits } from "./client-limits.ts";

/** What is needed of a request to tell who sends it. */
export type Visitor = Pick<FastifyRequest, "headers" | "raw">;

interface Visit {
  readonly response: ServerResponse;
  client?: string;
}

/** The requests that are being served, each counted for its client from the moment that this is known to its end. */
export class Visits {
  readonly #limits: ClientLimits;
  readonly #visits = new WeakMap<IncomingMessage, Visit>();

  constructor(limits: ClientLimits) {
    this.#limits = limits;
  }

  /** Notes each request as it comes; for every route. */
  readonly part: GatewayPart = Object.assign(
    (async (gateway) => {
      gateway.addHook("onRequest", async (request, reply) => {
        this.#visits.set(request.raw, { response: reply.raw });
      });
    }) satisfies GatewayPart,
    { [Symbol.for("skip-override")]: true },
  );

  /** Counts the request for this client, once, until its answer has ended. Throws the GatewayError TooManyRequests. */
  begin({ raw }: Visitor, client: string): void {
    const visit = this.#visits.get(raw);
    if (visit === undefined) throw new TypeError("A request that never came: the part of Visits is missing");
    if (visit.client === client) return;
    const end = this.#limits.begin(client);
    visit.client = client;
    visit.response.once("close", end);
    // The client may have gone while it was asked who it is.
    if (visit.response.closed) end();
  }

  /** Whoever sends this request, as long as it is not known who that is. */
  stranger({ raw }: Visitor): Stranger {
    return new Stranger(this.#limits, addressOf(raw));
  }
}

/** Somebody of whom only the address is known. */
export class Stranger {
  readonly #limits: ClientLimits;
  readonly #address: string;
  #admitted = false;

  constructor(limits: ClientLimits, address: string) {
    this.#limits = limits;
    this.#address = address;
  }

  /** Counts against the address, once. Throws the GatewayError TooManyRequests. */
  admit(): void {
    if (this.#admitted) return;
    this.#limits.admitStranger(this.#address);
    this.#admitted = true;
  }

  /** The stranger is known now: does not count any more. */
  welcome(): void {
    if (this.#admitted) this.#limits.welcome(this.#address);
    this.#admitted = false;
  }
}

/** Of the other end of the connection; what a header says about it is anybody's claim. IPv6 counts by its /64. */
export function addressOf({ socket }: IncomingMessage): string {
  const address = (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("%", 1)[0]?.split("::") ?? [];
  const groups = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - last.length) }, () => "0");
  return `${[...groups, ...(tail === undefined ? [] : zeros), ...last].slice(0, 4).join(":")}::/64`;
}
