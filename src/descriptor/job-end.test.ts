import { describe, expect, test } from "vitest";
import { API_VERSION } from "../api/group.ts";
import type { Condition } from "../api/meta.ts";
import type { FlinkJob } from "../api/objects.ts";
import { resultOf } from "./job-end.ts";

const jobId = "8197e6ab444c16c1c1d7d02ec6d72519";
const accepted = { acceptedAt: "2026-11-26T12:00:00Z" };

/** A FlinkJob of generation 2 that stands so. */
function aJob(trigger: object, words: Record<string, Condition["status"]>, result?: object): FlinkJob {
  const conditions = Object.entries(words).map(([type, status]) => ({
    ...{ type, status, reason: "Why", message: "In words.", observedGeneration: 2 },
  }));
  const status = { trigger: { jobId, ...trigger }, conditions, ...(result ? { result } : {}) };
  const metadata = { name: "counts", namespace: "team-a", generation: 2 };
  return {
    apiVersion: API_VERSION,
    kind: "FlinkJob",
    metadata,
    spec: { jar: {} },
    status,
  } as unknown as FlinkJob;
}

const finished = { state: "finished", ...accepted };
const succeeded = { Ready: "True", Stalled: "False", Succeeded: "True" } as const;
const failedForGood = { Ready: "False", Stalled: "True", Succeeded: "False" } as const;

describe("a job that finished", () => {
  test("has run time and accumulators", () => {
    const result = resultOf(
      aJob(finished, succeeded, { runTime: "1m30s", accumulators: { elements: "200" } }),
    );
    expect(result).toEqual({ jobId, netRuntime: 90_000, accumulators: new Map([["elements", "200"]]) });
  });

  test("is waited for until its accumulators are read", () => {
    expect(resultOf(aJob(finished, succeeded, { runTime: "1s" }))).toBeUndefined();
    expect(resultOf(aJob(finished, succeeded))).toBeUndefined();
  });

  test("has none once its cluster is let go", () => {
    const trigger = { ...finished, cluster: { releasedAt: "2026-11-26T12:00:01Z" } };
    const result = resultOf(aJob(trigger, succeeded, { runTime: "1s" }));
    expect(result).toEqual({ jobId, netRuntime: 1_000, accumulators: new Map() });
  });

  test("of an earlier spec says nothing", () => {
    const job = aJob(finished, succeeded, { runTime: "1s", accumulators: {} });
    expect(resultOf({ ...job, metadata: { ...job.metadata, generation: 3 } })).toBeUndefined();
  });
});

test.each([
  ["failed", "JobFailed"],
  ["canceled", "JobCanceled"],
])("a job that %s: %s", (state, code) => {
  const trigger = { state, ...accepted, message: "no topic", reason: "JobFailed" };
  const look = () => resultOf(aJob(trigger, failedForGood));
  expect(look).toThrow(
    expect.objectContaining({ name: "JobError", code, jobId, message: "no topic", reason: "JobFailed" }),
  );
});

test("what never came to a job", () => {
  const look = () => resultOf(aJob({ state: "failed" }, failedForGood));
  expect(look).toThrow(
    expect.objectContaining({ name: "DeploymentError", code: "DeploymentFailed", reason: "Why" }),
  );
});

test.each([
  ["running", { Ready: "True", Stalled: "False", Succeeded: "Unknown" }],
  ["failed", { Ready: "False", Stalled: "False", Succeeded: "False" }],
] as const)("a job that is %s and goes on is waited for", (state, words) => {
  expect(resultOf(aJob({ state, ...accepted }, words))).toBeUndefined();
});
