import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import type * as z from "zod";
import { runAsyncAccepted, submission, submissionPage } from "../../api/run-async.ts";
import type { RequestsOptions } from "../rest/connection-options.ts";
import { Destinations } from "../rest/destinations.ts";
import { FlinkError, isFlinkError } from "../rest/errors.ts";
import { multipart } from "../rest/multipart.ts";
import { Requests } from "../rest/requests.ts";
import type { Exchange } from "../rest/transport.ts";
import { type CallOptions, signalOf, type WaitOptions, Watch } from "./calls.ts";
import { JobError } from "./job-error.ts";
import type { RunAsyncRequest, Submission, SubmissionPage, SubmissionState } from "./run-async-facts.ts";

export interface RunAsyncClientOptions extends Omit<RequestsOptions, "headers" | "destinations"> {
  /** Where it may connect to. Default: anywhere but where clouds keep their secrets. */
  readonly destinations?: Destinations;
  /** The FlinkCluster; default: the gateway's own default cluster. */
  readonly cluster?: { readonly namespace: string; readonly name: string } | undefined;
  /** A bearer token, or what gets the current one. Never logged. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
}

/** The JAR of a submission. */
export interface RequestJar {
  readonly fileName?: string | undefined;
  /** A function is called for each try. A stream can be read once, so with one a lost request is not sent again. */
  readonly content: Buffer | Readable | (() => Buffer | Readable);
}

/** Of a single try, in milliseconds; a JAR has none. */
const deadlineMs = 30_000;
const longestPage = 64 * 1024 * 1024;

/**
 * The gateway's four calls. Every method rejects with a FlinkError, whose `flinkText` holds all that the gateway says is wrong, and
 * `outcome` with a JobError too.
 */
export class RunAsyncClient implements AsyncDisposable {
  readonly #requests: Requests;
  readonly #token: RunAsyncClientOptions["token"];

  /** Makes no connection. Throws the FlinkError `BadUrl`. */
  constructor({ cluster, token, ...options }: RunAsyncClientOptions) {
    const url = options.url.replace(/\/+$/, "");
    const where =
      cluster === undefined
        ? ""
        : `/clusters/${encodeURIComponent(cluster.namespace)}/${encodeURIComponent(cluster.name)}`;
    const { destinations = new Destinations({ loopback: true }) } = options;
    this.#requests = new Requests({ ...options, destinations, url: url + where });
    this.#token = token;
  }

  /**
   * Records a submission and resolves with its trigger ID, before the job runs. What may be lost is sent again under the same trigger
   * ID until it is answered, or `patienceMs` are over. The FlinkErrors `BadRequest` and `Conflict` say which field is wrong.
   */
  async submit(
    request: RunAsyncRequest,
    options: WaitOptions & { readonly jar?: RequestJar } = {},
  ): Promise<string> {
    const triggerId = request.triggerId ?? randomBytes(16).toString("hex");
    const body = JSON.stringify({ ...request, triggerId });
    const watch = new Watch(options);
    const { jar } = options;
    const once = jar !== undefined && !Buffer.isBuffer(jar.content) && typeof jar.content !== "function";
    const send = () => (jar ? this.#sendJar(body, jar, watch.signal) : this.#send(body, watch.signal));
    return once ? await send() : await watch.until(send);
  }

  /** Undefined: there is no such submission. */
  async track(triggerId: string, options: CallOptions = {}): Promise<Submission | undefined> {
    try {
      return await this.#exchange({ method: "GET", path: pathOf(triggerId) }, submission, options);
    } catch (error) {
      if (isUnknown(error)) return undefined;
      throw error;
    }
  }

  /**
   * Waits until the submission has an outcome, and resolves with it where Flink accepted the job. Rejects with the JobErrors
   * `SubmissionFailed`, whose reason is the gateway's word, and `SubmissionUnknown`: it is not there (any more).
   */
  async outcome(triggerId: string, options: WaitOptions = {}): Promise<Submission> {
    const watch = new Watch(options);
    const found = await watch.until(async () => {
      const seen = await this.track(triggerId, { signal: watch.signal });
      if (seen === undefined)
        throw new JobError("SubmissionUnknown", `there is no submission ${triggerId}`, { triggerId });
      return seen.status.id === "COMPLETED" ? seen : undefined;
    });
    const { operation } = found;
    if (operation === null || !("failure-cause" in operation)) return found;
    const { class: reason, "stack-trace": message } = operation["failure-cause"];
    throw new JobError("SubmissionFailed", message, { triggerId, reason });
  }

  /** One page, the newest first. */
  list(
    query: { readonly limit?: number; readonly continue?: string; readonly state?: SubmissionState } = {},
    options: CallOptions = {},
  ): Promise<SubmissionPage> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const text = new URLSearchParams(
      Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
    ).toString();
    const path = `/run-async${text === "" ? "" : `?${text}`}`;
    return this.#exchange({ method: "GET", path, longestBody: longestPage }, submissionPage, options);
  }

