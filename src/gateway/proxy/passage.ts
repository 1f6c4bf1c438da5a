import type { IncomingMessage } from "node:http";
import type { FastifyReply } from "fastify";
import { type Clock, systemClock } from "../../kube/clock.ts";
import { GatewayError, isGatewayError } from "../gateway-error.ts";
import { LEAST_BYTES, paced } from "../limits/paced-body.ts";
import { takeRest } from "../limits/unread-bodies.ts";
import type { ClusterRef } from "../ports.ts";
import type { JobManagerCalls } from "./job-managers.ts";
import { mapLocation } from "./location.ts";
import { type Headers, requestHeaders, responseHeaders } from "./passed-headers.ts";
import type { ProxiedTarget } from "./proxied-target.ts";
import { deliver } from "./response-body.ts";

export interface PassageOptions {
  readonly clock?: Clock;
  /** How long a client may be silent in the middle of its body, or take nothing of its answer, in ms. */
  readonly stallMs: number;
  /** Told of each request that may have changed something, when the JobManager has answered: nobody else writes down who it was. */
  readonly onPassed?: ((passed: PassedOn) => void) | undefined;
  /** Told of answers that broke off after their head: the client sees a broken connection. */
  readonly onBroken?: ((target: ProxiedTarget, error: unknown) => void) | undefined;
}

/** What was done to a cluster, and by whom. */
export interface PassedOn {
  readonly cluster: ClusterRef;
  readonly user: string;
  readonly method: string;
  /** At the JobManager, without the query. */
  readonly path: string;
  /** Of its answer; 502 where that is lost. */
  readonly status: number;
}

/** One request on its way to one JobManager. */
export interface Passage {
  readonly options: PassageOptions;
  readonly jobManagers: JobManagerCalls;
  /** Of this gateway, in the header Via. */
  readonly pseudonym: string;
  readonly request: IncomingMessage;
  readonly reply: FastifyReply;
  readonly target: ProxiedTarget;
  /** The JobManager's base address. */
  readonly url: string;
  readonly user: string;
}

/** Passes it on, and the answer back, both as streams. Throws GatewayErrors as long as the client has not got the answer's head. */
export async function pass(passage: Passage): Promise<FastifyReply> {
  const { options, jobManagers, pseudonym, request, reply, target, url, user } = passage;
  const { clock = systemClock, stallMs } = options;
  const { method = "GET" } = request;
  const response = reply.raw;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  if (response.closed) gone.abort();
  const base = URL.parse(url);
  if (base === null)
    throw new GatewayError("DestinationNotAllowed", "The address of this FlinkCluster is not a URL");
  const headers = requestHeaders(request, target.prefix, `1.1 ${pseudonym}`);
  const body = passesBody(method, request)
    ? paced(request, { clock, stallMs, leastBytes: LEAST_BYTES })
    : undefined;
  setLength(headers, request, body !== undefined);
  const { path, prefix } = target;
  try {
    const answer = await jobManagers.send({ base, method, path, headers, body, signal: gone.signal });
    if (!isRead(method)) tell(options, target, { user, method, status: answer.statusCode });
    takeRest(request, response);
    const map = (location: string) => mapLocation(location, base, prefix);
    response.writeHead(answer.statusCode, responseHeaders(answer.headers, map));
    reply.hijack();
    await deliver(answer.body, response, { clock, stallMs });
  } catch (error) {
    // It may have been carried out all the same.
    if (isGatewayError(error, "AnswerLost")) tell(options, target, { user, method, status: error.status });
    if (!response.headersSent) throw error;
    // The head is out: only a broken connection can still say that this was not all.
    response.destroy();
    if (!gone.signal.aborted) options.onBroken?.(target, error);
  } finally {
    if (body !== undefined) letGo(body, request);
  }
  return reply;
}

function tell(
  { onPassed }: PassageOptions,
  { namespace, name, path }: ProxiedTarget,
  rest: Pick<PassedOn, "user" | "method" | "status">,
): void {
  onPassed?.({ cluster: { namespace, name }, path: path.split("?", 1)[0] ?? "", ...rest });
}

/** As long as somebody may still read the body, it does not flow away by itself. */
function letGo(body: AsyncGenerator<Buffer>, request: IncomingMessage): void {
  const flow = () => void request.resume();
  body.return(undefined).then(flow, flow);
}

/** Flink's own client sends `{}` with each GET; many a server between refuses that, and nobody reads it. */
function passesBody(method: string, request: IncomingMessage): boolean {
  return !isRead(method) && hasBody(request);
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/** Whether the request says that it has a body. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function setLength(headers: Headers, request: IncomingMessage, passed: boolean): void {
  if (!passed) delete headers["content-type"];
  const length = request.headers["content-length"];
  if (passed && length !== undefined) headers["content-length"] = length;
}
