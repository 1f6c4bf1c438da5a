import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Destinations } from "../../flink/rest/destinations.ts";
import { GatewayError } from "../gateway-error.ts";
import type { Access, Clusters, GatewayPart, Intent } from "../ports.ts";
import { JobManagers } from "./job-managers.ts";
import { type PassageOptions, pass } from "./passage.ts";
import { readTarget } from "./proxied-target.ts";

export interface ProxyOptions extends PassageOptions {
  readonly access: Access;
  readonly clusters: Clusters;
  readonly destinations: Destinations;
}

/** The right on FlinkJobs that a request's method needs. */
export const verbs: Readonly<Record<string, Intent["verb"]>> = {
  GET: "get",
  HEAD: "get",
  OPTIONS: "get",
  POST: "create",
  PUT: "patch",
  PATCH: "patch",
  DELETE: "delete",
};

/** Passes everything below /clusters/{namespace}/{name} to that cluster's JobManager that no other route takes. */
export function proxy(options: ProxyOptions): GatewayPart {
  const jobManagers = new JobManagers(options);
  // Its own in each process: gateways may stand one behind another, but none behind itself.
  const pseudonym = `flinkjob-gateway-${randomBytes(6).toString("hex")}`;
  const { access, clusters } = options;
  return async (gateway) => {
    gateway.addHook("onClose", () => jobManagers.close());
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      const target = readTarget(request.raw.url ?? "");
      const { namespace, path } = target;
      const { user } = await access.authorize(request, {
        namespace,
        verb: verbs[request.method] ?? "create",
      });
      const { url } = await clusters.resolve(target);
      if (path === "") return reply.redirect(`${target.prefix}/`, 308);
      refuseLoop(request.raw, pseudonym);
      return pass({ options, jobManagers, pseudonym, request: request.raw, reply, target, url, user });
    };
    for (const url of ["/clusters/:namespace/:name", "/clusters/:namespace/:name/*"])
      gateway.route({ method: Object.keys(verbs), url, handler });
  };
}

function refuseLoop({ headers }: IncomingMessage, pseudonym: string): void {
  if (headers.via?.includes(pseudonym))
    throw new GatewayError("LoopDetected", "The address of this FlinkCluster leads back to this gateway");
}
