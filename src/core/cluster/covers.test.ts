import { describe, expect, test } from "vitest";
import { covers } from "./covers.ts";

describe("an object says what it was applied with", () => {
  test.each([
    ["what others added", { a: 1, b: 2 }, { a: 1 }],
    [
      "quantities in the API server's words",
      { limits: { memory: "1Gi", cpu: "1" } },
      { limits: { memory: "1024Mi", cpu: 1 } },
    ],
    [
      "a sidecar, first",
      { containers: [{ name: "side" }, { name: "main", image: "a", tty: false }] },
      { containers: [{ name: "main", image: "a" }] },
    ],
    ["an empty member", { emptyDir: {} }, { emptyDir: {} }],
    ["an empty member that the API server left out", {}, { annotations: {} }],
  ])("with %s", (_what, live, wanted) => expect(covers(live, wanted)).toBe(true));

  test.each([
    ["another value", { a: 2 }, { a: 1 }],
    ["a value that is gone", {}, { a: 1 }],
    ["a container that is gone", { containers: [] }, { containers: [{ name: "main" }] }],
    ["a right more", { verbs: ["get", "list"] }, { verbs: ["get"] }],
    ["rights in another order", { verbs: ["list", "get"] }, { verbs: ["get", "list"] }],
    ["less memory", { limits: { memory: "1Gi" } }, { limits: { memory: "1025Mi" } }],
    ["a quantity's look-alike elsewhere", { image: "1" }, { image: "1000m" }],
  ])("but not with %s", (_what, live, wanted) => expect(covers(live, wanted)).toBe(false));
});
