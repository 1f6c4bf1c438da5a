import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";

/** By name, in small letters. */
export type Headers = Record<string, string | string[]>;

/**
 * What the JobManager is told of a request. A list of what passes: a client may keep secrets in headers that nobody here knows,
 * and its token is for Kubernetes alone.
 */
const passed = [
  ...["accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "pragma"],
  ...["content-type", "content-encoding", "content-disposition", "content-language"],
  ...["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"],
  ...["user-agent"],
];

/** The headers for the JobManager. Its Host is the client's to set: the JobManager's own address. */
export function requestHeaders(request: IncomingMessage, prefix: string, via: string): Headers {
  const headers: Headers = {};
  for (const name of passed) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  const { socket } = request;
  const { remoteAddress = "unknown" } = socket;
  headers["x-forwarded-for"] = remoteAddress;
  headers["x-forwarded-proto"] = (socket as Partial<TLSSocket>).encrypted === true ? "https" : "http";
  headers["x-forwarded-prefix"] = prefix;
  if (request.headers.host !== undefined) headers["x-forwarded-host"] = request.headers.host;
  headers.via = [request.headers.via, via]
    .flat()
    .filter((each) => each !== undefined)
    .join(", ");
  return headers;
}

/** Of one connection each, and no business of the other. RFC 9110, 7.6.1. */
const hopByHop = [
  ...["connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization"],
  ...["proxy-authentication-info", "te", "trailer", "transfer-encoding", "upgrade"],
];
/** They would speak for the gateway's whole address, and so for all the other clusters too. */
const ofTheWholeAddress = [
  ...["set-cookie", "set-cookie2", "www-authenticate", "strict-transport-security", "alt-svc"],
  ...[
    "clear-site-data",
    "service-worker-allowed",
    "public-key-pins",
    "nel",
    "report-to",
    "reporting-endpoints",
  ],
];
const kept = new Set([...hopByHop, ...ofTheWholeAddress]);

/** The headers for the client. `mapLocation` says where a redirect leads at this address. */
export function responseHeaders(
  answered: IncomingHttpHeaders,
  mapLocation: (location: string) => string,
): Headers {
  const nominated = new Set(
    [answered.connection ?? ""]
      .flat()
      .join(",")
      .toLowerCase()
      .split(",")
      .map((name) => name.trim()),
  );
  const headers: Headers = {};
  for (const [name, value] of Object.entries(answered)) {
    if (value === undefined || kept.has(name) || nominated.has(name)) continue;
    // Flink lets every page of the web read its answers; behind an address with tokens no page shall.
    if (name.startsWith("access-control-")) continue;
    headers[name] = name === "location" && typeof value === "string" ? mapLocation(value) : value;
  }
  return headers;
}
