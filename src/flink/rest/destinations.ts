import { lookup as systemLookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { buildConnector } from "undici";
import { FlinkError } from "./errors.ts";

/** A range of addresses: `{address: "10.0.0.0", prefix: 8, family: "ipv4"}`. */
export interface AddressRange {
  readonly address: string;
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
}

export interface DestinationRules {
  /** Refused besides the built-in ranges. */
  readonly deny?: readonly AddressRange[];
  /** Exceptions: they win over `deny` and over the built-in ranges. Deny everything and allow some to make a list. */
  readonly allow?: readonly AddressRange[];
  /** Whether 127.0.0.0/8 and ::1 may be reached. Default false. */
  readonly loopback?: boolean;
}

/**
 * Ranges that no Flink cluster and no JAR server has, but where clouds keep what must not be read by whoever may write
 * a FlinkJob: link-local with the metadata services, "this host", multicast, broadcast.
 */
const alwaysDenied: readonly string[] = [
  "0.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/4",
  "255.255.255.255/32",
  "100.100.100.200/32",
  "168.63.129.16/32",
  "::/128",
  "fe80::/10",
  "ff00::/8",
  "fd00:ec2::254/128",
  // The same link-local range as a NAT64 gateway writes it.
  "64:ff9b::a9fe:0/112",
];
const loopbackRanges: readonly string[] = ["127.0.0.0/8", "::1/128"];

/** What `lookup` of node:dns is, injectable for tests. */
export type Lookup = typeof systemLookup;

/** Which addresses may be reached. It judges resolved addresses when a connection is made, never names. */
export class Destinations {
  readonly #denied = new BlockList();
  readonly #allowed = new BlockList();
  readonly #lookup: Lookup;

  constructor(rules: DestinationRules = {}, lookup: Lookup = systemLookup) {
    this.#lookup = lookup;
    const builtIn = rules.loopback === true ? alwaysDenied : [...alwaysDenied, ...loopbackRanges];
    for (const range of [...builtIn.map(rangeOf), ...(rules.deny ?? [])]) add(this.#denied, range);
    for (const range of rules.allow ?? []) add(this.#allowed, range);
  }

  /** Whether a connection to this IP address may be made. False for a text that is no IP address. */
  allows(address: string): boolean {
    const version = isIP(address);
    if (version === 0) return false;
    const family = version === 4 ? "ipv4" : "ipv6";
    return this.#allowed.check(address, family) || !this.#denied.check(address, family);
  }

  /**
   * A connector for undici that makes connections to allowed addresses only: the name is resolved once, and what was
   * checked is what is dialled, so DNS that changes its mind in between gains nothing.
   * Fails with the FlinkError `DestinationNotAllowed`, or with the socket's own error.
   * @internal
   */
  connector(options: { timeoutMs: number; ca?: string | undefined }): buildConnector.connector {
    const tls = options.ca === undefined ? {} : { ca: options.ca };
    const connect = buildConnector({
      ...tls,
      allowH2: false,
      timeout: options.timeoutMs,
      lookup: this.lookup,
    });
    return (target, callback) => {
      // Node asks `lookup` for names only.
      if (isIP(target.hostname) !== 0 && !this.allows(target.hostname)) {
        callback(notAllowed(target.hostname, [target.hostname]), null);
        return;
      }
      connect(target, callback);
    };
  }

  /** `lookup` for node:net that answers with allowed addresses only. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, "", 0);
        return;
      }
      const allowed = addresses.filter(({ address }) => this.allows(address));
      const first = allowed[0];
      if (first === undefined) {
        callback(
          notAllowed(
            hostname,
            addresses.map(({ address }) => address),
          ),
          "",
          0,
        );
      } else if (options.all === true) {
        callback(null, allowed);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

function notAllowed(host: string, addresses: readonly string[]): FlinkError {
  const resolved =
    addresses.length === 1 && addresses[0] === host ? "" : ` (${addresses.slice(0, 4).join(", ")})`;
  return new FlinkError("DestinationNotAllowed", `the operator may not connect to ${host}${resolved}`);
}

function add(list: BlockList, { address, prefix, family }: AddressRange): void {
  list.addSubnet(address, prefix, family);
}

function rangeOf(text: string): AddressRange {
  const slash = text.lastIndexOf("/");
  const address = text.slice(0, slash);
  return { address, prefix: Number(text.slice(slash + 1)), family: isIP(address) === 4 ? "ipv4" : "ipv6" };
}
