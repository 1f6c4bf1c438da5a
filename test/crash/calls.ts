import type { FlinkCluster, FlinkJob } from "../../src/api/objects.ts";

/** A call to the API server without names, versions and times: "PUT flinkjobs/status (pending Submitting)". */
export function kubeCallName(method: string, url: URL, body: Buffer): string {
  const [, kind = "", , part = ""] =
    /\/namespaces\/[^/]+\/([^/]+)(\/[^/]+)?(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  const { searchParams } = url;
  if (method === "GET") {
    if (searchParams.get("watch") !== "true") return `GET ${kind}`;
    return searchParams.get("sendInitialEvents") === "true"
      ? `GET ${kind} (list and watch)`
      : `GET ${kind} (watch)`;
  }
  const sent =
    body.length === 0 ? {} : (JSON.parse(body.toString()) as Partial<FlinkJob> & { reason?: string });
  if (kind === "events") return `${method} events (${sent.reason ?? "count"})`;
  if (part === "status" && kind === "flinkclusters") {
    const { status } = sent as unknown as FlinkCluster;
    return `${method} ${kind}/status (${status?.conditions?.[0]?.reason ?? ""})`;
  }
  if (part === "status") {
    const { state = "", reason = "" } = sent.status?.trigger ?? {};
    return `${method} ${kind}/status (${state} ${reason})`;
  }
  const finalizers = sent.metadata?.finalizers;
  return finalizers === undefined
    ? `${method} ${kind}`
    : `${method} ${kind} (${finalizers.length === 0 ? "no finalizer" : "finalizer"})`;
}

/** A call to Flink without IDs: "POST /jars/JAR/run". */
export function flinkCallName(method: string, url: URL): string {
  const path = url.pathname
    .replace(/^\/jars\/(?!upload$)[^/]+/, "/jars/JAR")
    .replace(/\/[0-9a-f]{32}(?=\/|$)/g, "/ID");
  return `${method} ${path}`;
}

const poll =
  /^GET (\/jobs\/overview|\/jars|\/config|\/jobmanager\/config|flink\w+|\w+ \((list and )?watch\))$/;
const polls = new Map<string, boolean>();

/** Calls that an operator at rest goes on making. There are few names, and they are asked for again and again. */
export function isPoll(name: string): boolean {
  const known = polls.get(name);
  if (known !== undefined) return known;
  const is = poll.test(name);
  polls.set(name, is);
  return is;
}

export const isWatch = (name: string): boolean => /^GET \w+ \(/.test(name);

const ofManyKinds = /^\w+ (serviceaccounts|roles|rolebindings|services|poddisruptionbudgets|ingresses)\b/;
/** Calls on those objects of a cluster that are treated as its ConfigMap is, by the same lines: that one stands for all. */
export const isStoodFor = (name: string): boolean => ofManyKinds.test(name);

export const isStop = (name: string): boolean => name === "POST /jobs/ID/stop";
export const isScale = (name: string): boolean => name === "PUT /jobs/ID/resource-requirements";
export const isRun = (name: string): boolean => /^POST \/jars\/JAR\/run/.test(name);

/** What stands for the API server's own refusal. */
export function kubeRefusal(code: number): { type: string; text: string } {
  const reason =
    { 409: "Conflict", 429: "TooManyRequests", 500: "InternalError" }[code] ?? "ServiceUnavailable";
  const status = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    message: "by the proxy",
    reason,
    code,
  };
  return { type: "application/json", text: JSON.stringify(status) };
}

/** Not Flink's own words: something in between. */
export function flinkRefusal(code: number): { type: string; text: string } {
  return { type: "text/html", text: `<h1>${code}</h1>` };
}
