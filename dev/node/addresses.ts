/** The networks of one node; each node of this machine has a number of its own. */
export interface NodeAddresses {
  readonly slot: number;
  /** The host's end of the link between the two. */
  readonly device: string;
  /** Of the host, as pods see it. */
  readonly host: string;
  /** Of the node: API server, DNS and kubelet are there. */
  readonly node: string;
  readonly pods: string;
  readonly services: string;
}

export const slots = 32;

/** Of the private address space, and seldom used in it. */
export function addressesOf(slot: number): NodeAddresses {
  return {
    slot,
    device: `flinkjob${slot}`,
    host: `10.213.${slot}.1`,
    node: `10.213.${slot}.2`,
    pods: `10.214.${slot}.0/24`,
    services: `10.215.${slot}.0/24`,
  };
}

/** What `ip -json route show` tells of one route. */
export interface Route {
  /** "default", "10.0.0.0/8" or "10.0.0.1". */
  readonly dst: string;
  readonly dev?: string;
}

/** The first number whose networks nobody on this machine uses; undefined when all are taken. */
export function freeSlot(routes: readonly Route[]): number | undefined {
  for (let slot = 0; slot < slots; slot++) if (isFree(slot, routes)) return slot;
  return undefined;
}

export function isFree(slot: number, routes: readonly Route[]): boolean {
  const used = routes.filter(({ dst }) => dst !== "default").map(({ dst }) => rangeOf(dst));
  const { host, pods, services } = addressesOf(slot);
  const wanted = [`${host}/30`, pods, services].map(rangeOf);
  return wanted.every((one) => !used.some((other) => one.first <= other.last && other.first <= one.last));
}

function rangeOf(network: string): { first: number; last: number } {
  const [address = "", length = "32"] = network.split("/");
  const size = 2 ** (32 - Number(length));
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = number - (number % size);
  return { first, last: first + size - 1 };
}
