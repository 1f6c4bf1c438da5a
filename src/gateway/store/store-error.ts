import { isKubeError } from "../../kube/errors.ts";
import { GatewayError } from "../gateway-error.ts";

/** What a client is told when the API server did not do as it was asked, for no fault of the client's. */
export function storeError(error: unknown): Error {
  if (!isKubeError(error)) return error instanceof Error ? error : new Error(String(error));
  const { retry } = error;
  if (error.code === "Forbidden") {
    const message = "The gateway's own rights do not suffice: its administrator finds why in its log";
    return new GatewayError("StoreUnavailable", message, { cause: error, retryAfterSeconds: 30 });
  }
  const retryAfterSeconds = retry.kind === "after" ? Math.ceil(retry.ms / 1_000) : 1;
  const message = "The Kubernetes API server does not answer now: send the same request again";
  return new GatewayError("StoreUnavailable", message, { cause: error, retryAfterSeconds });
}
