import type { Readable } from "node:stream";
import { Agent, type Dispatcher } from "undici";
import type { Destinations } from "../rest/destinations.ts";
import { isFlinkError } from "../rest/errors.ts";
import { JarError, type JarErrorCode } from "./jar-errors.ts";

/** Where a JAR is. */
export interface JarAddress {
  /** http or https. */
  readonly uri: string;
  /** Sent to the origin of `uri` only, and dropped for good at the first redirect to another. Never logged. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface JarSourceOptions {
  readonly destinations: Destinations;
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string;
  /** Longest silence of the source. Default 30,000. */
  readonly idleMs?: number;
  /** Default 10,000. */
  readonly connectTimeoutMs?: number;
}

/** A JAR on its way. */
export interface OpenJar {
  readonly content: Readable;
  /** In bytes, when the source says so. */
  readonly length: number | undefined;
}

const mostRedirects = 5;

/** Opens JARs at http and https addresses; every hop is checked like the first. */
export class JarSource {
  readonly #agent: Agent;

  constructor({ destinations, ca, idleMs = 30_000, connectTimeoutMs = 10_000 }: JarSourceOptions) {
    this.#agent = new Agent({
      connect: destinations.connector({ timeoutMs: connectTimeoutMs, ca }),
      headersTimeout: idleMs,
      bodyTimeout: idleMs,
    });
  }

  /** Resolves when the source answered with the JAR's first bytes to come. Rejects with a JarError. */
  async open(address: JarAddress, signal: AbortSignal): Promise<OpenJar> {
    let url = jarUrl(address.uri);
    let headers = address.headers ?? {};
    for (let hop = 0; hop <= mostRedirects; hop++) {
      const response = await this.#get(url, headers, signal);
      const { statusCode } = response;
      if (statusCode === 200) return { content: response.body, length: lengthOf(response) };
      await response.body.dump({ limit: 65_536, signal }).catch((error) => {
        throw jarError(error, url, signal);
      });
      if (!redirects.has(statusCode)) throw refused(statusCode, url);
      const next = jarUrl(String(response.headers.location ?? ""), url);
      if (next.origin !== url.origin) headers = {};
      url = next;
    }
    throw new JarError("JarFetchFailed", `${nameOf(url)}: more than ${mostRedirects} redirects`, {
      retry: "never",
    });
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #get(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: "GET",
        // A compressed copy would have another length and another checksum.
        headers: { accept: "*/*", "accept-encoding": "identity", "user-agent": "flinkjob", ...headers },
        signal,
      });
    } catch (error) {
      throw jarError(error, url, signal);
    }
  }
}

/** Names a failure while the source is read. */
export function jarError(error: unknown, source: URL | string, signal: AbortSignal): JarError {
  if (error instanceof JarError) return error;
  const name = typeof source === "string" ? source : nameOf(source);
  if (isFlinkError(error, "DestinationNotAllowed")) {
    return new JarError("DestinationNotAllowed", `${name}: ${error.message}`, { cause: error });
  }
  const code = (error as { code?: unknown } | null)?.code;
  const timedOut = /TIMEOUT|ETIMEDOUT/.test(String(code)) || (signal.aborted && isTimeout(signal.reason));
  const why = error instanceof Error ? error.message : String(error);
  return new JarError(timedOut ? "JarFetchTimeout" : "JarFetchFailed", `${name}: ${why}`, { cause: error });
}

/** The address without what may be secret in it: credentials and query. */
export function nameOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}

/** Reads the address of a JAR, or where a source redirects to. Throws a JarError. */
export function jarUrl(text: string, from?: URL): URL {
  const where = from === undefined ? "" : `${nameOf(from)} redirects to `;
  const fail = (why: string) => new JarError("JarFetchFailed", `${where}${why}`, { retry: "never" });
  if (!URL.canParse(text, from?.href)) throw fail("something that is no URL");
  const url = new URL(text, from);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw fail(`${url.protocol}: only http and https`);
  if (url.username !== "" || url.password !== "")
    throw fail("an address with credentials in it: use a Secret");
  if (from?.protocol === "https:" && url.protocol === "http:") throw fail("http, from https: refused");
  return url;
}

function lengthOf({ headers }: Dispatcher.ResponseData): number | undefined {
  const length = headers["content-length"];
  return typeof length === "string" && /^\d+$/.test(length) ? Number(length) : undefined;
}

const redirects = new Set([301, 302, 303, 307, 308]);
const codes = new Map<number, JarErrorCode>([
  [401, "JarForbidden"],
  [403, "JarForbidden"],
  [404, "JarNotFound"],
  [410, "JarNotFound"],
]);

function refused(status: number, url: URL): JarError {
  const passing = status >= 500 || status === 408 || status === 425 || status === 429;
  const code = codes.get(status) ?? "JarFetchFailed";
  return new JarError(code, `${nameOf(url)}: HTTP ${status}`, { retry: passing ? "backoff" : "never" });
}
