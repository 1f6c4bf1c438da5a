import { randomBytes } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { FlinkJob } from "../../api/objects.ts";
import { systemClock } from "../../kube/clock.ts";
import { GatewayError } from "../gateway-error.ts";
import { takeRest } from "../limits/unread-bodies.ts";
import type { OwnJobManagers } from "../plans/own-job-managers.ts";
import type { Received, Receiving } from "../plans/receiving.ts";
import type { Access, GatewayPart } from "../ports.ts";
import type { JobManagerCalls } from "../proxy/job-managers.ts";
import { type PassageOptions, pass } from "../proxy/passage.ts";
import { responseHeaders } from "../proxy/passed-headers.ts";
import { verbs } from "../proxy/proxy.ts";
import { deliver } from "../proxy/response-body.ts";
import { readAll } from "../run-async/json-body.ts";
import type { PlanJobs } from "../store/plan-jobs.ts";
import type { Templates } from "../store/templates.ts";
import { type PerJobAddress, readPerJobAddress } from "./address.ts";
import { overviewRow } from "./answers.ts";
import type { JobAnswer, JobAnswers } from "./job-answers.ts";
import type { JobOperations } from "./job-operations.ts";
import { phaseOf } from "./phase.ts";

/** What the per-job address works with. */
export interface PerJobParts {
  readonly receiving: Receiving;
  readonly jobs: PlanJobs;
  readonly templates: Templates;
  readonly answers: JobAnswers;
  readonly operations: JobOperations;
  readonly own: OwnJobManagers;
  readonly jobManagers: JobManagerCalls;
  /** Told of each plan that is kept and recorded. */
  readonly onReceived?: (received: Received & { namespace: string; template: string; user: string }) => void;
}

export interface PerJobOptions extends PassageOptions {
  readonly access: Access;
  /** Namespaces that are served; none: all. */
  readonly namespaces?: readonly string[];
  /** Not there: nothing is taken. */
  readonly parts: PerJobParts | undefined;
}

const LONGEST_BODY = 64 * 1024;
/** The newest ones. */
const MOST_ROWS = 1_000;
const job = /^\/jobs\/([0-9a-f]{32})(?:\/([A-Za-z-]+))?(?:\/([0-9a-f]{32}))?$/;

/** `/per-job/{namespace}/{template}/`: a JobManager to Flink's own clients, which makes a cluster for each job. */
export function perJob(options: PerJobOptions): GatewayPart {
  const { access, namespaces = [], parts } = options;
  const pseudonym = `flinkjob-gateway-${randomBytes(6).toString("hex")}`;
  return async (gateway) => {
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      const address = readPerJobAddress(request.raw.url ?? "");
      const { namespace } = address;
      const { user } = await access.authorize(request, {
        namespace,
        verb: verbs[request.method] ?? "create",
      });
      if (parts === undefined) throw switchedOff();
      if (namespaces.length > 0 && !namespaces.includes(namespace))
        throw new GatewayError("UnknownCluster", `This gateway does not serve the namespace ${namespace}`);
      return new Call({ options, parts, pseudonym, request, reply, address, user }).answer();
    };
    for (const url of ["/per-job", "/per-job/*"]) gateway.route({ method: Object.keys(verbs), url, handler });
  };
}

interface CallOptions {
  readonly options: PerJobOptions;
  readonly parts: PerJobParts;
  readonly pseudonym: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly address: PerJobAddress;
  readonly user: string;
}

/** One request of somebody who may send it. */
class Call {
  readonly #call: CallOptions;

  constructor(call: CallOptions) {
    this.#call = call;
  }

