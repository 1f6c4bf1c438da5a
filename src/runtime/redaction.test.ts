import { describe, expect, test } from "vitest";
import { isSecretName, redact, redacted, redactText } from "./redaction.ts";

describe("isSecretName", () => {
  test.each([
    "authorization",
    "Proxy-Authorization",
    "password",
    "s3.secret-key",
    "s3.access-key",
    "apiKey",
    "api_key",
    "bearerToken",
    "Set-Cookie",
    "clientSecret",
    "tokens",
  ])("%s is one", (name) => {
    expect(isSecretName(name)).toBe(true);
  });
  test.each(["secretName", "tokenFile", "name", "triggerId", "key", "state", "jobId", "passwordPath"])(
    "%s is not",
    (name) => {
      expect(isSecretName(name)).toBe(false);
    },
  );
});

describe("redact", () => {
  test("replaces secrets at any depth and leaves the rest", () => {
    const given = {
      jar: { uri: "http://x/a.jar", headers: [{ Authorization: "Bearer abc", accept: "*/*" }] },
      token: "t",
    };
    expect(redact(given)).toEqual({
      jar: { uri: "http://x/a.jar", headers: [{ Authorization: redacted, accept: "*/*" }] },
      token: redacted,
    });
  });

  test("an error keeps its type, code, own fields and chain of causes", () => {
    const cause = Object.assign(new Error("socket closed"), { code: "ECONNRESET", password: "p" });
    const error = Object.assign(new TypeError("no answer", { cause }), { status: 502 });
    expect(redact({ err: error })).toMatchObject({
      err: {
        type: "TypeError",
        message: "no answer",
        status: 502,
        cause: { type: "Error", message: "socket closed", code: "ECONNRESET", password: redacted },
      },
    });
  });

  test("ends on circles, long lists, bytes and big integers", () => {
    const circle: Record<string, unknown> = {
      list: Array.from({ length: 500 }, (_, index) => index),
      big: 2n ** 70n,
    };
    circle.self = circle;
    circle.body = new Uint8Array(1000);
    const copy = redact(circle) as Record<string, unknown>;
    expect(JSON.stringify(copy).length).toBeLessThan(10_000);
    expect(copy).toMatchObject({ big: "1180591620717411303424", body: "[1000 bytes]" });
    expect(copy.list).toHaveLength(101);
  });
});

describe("redactText", () => {
  test.each([
    ["GET https://me:pw@host/x failed", `GET https://${redacted}@host/x failed`],
    ["header Bearer eyJhbGciOi.J9-_x=", `header Bearer ${redacted}`],
    ["http://h/a.jar?X-Amz-Signature=abc&x=1", `http://h/a.jar?X-Amz-Signature=${redacted}&x=1`],
    ["http://h/a.jar?x=1&sig=ab%2B", `http://h/a.jar?x=1&sig=${redacted}`],
    [
      "http://host:8081/jobs/overview answered 500 to team@example.com",
      "http://host:8081/jobs/overview answered 500 to team@example.com",
    ],
    ["Basic auth is not supported", "Basic auth is not supported"],
  ])("%s", (text, want) => {
    expect(redactText(text)).toBe(want);
  });
});
