import type { IncomingMessage } from "node:http";
import multipart from "@fastify/multipart";
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { type SubmissionPage, type SubmissionQuery, submissionQuery } from "../../api/run-async.ts";
import { GatewayError } from "../gateway-error.ts";
import type { Access, ClusterRef, Clusters, ClusterTarget, Intent } from "../ports.ts";
import type { Listing } from "../store/listing.ts";
import type { Submissions } from "../store/submissions.ts";
import { readForm } from "./form.ts";
import { readJson } from "./json-body.ts";
import { flinkJobName } from "./naming.ts";
import type { RequestJars } from "./request-jars.ts";
import { jarSumOf } from "./submission-job.ts";
import { badRequest, readTriggerId } from "./submission-request.ts";
import { type Submitted, type Submitter, Submitting } from "./submitting.ts";
import { isCompleted, trackingOf } from "./tracking.ts";

/** What the four calls need. */
export interface RunAsyncParts {
  readonly submissions: Submissions;
  readonly listing: Listing;
  readonly jars: RequestJars;
  /** Told of each submission that is recorded. */
  readonly onSubmitted?: (
    submitted: Submitted & { cluster: ClusterRef; user: string; withJar: boolean },
  ) => void;
}

export interface RunAsyncOptions extends RunAsyncParts {
  readonly access: Access;
  readonly clusters: Clusters;
  /** The cluster that a request is for, from the parameters of its path. */
  readonly clusterOf: (params: unknown) => ClusterRef;
  /** Bytes of the longest JSON. */
  readonly longestJson: number;
}

/** POST, GET and DELETE of /run-async under one prefix. */
export function runAsyncRoutes(options: RunAsyncOptions): FastifyPluginAsync {
  const { access, clusters, clusterOf, submissions, listing, jars, longestJson } = options;
  const submitting = new Submitting({ submissions, jars });
  const submitters = new WeakMap<FastifyRequest, Submitter>();

  /** Before anything of the body is read. */
  const admit = async (request: FastifyRequest, verb: Intent["verb"], triggerId?: string) => {
    const ref = clusterOf(request.params);
    const name = triggerId === undefined ? undefined : flinkJobName(ref.name, triggerId);
    const { user } = await access.authorize(request, { namespace: ref.namespace, verb, name });
    return { cluster: await clusters.resolve(ref), user };
  };

  const submit = async (request: FastifyRequest, reply: FastifyReply) => {
    const submitter = submitters.get(request)!;
    const withJar = request.isMultipart();
    const submitted = withJar
      ? await submitting.withJar(submitter, readForm(request, longestJson))
      : await submitting.byJarId(submitter, request.body);
    const { cluster, user } = submitter;
    options.onSubmitted?.({ ...submitted, cluster, user, withJar });
    const { triggerId } = submitted;
    const [path = ""] = request.url.split("?", 1);
    reply.code(202).header("location", `${path}/${triggerId}`);
    return { triggerId };
  };

  const track = async (request: FastifyRequest) => {
    const triggerId = triggerIdOf(request);
    const { cluster } = await admit(request, "get", triggerId);
    return trackingOf(await submissions.track(cluster, triggerId));
  };

  const list = async (request: FastifyRequest): Promise<SubmissionPage> => {
    const query = queryOf(request);
    const { cluster } = await admit(request, "list");
    const page = listing.page(cluster, query);
    const more = page.continue === undefined ? {} : { continue: page.continue };
    return { submissions: page.jobs.map(trackingOf), ...more };
  };

  const remove = async (request: FastifyRequest, reply: FastifyReply) => {
    const triggerId = triggerIdOf(request);
    const { cluster } = await admit(request, "delete", triggerId);
    const { left, job } = await submissions.delete(cluster, triggerId);
    // Nobody else knows of the JAR of a submission that the operator has not seen.
    if (left === "gone" && !isCompleted(job)) await discardJarOf(job, cluster);
    reply.code(left === "gone" ? 200 : 202);
    return {};
  };

  const discardJarOf = async (job: Parameters<typeof jarSumOf>[0], cluster: ClusterTarget) => {
    const { id } = job.spec.jar ?? {};
    if (jarSumOf(job) !== undefined && id !== undefined) await jars.discard(cluster, id);
  };

  const posting: FastifyPluginAsync = async (routes) => {
    routes.removeAllContentTypeParsers();
    await routes.register(multipart);
    routes.addContentTypeParser("application/json", (_: FastifyRequest, body: IncomingMessage) =>
      readJson(body, longestJson),
    );
    const onRequest = async (request: FastifyRequest) => {
      submitters.set(request, await admit(request, "create"));
    };
    routes.post("/run-async", { onRequest }, submit);
  };

  return async (routes) => {
    await routes.register(posting);
    routes.get("/run-async", list);
    routes.get("/run-async/:triggerid", track);
    routes.delete("/run-async/:triggerid", remove);
    refuseOthers(routes, "/run-async", ["GET", "POST"]);
    refuseOthers(routes, "/run-async/:triggerid", ["GET", "DELETE"]);
  };
}

/** Not for the JobManager either, which every other path is passed through to. */
function refuseOthers(routes: FastifyInstance, url: string, known: readonly string[]): void {
  const method = routes.supportedMethods.filter((name) => !known.includes(name) && name !== "CONNECT");
  const handler = (request: FastifyRequest) => {
    const allow = known.join(", ");
    const message = `${request.method} is not for ${url}: it knows ${allow}`;
    throw new GatewayError("MethodNotAllowed", message, { headers: { allow } });
  };
  routes.route({ method, url, onRequest: async (request) => handler(request), handler });
}

function triggerIdOf({ params }: FastifyRequest): string {
  return readTriggerId((params as { triggerid?: string }).triggerid ?? "");
}

function queryOf({ query }: FastifyRequest): SubmissionQuery {
  const checked = submissionQuery.safeParse(query);
  if (checked.success) return checked.data;
  throw badRequest(
    checked.error.issues.map((issue) =>
      issue.code === "unrecognized_keys"
        ? `${issue.keys.join(", ").slice(0, 128)}: unknown parameter; known are limit, continue and state`
        : `${issue.path.join(".")}: ${issue.message}`,
    ),
  );
}
