import { expect, test } from "vitest";
import { readPerJobAddress } from "./address.ts";

test.each([
  ["/per-job/team/orders/v1/jobs", "orders", "/per-job/team/orders", "/jobs", "/v1/jobs"],
  [
    "/per-job/team/orders/jobs/overview",
    "orders",
    "/per-job/team/orders",
    "/jobs/overview",
    "/jobs/overview",
  ],
  ["/per-job/team/v1/jobs", undefined, "/per-job/team", "/jobs", "/v1/jobs"],
  ["/per-job/team/jobs", undefined, "/per-job/team", "/jobs", "/jobs"],
  [
    "/per-job/team/jobs/abc/vertices?x=1",
    undefined,
    "/per-job/team",
    "/jobs/abc/vertices",
    "/jobs/abc/vertices?x=1",
  ],
  ["/per-job/team/orders", "orders", "/per-job/team/orders", "", ""],
  ["/per-job/team/", undefined, "/per-job/team", "", ""],
  ["/per-job/team", undefined, "/per-job/team", "", ""],
])("%s: %s", (target, template, prefix, path, rest) => {
  expect(readPerJobAddress(target)).toMatchObject({ namespace: "team", template, prefix, path, rest });
});

test.each([
  ["/per-job", "NotFound"],
  ["/per-job/", "NotFound"],
  ["/per-job/Team/jobs", "NotFound"],
  ["/per-job/a.b/jobs", "NotFound"],
  ["/per-job/team/../other/jobs", "BadRequest"],
  ["/per-job/team/orders/v1/jobs/%2e%2e/x", "BadRequest"],
  ["/per-job/team/orders/v1/jobs%2fx", "BadRequest"],
  ["/per-job/team/orders#x", "BadRequest"],
])("%s: %s", (target, code) => {
  expect(() => readPerJobAddress(target)).toThrow(expect.objectContaining({ code }));
});