  async answer(): Promise<unknown> {
    const { request, address } = this.#call;
    const { path } = address;
    const asked = `${request.method} ${path}`;
    if (asked === "POST /jobs") return this.#receive();
    if (asked === "GET /jobs/overview") return { jobs: this.#overview() };
    const [, jobId, what = "", id] = job.exec(path) ?? [];
    if (jobId !== undefined) return this.#ofJob(await this.#find(jobId), what, id);
    const [, otherId] = /^\/jobs\/([0-9a-f]{32})\//.exec(path) ?? [];
    if (otherId !== undefined) return this.#pass(await this.#find(otherId));
    throw new GatewayError("NotFound", `${nothing(path)}${this.#ways()}`);
  }

  async #receive(): Promise<unknown> {
    const { parts, request, reply, address, user } = this.#call;
    const template = await parts.templates.resolve({ namespace: address.namespace, name: this.#template() });
    const contentType = request.headers["content-type"];
    const received = await parts.receiving.receive({ contentType, body: request.raw, template, user });
    const { namespace = "", name } = template.metadata;
    parts.onReceived?.({ ...received, namespace, template: name, user });
    reply.code(202);
    return { jobUrl: `/jobs/${received.jobId}` };
  }

  #overview(): object[] {
    const { parts, options, address } = this.#call;
    const { clock = systemClock } = options;
    return parts.jobs
      .list(address.namespace, this.#template())
      .map((one) => overviewRow(one, clock.now()))
      .sort((a, b) => b["start-time"] - a["start-time"])
      .slice(0, MOST_ROWS);
  }

  async #ofJob(one: FlinkJob, what: string, id: string | undefined): Promise<unknown> {
    const { parts, request, address } = this.#call;
    const { answers, operations } = parts;
    const asked = `${request.method} ${what}${id === undefined ? "" : "/ID"}`;
    switch (asked) {
      case "GET status":
        return this.#reply(await answers.status(one));
      case "GET execution-result":
        return this.#reply(await answers.executionResult(one));
      case "GET accumulators": {
        const serialized = address.query.get("includeSerializedValue") === "true";
        return this.#reply(await answers.accumulators(one, serialized ? "?includeSerializedValue=true" : ""));
      }
      case "PATCH ":
        if ((address.query.get("mode") ?? "cancel") !== "cancel") break;
        return this.#reply(this.#changed(one, await answers.cancel(one)));
      case "PATCH clientHeartbeat":
        return this.#reply(await answers.heartbeat(one, await this.#body()));
      case "POST savepoints":
      case "POST stop":
      case "POST checkpoints":
        return this.#reply(this.#changed(one, await operations.begin(one, what, await this.#body())));
      case "GET savepoints/ID":
      case "GET checkpoints/ID":
        return this.#reply(await operations.outcome(one, what, id ?? ""));
      default:
    }
    return this.#pass(one);
  }

  /** What only the JobManager itself can answer, as it comes and goes. */
  async #pass(one: FlinkJob): Promise<unknown> {
    const { options, parts, pseudonym, request, reply, address, user } = this.#call;
    const { kind } = phaseOf(one);
    const url = kind === "waiting" ? undefined : await parts.own.urlOf(one);
    if (url === undefined) {
      if (kind === "over")
        throw new GatewayError(
          "NotFound",
          "The job is over, and its cluster is gone: its FlinkJob tells the rest",
        );
      throw new GatewayError("ClusterUnreachable", "The job has no cluster yet", { retryAfterSeconds: 3 });
    }
    const { prefix, namespace, rest } = address;
    const target = { prefix, namespace, name: one.metadata.name, path: rest };
    const { jobManagers } = parts;
    return pass({ options, jobManagers, pseudonym, request: request.raw, reply, target, url, user });
  }

  async #find(jobId: string): Promise<FlinkJob> {
    const { parts, address } = this.#call;
    const { namespace } = address;
    const known = address.template === undefined ? parts.jobs.templatesOf(namespace, jobId) : [];
    const [only] = known;
    const template = known.length === 1 && only !== undefined ? only : this.#template();
    const one = await parts.jobs.find({ namespace, template, jobId });
    if (one) return one;
    const message = `There is no job ${jobId} of ${namespace}/${template}: none was sent, or its FlinkJob was deleted`;
    throw new GatewayError("NotFound", message);
  }

  #template(): string {
    const { parts, address } = this.#call;
    return address.template ?? parts.templates.only(address.namespace);
  }

  async #body(): Promise<string> {
    return (await readAll(this.#call.request.raw, LONGEST_BODY, BODY_MS)).toString("utf8");
  }

  /** Who changed something is written down by nobody else. */
  #changed(one: FlinkJob, answer: JobAnswer): JobAnswer {
    const { options, request, address, user } = this.#call;
    const cluster = { namespace: address.namespace, name: one.metadata.name };
    const status = "status" in answer ? answer.status : answer.passed.statusCode;
    options.onPassed?.({ cluster, user, method: request.method, path: address.path, status });
    return answer;
  }

  async #reply(answer: JobAnswer): Promise<unknown> {
    const { options, reply } = this.#call;
    if ("json" in answer) {
      reply.code(answer.status);
      return answer.json;
    }
    if ("text" in answer)
      return reply.code(answer.status).type("application/json; charset=utf-8").send(answer.text);
    const { clock = systemClock, stallMs } = options;
    const { passed } = answer;
    takeRest(this.#call.request.raw, reply.raw);
    reply.hijack();
    reply.raw.writeHead(
      passed.statusCode,
      responseHeaders(passed.headers, (location) => location),
    );
    try {
      await deliver(passed.body, reply.raw, { clock, stallMs });
    } catch {
      // The head is out: only a broken connection can still say that this was not all.
      reply.raw.destroy();
    }
    return reply;
  }

  #ways(): string {
    return "; it takes jobs of Flink's own clients (POST /jobs), and what these ask about them";
  }
}

const BODY_MS = 20_000;

function nothing(path: string): string {
  return `Here is no cluster, and no ${path.slice(0, 128)}`;
}

function switchedOff(): GatewayError {
  return new GatewayError(
    "NotImplemented",
    "This gateway takes no jobs for clusters of their own: it has no --plan-directory",
  );
}
