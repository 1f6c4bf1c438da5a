import { expect, test } from "vitest";
import { routeOf } from "./seen-exchange.ts";

const id = "0123456789abcdef".repeat(2);

test.each([
  ["/jobs/overview", "/jobs/overview"],
  [`/jobs/${id}`, "/jobs/:id"],
  [`/jobs/${id}?mode=cancel`, "/jobs/:id"],
  [`/jobs/${id}/exceptions?maxExceptions=5`, "/jobs/:id/exceptions"],
  [`/applications/${id}/cancel`, "/applications/:id/cancel"],
  ["/jars/upload", "/jars/upload"],
  ["/jars/1111_counter.jar/run-application", "/jars/:jarid/run-application"],
  ["/jars/1111_counter.jar", "/jars/:jarid"],
])("%s counts as %s", (path, route) => {
  expect(routeOf(path)).toBe(route);
});
