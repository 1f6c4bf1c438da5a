import { expect, test } from "vitest";
import { bearerToken } from "./bearer-token.ts";

test.each([
  ["Bearer abc", "abc"],
  ["bearer a.b-c_d~e+f/g==", "a.b-c_d~e+f/g=="],
  ["BEARER   abc ", "abc"],
])("%s", (header, token) => expect(bearerToken(header)).toBe(token));

test.each([
  [undefined, "Send a token of the Kubernetes cluster: Authorization: Bearer TOKEN"],
  ["", "Send a token of the Kubernetes cluster: Authorization: Bearer TOKEN"],
  ["Basic c2VjcmV0", "Authorization has another scheme: send Authorization: Bearer TOKEN"],
  ["c2VjcmV0", "Authorization has another scheme: send Authorization: Bearer TOKEN"],
  ["Bearer", "The bearer token has characters that no token has: send Authorization: Bearer TOKEN"],
  ["Bearer a b", "The bearer token has characters that no token has: send Authorization: Bearer TOKEN"],
  ["Bearer a,b", "The bearer token has characters that no token has: send Authorization: Bearer TOKEN"],
])("%s is no bearer token", (header, message) => {
  expect(() => bearerToken(header)).toThrow(
    expect.objectContaining({
      code: "Unauthenticated",
      message,
      headers: { "www-authenticate": 'Bearer realm="flinkjob"' },
    }),
  );
});
