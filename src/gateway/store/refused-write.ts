import { isKubeError, type KubeError } from "../../kube/errors.ts";
import { GatewayError, type GatewayErrorCode } from "../gateway-error.ts";
import { storeError } from "./store-error.ts";

/**
 * Whether the object may be there although it was not created. Admission comes before the API server looks whether there is one of
 * that name: a quota that an object itself has filled, or a policy of later, refuses the same request when it comes again.
 */
export function mayBeThere(error: unknown): boolean {
  return isKubeError(error, "AlreadyExists", "Forbidden", "Invalid", "BadRequest");
}

/** What a client is told when the API server did not take the FlinkJob that its request stands for. */
export function refusedWrite(error: unknown, namespace: string): Error {
  if (isKubeError(error, "Invalid", "BadRequest")) return notTaken(error, "BadRequest");
  // Not for want of rights, but by a quota, an admission policy, or a namespace that goes.
  if (isKubeError(error, "Forbidden") && !/cannot \w+ resource/.test(error.message))
    return notTaken(error, "Forbidden");
  if (isKubeError(error, "NotFound"))
    return new GatewayError("UnknownCluster", `There is no namespace ${namespace}`, { cause: error });
  return storeError(error);
}

/** Zod and the API server accept the same; what else there is to say is for whoever runs the cluster to decide. */
function notTaken(error: KubeError, code: GatewayErrorCode): GatewayError {
  const said = error.message.slice(0, 512).toWellFormed();
  const message = `The Kubernetes API server refuses this submission: ${said}`;
  return new GatewayError(code, message, { cause: error });
}
