import type { FastifyPluginAsync, FastifyRequest } from "fastify";

/** What a request wants to do, in the words of Kubernetes RBAC. */
export interface Intent {
  readonly namespace: string;
  readonly verb: "get" | "list" | "create" | "patch" | "delete";
  /** Plural name in the group flinkjob.dev; default flinkjobs. */
  readonly resource?: "flinkjobs" | "flinkclusters";
  /** Left out for a collection, and for a name that is not known yet. */
  readonly name?: string | undefined;
}

/** Who asked. */
export interface Caller {
  /** As the API server knows the user; "" when nobody is asked (local use). */
  readonly user: string;
}

/** Who may. */
export interface Access {
  /** Resolves for whoever may. Throws the GatewayErrors Unauthenticated, Forbidden and StoreUnavailable. */
  authorize(request: FastifyRequest, intent: Intent): Promise<Caller>;
}

/** Which cluster, from the address of a request. */
export interface ClusterRef {
  readonly namespace: string;
  readonly name: string;
}

/** A known Flink cluster. */
export interface ClusterTarget extends ClusterRef {
  /** Base address of its JobManager's REST API, as spec.url of the FlinkCluster says. */
  readonly url: string;
  /** Of the FlinkCluster. */
  readonly uid: string;
}

/** The Flink clusters that may be reached: FlinkClusters, and nothing else. */
export interface Clusters {
  /** Throws the GatewayErrors UnknownCluster and StoreUnavailable. */
  resolve(cluster: ClusterRef): Promise<ClusterTarget>;
}

/**
 * A part of the gateway's HTTP interface. Registered in order, before /run-async; wrap it in fastify-plugin where its hooks are
 * for every route. Throw GatewayError for whatever a client shall be told.
 */
export type GatewayPart = FastifyPluginAsync;
