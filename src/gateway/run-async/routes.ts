import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { GatewayError } from "../gateway-error.ts";
import type { Access, ClusterRef, Clusters } from "../ports.ts";

export interface RunAsyncOptions {
  readonly access: Access;
  readonly clusters: Clusters;
  /** The cluster that a request is for, from the parameters of its path. */
  readonly clusterOf: (params: unknown) => ClusterRef;
}

/** POST, GET and DELETE of /run-async under one prefix. */
export function runAsyncRoutes({ access, clusters, clusterOf }: RunAsyncOptions): FastifyPluginAsync {
  return async (routes) => {
    const todo = (verb: "get" | "list" | "create" | "delete") => {
      return async (request: FastifyRequest, _reply: FastifyReply) => {
        const cluster = clusterOf(request.params);
        await access.authorize(request, { namespace: cluster.namespace, verb });
        await clusters.resolve(cluster);
        throw new GatewayError("InternalError", "Not built yet");
      };
    };
    routes.post("/run-async", todo("create"));
    routes.get("/run-async", todo("list"));
    routes.get("/run-async/:triggerid", todo("get"));
    routes.delete("/run-async/:triggerid", todo("delete"));
  };
}
