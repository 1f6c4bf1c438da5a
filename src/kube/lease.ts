import type { KubeClient } from "./client.ts";
import type { KubeObject, ObjectRef, Resource } from "./types.ts";

/** coordination.k8s.io/v1 Lease. Times are RFC 3339 with microseconds. */
export interface Lease extends KubeObject {
  spec?: LeaseSpec;
}

interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
}

export const leases: Resource<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
};

interface LeaseOptions {
  ref: ObjectRef;
  identity: string;
  durationMs: number;
}

/** A lease as this process last saw it, and when: others' clocks are never compared with ours. */
export interface Observation {
  lease: Lease;
  /** Monotonic, ms. */
  at: number;
}

/** The requests of one candidate for one Lease. Every write carries the resourceVersion that it was decided on. */
export class LeaseRequests {
  readonly #client: KubeClient;
  readonly #options: LeaseOptions;

  constructor(client: KubeClient, options: LeaseOptions) {
    this.#client = client;
    this.#options = options;
  }

  get(signal: AbortSignal, deadlineMs: number): Promise<Lease> {
    return this.#client.get(leases, this.#options.ref, { signal, deadlineMs, lane: "apart" });
  }

  /** Throws AlreadyExists when another candidate was first. */
  create(now: number, deadlineMs: number): Promise<Lease> {
    const { namespace = "default", name } = this.#options.ref;
    const lease: Lease = { metadata: { namespace, name }, spec: { ...this.#spec(now), leaseTransitions: 0 } };
    return this.#client.create(leases, lease, { deadlineMs, lane: "apart" });
  }

  /** Takes the lease, or keeps it when it is ours already. Throws Conflict when `lease` is not its newest state. */
  hold(lease: Lease, now: number, deadlineMs: number): Promise<Lease> {
    const { holderIdentity, acquireTime, leaseTransitions = 0 } = lease.spec ?? {};
    const ours = holderIdentity === this.#options.identity;
    const spec = {
      ...this.#spec(now),
      ...(ours && acquireTime ? { acquireTime } : {}),
      leaseTransitions: ours ? leaseTransitions : leaseTransitions + 1,
    };
    return this.#client.replace(leases, { ...lease, spec }, { deadlineMs, lane: "apart" });
  }

  /** Gives the lease up, so that others need not wait for its end. */
  release(lease: Lease, now: number, deadlineMs: number): Promise<Lease> {
    const spec: LeaseSpec = {
      // The API server refuses 0, and a lease of one second is over before anybody asks.
      leaseDurationSeconds: 1,
      renewTime: microTime(now),
      acquireTime: microTime(now),
      leaseTransitions: lease.spec?.leaseTransitions ?? 0,
      holderIdentity: "",
    };
    return this.#client.replace(leases, { ...lease, spec }, { deadlineMs, lane: "apart" });
  }

  #spec(now: number): LeaseSpec {
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#options.durationMs / 1000),
      acquireTime: microTime(now),
      renewTime: microTime(now),
    };
  }
}

/** meta/v1 MicroTime of a wall clock's milliseconds. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
