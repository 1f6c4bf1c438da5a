import { expect, test } from "vitest";
import { responseHeaders } from "./passed-headers.ts";

const same = (location: string) => location;

test("of an answer, nothing passes that belongs to the connection or speaks for the whole address", () => {
  const answered = {
    "content-type": "text/html",
    "content-length": "5",
    "content-encoding": "gzip",
    etag: '"1"',
    "content-security-policy": "default-src 'self'",
    connection: "close, X-Once",
    "x-once": "a",
    "keep-alive": "timeout=5",
    "transfer-encoding": "chunked",
    trailer: "x",
    upgrade: "h2c",
    "set-cookie": ["a=b"],
    "www-authenticate": "Negotiate",
    "strict-transport-security": "max-age=1",
    "access-control-allow-origin": "*",
    "access-control-allow-credentials": "true",
  };
  expect(responseHeaders(answered, same)).toEqual({
    "content-type": "text/html",
    "content-length": "5",
    "content-encoding": "gzip",
    etag: '"1"',
    "content-security-policy": "default-src 'self'",
  });
});