  /** All pages. */
  async *listAll(
    query: { readonly state?: SubmissionState } = {},
    options: CallOptions = {},
  ): AsyncIterable<Submission> {
    for (let next: string | undefined; ; ) {
      const page = await this.list({ ...query, ...(next === undefined ? {} : { continue: next }) }, options);
      yield* page.submissions;
      next = page.continue;
      if (next === undefined) return;
    }
  }

  /**
   * With an outcome: the tracking information goes, the job stays. Without one: what is under way is halted. Resolves false when
   * there is no such submission.
   */
  async delete(triggerId: string, options: CallOptions = {}): Promise<boolean> {
    try {
      const signal = signalOf(options);
      await this.#requests.send({
        ...(await this.#authorized({ method: "DELETE", path: pathOf(triggerId) })),
        signal,
      });
      return true;
    } catch (error) {
      if (isUnknown(error)) return false;
      throw error;
    }
  }

  /** Ends every request and connection. */
  close(): Promise<void> {
    return this.#requests.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #send(body: string, signal: AbortSignal | undefined): Promise<string> {
    const headers = { "content-type": "application/json" };
    const exchange = { method: "POST", path: "/run-async", headers, body } as const;
    return (await this.#exchange(exchange, runAsyncAccepted, { signal })).triggerId;
  }

  async #sendJar(body: string, jar: RequestJar, signal: AbortSignal | undefined): Promise<string> {
    const content = typeof jar.content === "function" ? jar.content() : jar.content;
    const part = { name: "jarfile", fileName: jar.fileName ?? "job.jar", type: "application/java-archive" };
    const form = multipart(part, content, { request: body });
    const exchange = await this.#authorized({
      method: "POST",
      path: "/run-async",
      headers: form.headers,
      body: form.body,
      signal,
      ownConnection: true,
    });
    try {
      return (await this.#requests.exchange(exchange, runAsyncAccepted)).triggerId;
    } catch (error) {
      const failure = form.failure();
      if (failure === undefined) throw error;
      throw new FlinkError("Aborted", "POST /run-async: the JAR broke off", { cause: failure });
    }
  }

  async #exchange<T>(exchange: Exchange, reply: z.ZodType<T>, options: CallOptions): Promise<T> {
    const authorized = await this.#authorized({ deadlineMs, ...exchange, signal: signalOf(options) });
    return await this.#requests.exchange(authorized, reply);
  }

  async #authorized(exchange: Exchange): Promise<Exchange> {
    const token = typeof this.#token === "function" ? await this.#token() : this.#token;
    if (token === undefined) return exchange;
    return { ...exchange, headers: { ...exchange.headers, authorization: `Bearer ${token}` } };
  }
}

function pathOf(triggerId: string): string {
  return `/run-async/${encodeURIComponent(triggerId)}`;
}

/** The gateway's own 404 for a submission, not that for a cluster or of something in between. */
function isUnknown(error: unknown): boolean {
  return isFlinkError(error, "NotFound") && (error.flinkText ?? "").startsWith("There is no submission ");
}
