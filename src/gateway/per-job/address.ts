import { GatewayError } from "../gateway-error.ts";
import { readPath } from "../proxy/proxied-target.ts";

/** What the target of a request below /per-job asks for. */
export interface PerJobAddress {
  readonly namespace: string;
  /** Unset: the namespace's only one. */
  readonly template: string | undefined;
  /** What stands for a JobManager's own address here. */
  readonly prefix: string;
  /** Path of Flink's REST API, without the version: `/jobs/overview`. */
  readonly path: string;
  /** Path and query as they came, below the prefix. */
  readonly rest: string;
  readonly query: URLSearchParams;
}

/**
 * What Flink's own paths begin with. A template of such a name cannot be told from one of them; whoever needs one calls it
 * otherwise.
 */
const flinksOwn = [
  ...[
    "v1",
    "jobs",
    "savepoint-disposal",
    "config",
    "overview",
    "cluster",
    "jars",
    "jobmanager",
    "taskmanagers",
  ],
  ...["applications", "datasets", "dataset", "logout"],
];
/** Kubernetes names need no escapes. A namespace is a DNS label. */
const form = /^\/per-job\/([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\/([^/]*))?(\/.*)?$/;

/** Throws the GatewayErrors BadRequest and NotFound. */
export function readPerJobAddress(target: string): PerJobAddress {
  const { path: whole, query } = readPath(target);
  const [, namespace, first = "", more = ""] = form.exec(whole) ?? [];
  if (namespace === undefined)
    throw notFound("/per-job is followed by a namespace, and by a template's name");
  const named = first !== "" && !flinksOwn.includes(first);
  const rest = named ? more : first === "" ? more : `/${first}${more}`;
  return {
    namespace,
    template: named ? first : undefined,
    prefix: named ? `/per-job/${namespace}/${first}` : `/per-job/${namespace}`,
    path: rest.replace(/^\/v1(?=\/|$)/, ""),
    rest: rest + query,
    query: new URLSearchParams(query),
  };
}

function notFound(why: string): GatewayError {
  return new GatewayError("NotFound", `No such address: ${why}`);
}
