import type { KubeError } from "../kube/errors.ts";
import { DeploymentError } from "./deployment-error.ts";

const refusals: readonly KubeError["code"][] = [
  "AlreadyExists",
  "NotFound",
  "Conflict",
  "Invalid",
  "BadRequest",
  "Forbidden",
  "Unauthorized",
  "TooLarge",
  "Untrusted",
  "BadConfig",
];

/** What a request to the API server came to, in the words of the library. */
export function requestError(cause: KubeError): DeploymentError {
  const code = refusals.includes(cause.code) ? "RequestRefused" : "RequestFailed";
  const retry = cause.retry.kind === "never" ? "never" : "backoff";
  return new DeploymentError(code, cause.message, { reason: cause.code, retry, cause });
}
