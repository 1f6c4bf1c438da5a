import type * as z from "zod";
import type { RequestsOptions } from "./connection-options.ts";
import { FlinkError, isFlinkError } from "./errors.ts";
import { type Exchange, Transport } from "./transport.ts";

/** Requests to one JobManager whose answers are JSON of a known form. Rejects with a FlinkError, and with nothing else. */
export class Requests {
  readonly #transport: Transport;
  readonly #requestTimeoutMs: number;

  /** Throws the FlinkError `BadUrl`. */
  constructor(options: RequestsOptions) {
    this.#transport = new Transport(options);
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 10_000;
  }

  get connections(): number {
    return this.#transport.connections;
  }

  get<T>(
    path: string,
    reply: z.ZodType<T>,
    options: Pick<Exchange, "signal" | "longestBody"> = {},
  ): Promise<T> {
    return this.exchange({ method: "GET", path, deadlineMs: this.#requestTimeoutMs, ...options }, reply);
  }

  /** With the answer as it came. */
  getText<T>(
    path: string,
    reply: z.ZodType<T>,
    options: Pick<Exchange, "signal"> = {},
  ): Promise<{ reply: T; text: string }> {
    return this.#exchange({ method: "GET", path, deadlineMs: this.#requestTimeoutMs, ...options }, reply);
  }

  /** A POST that is answered soon. */
  post<T>(path: string, body: object, reply: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
    const headers = { "content-type": "application/json" };
    const deadlineMs = this.#requestTimeoutMs;
    return this.exchange(
      { method: "POST", path, headers, body: JSON.stringify(body), deadlineMs, signal },
      reply,
    );
  }

  /** For requests whose answer says nothing but its status. */
  async send(exchange: Exchange): Promise<void> {
    await this.#transport.send({ deadlineMs: this.#requestTimeoutMs, ...exchange });
  }

  /** Has no deadline but the one that it is given. */
  async exchange<T>(exchange: Exchange, reply: z.ZodType<T>): Promise<T> {
    return (await this.#exchange(exchange, reply)).reply;
  }

  async #exchange<T>(exchange: Exchange, reply: z.ZodType<T>): Promise<{ reply: T; text: string }> {
    const { status, text } = await this.#transport.send(exchange);
    const what = `${exchange.method} ${exchange.path}: HTTP ${status}`;
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch (cause) {
      throw new FlinkError("BadReply", `${what}: the answer is not JSON`, { status, cause });
    }
    const checked = reply.safeParse(parsed);
    if (checked.success) return { reply: checked.data, text };
    const issue = checked.error.issues[0];
    const where = `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`;
    throw new FlinkError("BadReply", `${what}: not Flink's answer (${where})`, {
      status,
      cause: checked.error,
    });
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}

/**
 * Undefined when Flink itself says so. A 404 in other words (a proxy without that route, Flink's file server while the
 * REST API is not up) says nothing about the job, and taking it for "not there" would run the job again.
 */
export async function unlessUnknown<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isFlinkError(error) && saysUnknown(error)) return undefined;
    throw error;
  }
}

function saysUnknown(error: FlinkError): boolean {
  if (error.hasCause("FlinkJobNotFoundException") || error.hasCause("FlinkApplicationNotFoundException"))
    return true;
  if (error.code !== "NotFound") return false;
  return (
    error.hasCause("NotFoundException") ||
    /Unable to load requested file \/applications\/|Checkpointing is not enabled for this job/.test(
      error.flinkText ?? "",
    )
  );
}
