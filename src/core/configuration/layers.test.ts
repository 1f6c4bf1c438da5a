import { expect, test } from "vitest";
import { aCatalogue } from "../../../test/support/option-catalogue.ts";
import { Confidential } from "./confidential.ts";
import { layered, type SourcedOption } from "./layers.ts";
import { mergeConfiguration } from "./merge.ts";

const options = aCatalogue().of("2.3.0");
const from = (entry: number, map: Record<string, string>, isSecret = false): SourcedOption[] =>
  Object.entries(map).map(([key, text]) => ({ key, value: new Confidential(text), entry, isSecret }));
const effective = (...parameters: Parameters<typeof layered>) =>
  Object.fromEntries(layered(...parameters).texts);

test("the spec's own entry wins, then a later entry over an earlier one; what loses is told", () => {
  const sourced = [
    ...from(0, { "pipeline.object-reuse": "true", "execution.runtime-mode": "BATCH", "shop.a": "0" }),
    ...from(1, { "pipeline.object-reuse": "false", "execution.runtime-mode": "STREAMING" }),
  ];
  const seen = layered({ "execution.runtime-mode": "AUTOMATIC" }, sourced, options);
  expect(Object.fromEntries(seen.texts)).toEqual({
    "execution.runtime-mode": "AUTOMATIC",
    "pipeline.object-reuse": "false",
    "shop.a": "0",
  });
  expect([...seen.sourced].sort()).toEqual(["pipeline.object-reuse", "shop.a"]);
  expect(seen.lost).toEqual([
    { key: "execution.runtime-mode", by: "spec.flinkConfiguration" },
    { key: "pipeline.object-reuse", by: "spec.flinkConfigurationFrom[1]" },
  ]);
});

test("two names of one option are the same option: the layer decides, not Flink's order of names", () => {
  const sourced = from(0, { "execution.checkpointing.dir": "s3://theirs" });
  expect(effective({ "state.checkpoints.dir": "s3://mine" }, sourced, options)).toEqual({
    "state.checkpoints.dir": "s3://mine",
  });
  const wide = from(0, { "parallelism.default": "4" });
  expect(effective({ parallelism: 2 }, wide, options)).toEqual({ parallelism: "2" });
  // Within one layer Flink's order counts: merge tells which.
  const both = { "state.checkpoints.dir": "s3://old", "execution.checkpointing.dir": "s3://new" };
  expect(effective({}, from(0, both), options)).toEqual(both);
});

test("entries of a map are options of their own", () => {
  const sourced = from(0, { "pipeline.global-job-parameters.topic": "orders" });
  expect(effective({ "pipeline.global-job-parameters.limit": 5 }, sourced, options)).toEqual({
    "pipeline.global-job-parameters.limit": "5",
    "pipeline.global-job-parameters.topic": "orders",
  });
});

test.each(["parallelism.default", "savepointPath", "pipeline.name", "state.checkpoints.dir"])(
  "%s out of a Secret would be shown: it is not taken, out of a ConfigMap it is",
  (key) => {
    const secret = mergeConfiguration({}, {}, options, from(0, { [key]: "3" }, true));
    expect(secret).toMatchObject({ fields: {}, configuration: {} });
    expect(secret.report.ignored).toEqual([{ key, reason: "ShownOption" }]);
    const plain = mergeConfiguration({}, {}, options, from(0, { [key]: "3" }));
    expect(plain.report.ignored).toEqual([]);
    expect({ ...plain.fields, ...plain.configuration }).not.toEqual({});
  },
);

test("what is shown anyway and not taken overrides nothing", () => {
  const sourced = [
    ...from(0, { "pipeline.name": "orders" }),
    ...from(1, { "pipeline.name": "secret" }, true),
  ];
  expect(effective({}, sourced, options)).toEqual({ "pipeline.name": "orders" });
});

test("keys are judged as those of the map are, values are never shown", () => {
  const sourced = from(
    0,
    {
      "jobmanager.rpc.port": "1",
      "$internal.x": "2",
      "execution.target": "3",
      "execution.checkpointing.interval": "often",
      "no.such.key": "4",
    },
    true,
  );
  const { configuration, report } = mergeConfiguration({}, {}, options, sourced);
  expect(configuration).toEqual({ "execution.checkpointing.interval": "often", "no.such.key": "4" });
  expect(report).toEqual({
    ignored: [
      { key: "$internal.x", reason: "DangerousOption" },
      { key: "execution.target", reason: "DangerousOption" },
      { key: "jobmanager.rpc.port", reason: "ClusterOption" },
      { key: "no.such.key", reason: "UnknownOption" },
    ],
    overridden: [],
    layered: [],
    invalid: [
      {
        key: "execution.checkpointing.interval",
        message: "its value must be a duration such as 10 s, 5 min or 500 ms",
      },
    ],
  });
});
