import { GatewayError } from "../gateway-error.ts";

/** RFC 6750. What else a token may be is the API server's to say. */
const credentials = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i;
const scheme = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}(?= |$)/;

/** The token of an Authorization header. Throws the GatewayError Unauthenticated; never tells what the header said. */
export function bearerToken(header: string | undefined): string {
  if (header === undefined || header === "")
    throw unauthenticated("Send a token of the Kubernetes cluster: Authorization: Bearer TOKEN");
  const token = credentials.exec(header)?.[1];
  if (token !== undefined) return token;
  const what = scheme.exec(header)?.[0] ?? "";
  const wrong =
    what.toLowerCase() === "bearer"
      ? "The bearer token has characters that no token has"
      : "Authorization has another scheme";
  throw unauthenticated(`${wrong}: send Authorization: Bearer TOKEN`);
}

/** 401 with the challenge that RFC 6750 asks for. */
export function unauthenticated(message: string, refused = false): GatewayError {
  const challenge = `Bearer realm="flinkjob"${refused ? ', error="invalid_token"' : ""}`;
  return new GatewayError("Unauthenticated", message, { headers: { "www-authenticate": challenge } });
}
