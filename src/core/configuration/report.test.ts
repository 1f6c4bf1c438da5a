import { describe, expect, test } from "vitest";
import type { ConfigurationReport } from "./merge.ts";
import { eventOf, refusalOf, statusOf } from "./report.ts";

const report = (patch: Partial<ConfigurationReport> = {}): ConfigurationReport => ({
  ignored: [],
  overridden: [],
  layered: [],
  invalid: [],
  ...patch,
});
const ignored = [
  { key: "jobmanager.rpc.port", reason: "ClusterOption" as const },
  { key: "pipeline.nam", reason: "UnknownOption" as const, suggestion: "pipeline.name" },
];
const overridden = [{ key: "parallelism.default", by: "spec.parallelism" }];
const words =
  "flinkConfiguration: without effect jobmanager.rpc.port (ClusterOption), pipeline.nam (UnknownOption, did you mean pipeline.name?); " +
  "overridden parallelism.default (by spec.parallelism).";

describe("in the status", () => {
  test("nothing to tell is no status", () => {
    expect(statusOf(report({ invalid: [{ key: "a", message: "b" }] }))).toBeNull();
  });

  test("what there is to tell", () => {
    expect(statusOf(report({ ignored }))).toEqual({ ignored });
    expect(statusOf(report({ overridden }))).toEqual({ overridden });
  });

  test("is bounded, in number and in length", () => {
    const many = Array.from({ length: 256 }, (_, n) => ({
      key: `${n}${"x".repeat(5_000)}`,
      reason: "UnknownOption" as const,
    }));
    const status = statusOf(report({ ignored: many }));
    expect(status?.ignored).toHaveLength(50);
    expect(JSON.stringify(status).length).toBeLessThan(15_000);
  });
});

describe("the event", () => {
  test("tells both, and warns of what has no effect", () => {
    const event = eventOf(report({ ignored, overridden }), undefined);
    expect(event).toEqual({ type: "Warning", reason: "ConfigurationIgnored", message: words });
    expect(eventOf(report({ overridden }), undefined)?.type).toBe("Normal");
  });

  test("comes once for each change", () => {
    expect(eventOf(report({ ignored }), { ignored })).toBeUndefined();
    expect(eventOf(report({ ignored }), { overridden })?.type).toBe("Warning");
    expect(eventOf(report(), { ignored })).toBeUndefined();
    // What the code overrode is told of its own.
    const byCode = { key: "a", by: "user code" };
    expect(eventOf(report({ overridden }), { overridden: [byCode, ...overridden] })).toBeUndefined();
  });

  test("names five keys and counts the others", () => {
    const eight = Array.from({ length: 8 }, (_, n) => ({ key: `k${n}`, by: "spec.args" }));
    expect(eventOf(report({ overridden: eight }), undefined)?.message).toMatch(
      /k4 \(by spec\.args\) and 3 more\.$/,
    );
  });
});

describe("the refusal", () => {
  test("a value that Flink cannot read, under each policy", () => {
    const invalid = [{ key: "a.b", message: '"often" must be a duration' }];
    for (const policy of ["Warn", "Reject"] as const) {
      expect(refusalOf(report({ invalid }), policy)).toEqual({
        reason: "InvalidConfiguration",
        message: 'flinkConfiguration: a.b: "often" must be a duration. Nothing was sent.',
      });
    }
  });

  test("keys without effect, where the policy says so", () => {
    expect(refusalOf(report({ ignored, overridden }), "Warn")).toBeUndefined();
    expect(refusalOf(report({ ignored, overridden }), "Reject")).toEqual({
      reason: "ConfigurationRejected",
      message: `${words} spec.configurationPolicy is Reject: nothing was sent.`,
    });
    expect(refusalOf(report({ overridden }), "Reject")?.reason).toBe("ConfigurationRejected");
    // Layers are there to be overridden.
    expect(refusalOf(report({ layered: overridden }), "Reject")).toBeUndefined();
    expect(statusOf(report({ layered: overridden }))).toEqual({ overridden });
    expect(refusalOf(report(), "Reject")).toBeUndefined();
  });
});
