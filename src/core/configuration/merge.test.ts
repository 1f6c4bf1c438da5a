import { describe, expect, test } from "vitest";
import { aCatalogue } from "../../../test/support/option-catalogue.ts";
import { mergeConfiguration } from "./merge.ts";
import type { RunFields } from "./run-fields.ts";

const catalogue = aCatalogue();
const merge = (map: Parameters<typeof mergeConfiguration>[1], own: RunFields = {}, release = "2.3.0") =>
  mergeConfiguration(own, map, catalogue.of(release));

test("what is a job's own goes out as text, without a word", () => {
  const { configuration, report } = merge({
    "execution.checkpointing.interval": "10 s",
    "pipeline.object-reuse": true,
    "execution.checkpointing.max-concurrent-checkpoints": 2,
    "execution.job-listeners": [],
    "pipeline.global-job-parameters": {},
    "pipeline.global-job-parameters.topic": "orders",
  });
  expect(configuration).toEqual({
    "execution.checkpointing.interval": "10 s",
    "pipeline.object-reuse": "true",
    "execution.checkpointing.max-concurrent-checkpoints": "2",
    "execution.job-listeners": "",
    "pipeline.global-job-parameters": "",
    "pipeline.global-job-parameters.topic": "orders",
  });
  expect(report).toEqual({ ignored: [], overridden: [], layered: [], invalid: [] });
});

describe("what has no effect is told, by key", () => {
  test.each([
    ["jobmanager.rpc.port", "2.3.0", { reason: "ClusterOption" }],
    ["kubernetes.cluster-id", "2.3.0", { reason: "ClusterOption" }],
    ["client.retry-period", "2.3.0", { reason: "ClientOption" }],
    ["execution.target", "2.3.0", { reason: "DangerousOption" }],
    ["$internal.pipeline.job-id", "2.3.0", { reason: "DangerousOption" }],
    ["$internal.not.in.the.catalogue", "2.3.0", { reason: "DangerousOption" }],
    [
      "execution.chekpointing.dir",
      "2.3.0",
      { reason: "UnknownOption", suggestion: "execution.checkpointing.dir" },
    ],
    ["shop.threshold", "2.3.0", { reason: "UnknownOption" }],
    ["pipeline.registered-kryo-types", "2.3.0", { reason: "UnsupportedByVersion" }],
    ["execution.checkpointing.dir", "1.17.2", { reason: "UnsupportedByVersion" }],
  ])("%s on %s", (key, release, want) => {
    expect(merge({ [key]: "1" }, {}, release).report.ignored).toEqual([{ key, ...want }]);
  });

  test("options that are not a job's are not sent; what only others could read is", () => {
    const { configuration } = merge({
      "jobmanager.rpc.port": 1,
      "client.retry-period": "1 s",
      "execution.target": "remote",
      "$internal.pipeline.job-id": "0".repeat(32),
      "$internal.not.in.the.catalogue": "1",
      "no.such.key": "x",
      "pipeline.registered-kryo-types": "y",
      "kubernetes.cluster-id": "z",
    });
    expect(configuration).toEqual({
      "no.such.key": "x",
      "pipeline.registered-kryo-types": "y",
      "kubernetes.cluster-id": "z",
    });
  });

  test("a version newer than the catalogue may know more", () => {
    expect(merge({ "no.such.key": 1, "jobmanager.rpc.port": 1 }, {}, "2.9.0").report.ignored).toEqual([
      { key: "jobmanager.rpc.port", reason: "ClusterOption" },
    ]);
  });
});

describe("precedence", () => {
  test("the spec's fields before the map, which never carries them", () => {
    const { fields, configuration, report } = merge(
      { "parallelism.default": 3, allowNonRestoredState: false, "pipeline.name": "orders" },
      { parallelism: 2, allowNonRestoredState: true },
    );
    expect(fields).toEqual({ parallelism: 2, allowNonRestoredState: true });
    expect(configuration).toEqual({ "pipeline.name": "orders" });
    expect(report.overridden).toEqual([
      { key: "allowNonRestoredState", by: "spec.allowNonRestoredState" },
      { key: "parallelism.default", by: "spec.parallelism" },
    ]);
  });

  test("an option under two of its names: today's counts", () => {
    const map = { "state.checkpoints.dir": "s3://old", "execution.checkpointing.dir": "s3://new" };
    expect(merge(map).report).toMatchObject({
      overridden: [{ key: "state.checkpoints.dir", by: "execution.checkpointing.dir" }],
      ignored: [],
    });
    const both = { "state.checkpoints.dir": "s3://b", "state.backend.fs.checkpointdir": "s3://c" };
    expect(merge(both).report.overridden).toEqual([
      { key: "state.backend.fs.checkpointdir", by: "state.checkpoints.dir" },
    ]);
  });

  test("fields of the map count without a catalogue, too", () => {
    const map = { "parallelism.default": 3, "no.such": 1 };
    const { fields, configuration, report } = mergeConfiguration({}, map);
    expect(fields).toEqual({ parallelism: 3 });
    expect(configuration).toEqual({ "no.such": "1" });
    expect(report).toEqual({ ignored: [], overridden: [], layered: [], invalid: [] });
  });
});

describe("values that Flink cannot read", () => {
  test.each([
    ["execution.checkpointing.interval", "often", '"often" must be a duration such as 10 s, 5 min or 500 ms'],
    ["pipeline.object-reuse", 1, '"1" must be true or false'],
    ["execution.runtime-mode", "sometimes", '"sometimes" must be one of STREAMING, BATCH, AUTOMATIC'],
    ["pipeline.global-job-parameters", "hunter2", "its value must be entries such as a:1,b:2"],
    [
      "execution.checkpointing.interval",
      "p@ssw0rd!",
      "its value must be a duration such as 10 s, 5 min or 500 ms",
    ],
    ["parallelism.default", "many", "must be a whole number from 1 to 32768"],
  ])("%s %s", (key, value, message) => {
    expect(merge({ [key]: value }).report.invalid).toEqual([{ key, message }]);
  });

  test("do no harm where nobody reads them", () => {
    const map = {
      "jobmanager.rpc.port": "many",
      "state.checkpoints.dir": "x",
      "pipeline.operator-chaining": "maybe",
      "pipeline.operator-chaining.enabled": true,
    };
    const { report, configuration } = merge(map);
    expect(report.invalid).toEqual([]);
    expect(configuration).toEqual({
      "state.checkpoints.dir": "x",
      "pipeline.operator-chaining.enabled": "true",
    });
  });
});

test("keys that objects have anyway are nothing special", () => {
  const map = Object.fromEntries([
    ["constructor", "x"],
    ["toString", "y"],
    ["__proto__", "z"],
  ]);
  expect(JSON.stringify(merge(map).configuration)).toBe('{"constructor":"x","toString":"y","__proto__":"z"}');
  expect(merge(map).report.ignored.map(({ key, reason }) => [key, reason])).toEqual([
    ["__proto__", "UnknownOption"],
    ["constructor", "UnknownOption"],
    ["toString", "UnknownOption"],
  ]);
});
