import { expect, test } from "vitest";
import { readTarget } from "./proxied-target.ts";

const prefix = "/clusters/team-a/main.1";

test.each([
  ["/clusters/team-a/main.1", ""],
  ["/clusters/team-a/main.1?x", ""],
  ["/clusters/team-a/main.1/", "/"],
  ["/clusters/team-a/main.1/v1/jobs/overview?a=b&c=/../%2F", "/v1/jobs/overview?a=b&c=/../%2F"],
  ["/clusters/team-a/main.1/jars/b1_my%20job.jar/run", "/jars/b1_my%20job.jar/run"],
  ["/clusters/team-a/main.1//jobs", "//jobs"],
  ["/clusters/team-a/main.1/a..b/...", "/a..b/..."],
  ["/clusters/team-a/main.1/%252e%252e/x", "/%252e%252e/x"],
])("%s passes as %s", (target, path) => {
  expect(readTarget(target)).toEqual({ namespace: "team-a", name: "main.1", prefix, path });
});

test.each([
  ["http://elsewhere/clusters/a/b/c", "it is not /clusters/{namespace}/{name}/..."],
  ["/jobs", "it is not /clusters/{namespace}/{name}/..."],
  ["/clusters/a", "it is not /clusters/{namespace}/{name}/..."],
  ["/clusters//b/c", "it is not /clusters/{namespace}/{name}/..."],
  ["/clusters/../b/c", "it is not /clusters/{namespace}/{name}/..."],
  ["/clusters/a/%62/c", "it is not /clusters/{namespace}/{name}/..."],
  ["/clusters/A/b/c", "it is not /clusters/{namespace}/{name}/..."],
  ["//clusters/a/b/c", "it is not /clusters/{namespace}/{name}/..."],
  ["/clusters/a/b/../c", 'it has a segment "." or ".."'],
  ["/clusters/a/b/..", 'it has a segment "." or ".."'],
  ["/clusters/a/b/./c", 'it has a segment "." or ".."'],
  ["/clusters/a/b/%2e%2E/c", 'it has a segment "." or ".."'],
  ["/clusters/a/b/.%2e/c", 'it has a segment "." or ".."'],
  ["/clusters/a/b/..;x/c", 'it has a segment "." or ".."'],
  ["/clusters/a/b/..%3bx/c", 'it has a segment "." or ".."'],
  ["/clusters/a/b/x%2fy", "it has an escaped slash"],
  ["/clusters/a/b/..%2Fy", "it has an escaped slash"],
  ["/clusters/a/b/x%5cy", "it has an escaped slash"],
  ["/clusters/a/b/x\\..\\y", "it has a backslash"],
  ["/clusters/a/b/x%00", "it has an escaped control character"],
  ["/clusters/a/b/x%0d%0ay", "it has an escaped control character"],
  ["/clusters/a/b/x%", "it has a broken escape"],
  ["/clusters/a/b/x%zz", "it has a broken escape"],
  ["/clusters/a/b/x%c0%ae%c0%ae", "it has a broken escape"],
  ["/clusters/a/b/x#y", "it has characters that a target may not have, such as #"],
  ["/clusters/a/b/x y", "it has characters that a target may not have, such as #"],
  ["/clusters/a/b/\u00e4", "it has characters that a target may not have, such as #"],
  [`/clusters/a/b/${"x".repeat(8192)}`, "it is longer than 8192 characters"],
])("%s is refused", (target, why) => {
  expect(() => readTarget(target)).toThrow(
    expect.objectContaining({
      code: "BadRequest",
      message: `The target of the request cannot be passed on: ${why}`,
    }),
  );
});
