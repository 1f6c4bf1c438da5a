import { describe, expect, test } from "vitest";
import { aCluster, aSpec } from "../../test/support/builders.ts";
import { preparedRun } from "./run-request.ts";

const jobId = "0123456789abcdef0123456789abcdef";
const view = (patch = {}) => aCluster().view(patch).build().jobManager;
const request = (patch: Parameters<typeof aSpec>[0] = {}, jobManager = view()) =>
  preparedRun(aSpec(patch), jobId, jobManager).request;

test("the least that is always sent", () => {
  expect(request({ entryClass: undefined })).toEqual({ jobId, parallelism: 1 });
});

test("every field goes out under Flink's own name", () => {
  const spec = {
    args: ["--in", "a b"],
    parallelism: 4,
    savepointPath: "s3://b/sp",
    allowNonRestoredState: true,
    claimMode: "CLAIM",
    flinkConfiguration: { "pipeline.name": "orders" },
  } as const;
  expect(request({ ...spec, args: [...spec.args] })).toEqual({
    jobId,
    entryClass: "shop.WordCount",
    programArgsList: ["--in", "a b"],
    parallelism: 4,
    savepointPath: "s3://b/sp",
    allowNonRestoredState: true,
    restoreMode: "CLAIM",
    flinkConfiguration: { "pipeline.name": "orders" },
  });
});

test("the claim mode has the name that this Flink knows: before 1.20 another one is refused", () => {
  const wish = { savepointPath: "s3://b/sp", claimMode: "CLAIM" } as const;
  expect(request(wish)).toMatchObject({ restoreMode: "CLAIM" });
  expect(request(wish)).not.toHaveProperty("claimMode");
  const newer = request(wish, view({ supportsRunApplication: true }));
  expect(newer).toMatchObject({ claimMode: "CLAIM" });
  expect(newer).not.toHaveProperty("restoreMode");
});

test("Flink 2.3: the application's ID is the JobID", () => {
  expect(request({}, view({ supportsRunApplication: true })).applicationId).toBe(jobId);
  expect(request()).not.toHaveProperty("applicationId");
});

describe("parallelism: the explicit field, then the map, then the cluster, then 1", () => {
  const map = { "parallelism.default": 3 };
  test.each([
    [{ parallelism: 2, flinkConfiguration: map }, 5, 2],
    [{ flinkConfiguration: map }, 5, 3],
    [{ flinkConfiguration: { "parallelism.default": "3" } }, 5, 3],
    [{}, 5, 5],
    [{}, undefined, 1],
    [{ flinkConfiguration: { "parallelism.default": "many" } }, 5, 5],
    [{ flinkConfiguration: { "parallelism.default": -1 } }, 5, 5],
  ])("%o on a cluster with %s: %i", (patch, parallelismDefault, want) => {
    expect(request(patch, view({ parallelismDefault })).parallelism).toBe(want);
  });
});

test("options are sent as the texts that Flink expects", () => {
  const flinkConfiguration = { a: true, b: 1.5, c: "x", d: [], e: {}, f: 0, g: "" };
  expect(request({ flinkConfiguration }).flinkConfiguration).toEqual({
    a: "true",
    b: "1.5",
    c: "x",
    d: "",
    e: "",
    f: "0",
    g: "",
  });
});
