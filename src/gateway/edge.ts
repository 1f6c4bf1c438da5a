import { isIP } from "node:net";
import type { FastifyServerFactory } from "fastify";
import type { Destinations } from "../flink/rest/destinations.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import { KubeAccess } from "./access/kube-access.ts";
import { isLoopback, LocalAccess } from "./access/local-access.ts";
import { ClientLimits, type ClientShare } from "./limits/client-limits.ts";
import { invitedBodies } from "./limits/invited-bodies.ts";
import { unreadBodies } from "./limits/unread-bodies.ts";
import { Visits } from "./limits/visits.ts";
import { type PerJobParts, perJob } from "./per-job/routes.ts";
import type { Access, Clusters, ClusterTarget, GatewayPart } from "./ports.ts";
import type { PassedOn } from "./proxy/passage.ts";
import { proxy } from "./proxy/proxy.ts";
import { strictRequests } from "./proxy/strict-requests.ts";
import type { KeyPairFiles } from "./tls/key-pair-files.ts";
import { listener } from "./tls/listener.ts";

export interface EdgeOptions {
  readonly kube: Pick<KubeClient, "create">;
  readonly clock: Clock;
  readonly clusters: Clusters;
  readonly destinations: Destinations;
  /** Where it will be listened; absent: all addresses. */
  readonly host: string | undefined;
  /** Nobody is asked for a token. Throws InsecureAddress with any host but a loopback address. */
  readonly insecureLoopback: boolean;
  readonly tokenAudiences: readonly string[];
  /** How long the API server's answers about tokens and rights hold, in ms. */
  readonly accessHoldsMs: number;
  readonly share: ClientShare;
  /** TCP connections at once. */
  readonly maxConnections: number;
  /** How long a client may be silent in the middle of its body, or take nothing of its answer, in ms. */
  readonly stallMs: number;
  readonly keyPair?: KeyPairFiles | undefined;
  /** What /per-job works with; it takes nothing without. */
  readonly plans?: PerJobParts | undefined;
  /** Namespaces that are served; none: all. */
  readonly namespaces?: readonly string[];
  /** Told of each request that may have changed something on a cluster. */
  readonly onPassed?: (passed: PassedOn) => void;
  /** Told of a cluster's answers that broke off after their head. */
  readonly onBroken?: (cluster: Pick<ClusterTarget, "namespace" | "name">, error: unknown) => void;
}

/** What stands between clients and the gateway's own work. */
export interface Edge {
  readonly access: Access;
  /** In the order in which they are to be registered. */
  readonly parts: readonly GatewayPart[];
  readonly serverFactory: FastifyServerFactory;
}

/** Everybody on the network could do all that the gateway may. */
export class InsecureAddress extends Error {
  override readonly name = "InsecureAddress";
  readonly code = "FLINKJOB_INSECURE_ADDRESS";
  readonly retryable = false;
}

/** Who is let in, how much of it each gets, and what is passed through. Throws InsecureAddress. */
export function createEdge(options: EdgeOptions): Edge {
  const { clock, share, insecureLoopback, host = "" } = options;
  // A name such as localhost may lead anywhere by the time it is listened on.
  if (insecureLoopback && !(isIP(host) !== 0 && isLoopback(host))) {
    throw new InsecureAddress(
      `without tokens only a loopback address is served, such as 127.0.0.1:8090, not ${host === "" ? "all addresses" : host}`,
    );
  }
  const visits = new Visits(new ClientLimits({ clock, ...share }));
  const access = insecureLoopback
    ? new LocalAccess(visits)
    : new KubeAccess({
        kube: options.kube,
        clock,
        visits,
        audiences: options.tokenAudiences,
        holdsMs: options.accessHoldsMs,
      });
  return {
    access,
    parts: [
      strictRequests,
      visits.part,
      unreadBodies,
      invitedBodies,
      proxy({ ...options, access }),
      perJob({ ...options, access, parts: options.plans }),
    ],
    serverFactory: listener(options),
  };
}
