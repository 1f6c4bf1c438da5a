import { GatewayError } from "../gateway-error.ts";
import type { ClusterRef } from "../ports.ts";

/** What the target of a request asks for. */
export interface ProxiedTarget extends ClusterRef {
  /** What the cluster's own address stands under here: `/clusters/{namespace}/{name}`. */
  readonly prefix: string;
  /** Path and query at the JobManager, as they came; "" for the prefix without a slash. */
  readonly path: string;
}

const longest = 8_192;
/** Kubernetes names need no escapes, so there is one way to write each cluster's prefix. */
const form = /^(\/clusters\/([a-z0-9][a-z0-9.-]*)\/([a-z0-9][a-z0-9.-]*))(\/[^?]*)?(\?.*)?$/;

/**
 * Reads the target of a request line. Whatever two programs might read in two ways is refused, not mended: dot segments, escaped
 * slashes, backslashes, broken escapes, another form than a path. Throws the GatewayError BadRequest.
 */
export function readTarget(target: string): ProxiedTarget {
  refuseCharacters(target);
  const [, prefix, namespace, name, path = "", query = ""] = form.exec(target) ?? [];
  if (prefix === undefined || namespace === undefined || name === undefined)
    throw refused("it is not /clusters/{namespace}/{name}/...");
  refuseSegments(path);
  return { prefix, namespace, name, path: path === "" ? "" : path + query };
}

/** Path and query of a request, clear to every program. Throws the GatewayError BadRequest. */
export function readPath(target: string): { path: string; query: string } {
  refuseCharacters(target);
  const [, path = "", query = ""] = /^([^?]*)(\?.*)?$/.exec(target) ?? [];
  refuseSegments(path);
  return { path, query };
}

function refuseCharacters(target: string): void {
  if (target.length > longest) throw refused(`it is longer than ${longest} characters`);
  if (!/^[!-"$-~]*$/.test(target)) throw refused("it has characters that a target may not have, such as #");
}

function refuseSegments(path: string): void {
  for (const segment of path.split("/").slice(1)) refuseSegment(segment);
}

function refuseSegment(segment: string): void {
  if (segment.includes("\\")) throw refused("it has a backslash");
  const plain = decoded(segment);
  if (/[/\\]/.test(plain)) throw refused("it has an escaped slash");
  if (/\p{Cc}/u.test(plain)) throw refused("it has an escaped control character");
  // What stands behind a semicolon is a parameter to some, and no part of the name.
  if (/^\.{1,2}(;|$)/.test(plain)) throw refused('it has a segment "." or ".."');
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw refused("it has a broken escape", cause);
  }
}

function refused(why: string, cause?: unknown): GatewayError {
  return new GatewayError("BadRequest", `The target of the request cannot be passed on: ${why}`, { cause });
}
