import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyServerFactory,
} from "fastify";
import { GatewayError, type GatewayErrorCode } from "./gateway-error.ts";
import { openApiDocument } from "./openapi/document.ts";
import type { Access, ClusterRef, Clusters, GatewayPart } from "./ports.ts";
import { type RunAsyncParts, runAsyncRoutes } from "./run-async/routes.ts";
import { answerUnreadable } from "./unreadable-request.ts";

export interface GatewayOptions {
  readonly access: Access;
  readonly clusters: Clusters;
  /** Of this program. */
  readonly version?: string;
  /** The cluster of /run-async without a prefix. */
  readonly defaultCluster?: ClusterRef | undefined;
  /** What /run-async works with; not served without. */
  readonly runAsync?: RunAsyncParts | undefined;
  /** Limits, the proxy: whatever else is served at this address. */
  readonly parts?: readonly GatewayPart[];
  /** Makes the server that is listened with; plain HTTP unless told. */
  readonly serverFactory?: FastifyServerFactory | undefined;
  /** Told of each request that was answered. `route` is a template; seconds from the first byte to the last. */
  readonly onRequest?: (seen: { method: string; route: string; code: string; seconds: number }) => void;
  /** Told of each failure that is nobody's but ours. */
  readonly onProblem?: (what: string, problem: unknown) => void;
}

/** Longest JSON body in bytes. */
export const LONGEST_JSON = 1024 ** 2;
const LONGEST_HEADERS_MS = 10_000;

/** The gateway's HTTP interface, not listening yet. */
export async function createGateway(options: GatewayOptions): Promise<FastifyInstance> {
  const { parts = [], runAsync, serverFactory, onProblem = () => {} } = options;
  const gateway = Fastify({
    bodyLimit: LONGEST_JSON,
    exposeHeadRoutes: false,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 512 },
    // What comes is checked by zod, what goes is ours: no route has a schema, and compilers of schemas need not be loaded.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // A body may take as long as a large JAR does: each route bounds its own.
    requestTimeout: 0,
    http: { headersTimeout: LONGEST_HEADERS_MS, maxHeaderSize: 16_384 },
    ...(serverFactory === undefined ? {} : { serverFactory }),
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, _request, reply) => {
      answer(reply as unknown as FastifyReply, asGatewayError(error));
    },
  });
  gateway.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "<none>";
    const seen = { method: request.method, route, code: String(reply.statusCode) };
    options.onRequest?.({ ...seen, seconds: reply.elapsedTime / 1_000 });
  });
  gateway.setErrorHandler((error, _request, reply) => {
    const refusal = asGatewayError(error);
    if (refusal.code === "InternalError") onProblem("answer a request", error);
    return answer(reply, refusal);
  });
  gateway.setNotFoundHandler((request) => {
    throw new GatewayError("NotFound", `Not found: ${request.method} ${pathOf(request.url)}`);
  });
  // By itself Fastify reads a body before it looks whether there is such a route, and before anybody asked who sends it.
  gateway.removeAllContentTypeParsers();
  gateway.addContentTypeParser("*", (_request, _body, done) => done(null));
  for (const part of parts) await gateway.register(part);
  if (runAsync !== undefined) await serveRunAsync(gateway, options, runAsync);
  await gateway.ready();
  return gateway;
}

function noSchemas(): never {
  throw new TypeError("No route of the gateway has a schema");
}

/** At the root for the default cluster, and below each cluster's prefix; with and without the version that Flink's clients send. */
async function serveRunAsync(
  gateway: FastifyInstance,
  options: GatewayOptions,
  parts: RunAsyncParts,
): Promise<void> {
  // Public, as the repository is: nothing in it says what there is.
  const document = openApiDocument(options.version ?? "development");
  gateway.get("/openapi.json", async () => document);
  const { access, clusters } = options;
  const common = { ...parts, access, clusters, longestJson: LONGEST_JSON };
  for (const version of ["", "/v1"]) {
    const root = runAsyncRoutes({ ...common, clusterOf: () => rootCluster(options) });
    await gateway.register(root, { prefix: version });
    const named = runAsyncRoutes({ ...common, clusterOf: namedCluster });
    await gateway.register(named, { prefix: `/clusters/:namespace/:name${version}` });
  }
}

function rootCluster({ defaultCluster }: GatewayOptions): ClusterRef {
  if (defaultCluster !== undefined) return defaultCluster;
  const message = "This gateway has no default cluster: use /clusters/{namespace}/{name}/run-async";
  throw new GatewayError("UnknownCluster", message);
}

function namedCluster(params: unknown): ClusterRef {
  const { namespace = "", name = "" } = params as { namespace?: string; name?: string };
  return { namespace, name };
}

/** Flink's own error shape. */
function answer(reply: FastifyReply, error: GatewayError): FastifyReply {
  reply.code(error.status).headers({ ...error.headers, "x-flinkjob-code": error.code });
  return reply.send({ errors: error.errors });
}

const codes: Readonly<Record<number, GatewayErrorCode>> = {
  404: "NotFound",
  408: "RequestTimeout",
  413: "TooLarge",
  415: "UnsupportedMediaType",
  429: "TooManyRequests",
};

function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const { statusCode = 500, message } = error as Partial<FastifyError>;
  if (statusCode < 400 || statusCode >= 500) return new GatewayError("InternalError", "Internal error");
  return new GatewayError(codes[statusCode] ?? "BadRequest", message ?? "Bad request", { cause: error });
}

function pathOf(url: string): string {
  return url.split("?", 1)[0]?.slice(0, 256) ?? "";
}
