import { describe, expect, test } from "vitest";
import { namesOf, restHost, urlOf } from "./names.ts";

describe("a cluster-id", () => {
  test.each([
    ["orders", "orders"],
    ["a".repeat(45), "a".repeat(45)],
  ])("of %s is the name itself", (name, want) => expect(namesOf(name).clusterId).toBe(want));

  test.each([
    ["a".repeat(46), /^a{36}-[0-9a-f]{8}$/],
    ["team.orders", /^team-orders-[0-9a-f]{8}$/],
    ["2nd", /^f-2nd-[0-9a-f]{8}$/],
    [`${"a".repeat(35)}.${"b".repeat(30)}`, /^a{35}-[0-9a-f]{8}$/],
  ])("of %s is cut or changed, with a hash", (name, want) => expect(namesOf(name).clusterId).toMatch(want));

  test("keeps namesakes apart", () => {
    const names = ["a.b", "a-b", "a..b", "f-1", "1"].map((name) => namesOf(name).clusterId);
    expect(new Set(names).size).toBe(names.length);
  });

  test("leaves room for what follows it", () => {
    for (const name of Object.values(namesOf("x".repeat(253)))) expect(name.length).toBeLessThanOrEqual(63);
  });
});

test("a managed cluster answers at its Service, an external one where it says", () => {
  const metadata = { name: "orders", namespace: "team-a" };
  expect(restHost("team-a", "orders")).toBe("orders-rest.team-a.svc");
  expect(urlOf({ metadata, spec: {} })).toBe("http://orders-rest.team-a.svc:8081");
  expect(urlOf({ metadata, spec: { url: "http://a:1" } })).toBe("http://a:1");
});
