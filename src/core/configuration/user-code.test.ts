import { describe, expect, test } from "vitest";
import { wholeCatalogue } from "../../../test/support/option-catalogue.ts";
import type { ShownConfiguration } from "./shown-configuration.ts";
import { isShownByFlink, overriddenByCode, USER_CODE } from "./user-code.ts";
import { durationMs } from "./values.ts";

const optionsOf = wholeCatalogue();
/** As Flink 2.3 shows a job that has set nothing itself. */
const shown: ShownConfiguration = {
  name: "orders",
  parallelism: 2,
  objectReuse: true,
  restartStrategy: "Restart with fixed delay (PT1S). #7 restart attempts.",
  checkpoints: {
    interval: 10_000,
    timeout: 600_000,
    minPause: 0,
    mode: "exactly_once",
    maxConcurrent: 1,
    tolerableFailures: 0,
    retained: { onFailure: true, onCancel: true },
    stateBackend: "HashMapStateBackend",
    storage: "FileSystemCheckpointStorage",
  },
};
const asShown = {
  "pipeline.name": "orders",
  "pipeline.object-reuse": "TRUE",
  "restart-strategy.type": "fixed-delay",
  "execution.checkpointing.interval": "10 s",
  "execution.checkpointing.timeout": "10 min",
  "execution.checkpointing.min-pause": "0",
  "execution.checkpointing.mode": "exactly_once",
  "execution.checkpointing.max-concurrent-checkpoints": "1",
  "execution.checkpointing.tolerable-failed-checkpoints": "0",
  "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
  "state.backend.type": "hashmap",
  "execution.checkpointing.storage": "filesystem",
};
const overridden = (
  configuration: Record<string, string>,
  told: ShownConfiguration = shown,
  { parallelism, version = "2.3.0" }: { parallelism?: number; version?: string } = {},
) => {
  const options = optionsOf(version);
  if (!options) throw new Error(`no options of ${version}`);
  return overriddenByCode({ parallelism, configuration }, told, options);
};

test("what the job runs with as it was sent is overridden by nobody", () => {
  expect(overridden(asShown, shown, { parallelism: 2 })).toEqual([]);
  const former = { "restart-strategy": "fixed-delay", "state.backend": "hashmap" };
  expect(overridden(former)).toEqual([]);
});

test.each(
  Object.entries({
    "pipeline.name": "invoices",
    "pipeline.object-reuse": "false",
    "restart-strategy.type": "none",
    "execution.checkpointing.interval": "5 s",
    "execution.checkpointing.timeout": "9 min",
    "execution.checkpointing.min-pause": "1 ms",
    "execution.checkpointing.mode": "AT_LEAST_ONCE",
    "execution.checkpointing.max-concurrent-checkpoints": "2",
    "execution.checkpointing.tolerable-failed-checkpoints": "3",
    "execution.checkpointing.externalized-checkpoint-retention": "DELETE_ON_CANCELLATION",
    "state.backend.type": "rocksdb",
    "state.backend": "rocksdb",
    "execution.checkpointing.storage": "jobmanager",
    "state.checkpoint-storage": "jobmanager",
  }),
)("%s: %s, and the job runs with another", (key, value) => {
  expect(overridden({ [key]: value })).toEqual([{ key, by: USER_CODE }]);
});

test("the parallelism, whether it was sent as a field or in the map", () => {
  expect(overridden({}, shown, { parallelism: 3 })).toEqual([{ key: "parallelism.default", by: USER_CODE }]);
  expect(overridden({}, shown)).toEqual([]);
});

describe("where Flink does not say, nothing is said", () => {
  test.each<[string, Record<string, string>, ShownConfiguration]>([
    ["nothing is shown", asShown, {}],
    [
      "periodic checkpoints are off, and what goes with them",
      { ...asShown, "execution.checkpointing.interval": "0" },
      { ...shown, checkpoints: { interval: undefined, mode: "at_least_once" } },
    ],
    ["a batch job", { "execution.checkpointing.interval": "5 s" }, { ...shown, checkpoints: undefined }],
    ["a backend of somebody's own was sent", { "state.backend.type": "com.shop.Backend" }, shown],
    [
      "a backend of somebody's own is shown",
      { "state.backend.type": "rocksdb" },
      { checkpoints: { interval: 1, stateBackend: "ChangelogStateBackend" } },
    ],
    ["a duration that only Flink reads", { "execution.checkpointing.interval": "PT5S" }, shown],
    [
      "the cluster's own restart strategy",
      { "restart-strategy.type": "none" },
      { restartStrategy: "Cluster level default restart strategy" },
    ],
    ["options that Flink shows nowhere", { "pipeline.max-parallelism": "7", "no.such.key": "x" }, shown],
  ])("%s", (_what, configuration, told) => {
    expect(overridden(configuration, told)).toEqual([]);
  });

  test("restart strategies before 2.0", () => {
    const told = { restartStrategy: "Restart deactivated." };
    expect(overridden({ "restart-strategy.type": "fixed-delay" }, told, { version: "1.20.5" })).toEqual([]);
  });
});

test("the code that turned checkpoints off is told of", () => {
  expect(
    overridden({ "execution.checkpointing.interval": "5 s" }, { checkpoints: { interval: undefined } }),
  ).toEqual([{ key: "execution.checkpointing.interval", by: USER_CODE }]);
});

test("under two names only the one that counts", () => {
  const both = { "state.backend.type": "rocksdb", "state.backend": "forst" };
  expect(overridden(both)).toEqual([{ key: "state.backend.type", by: USER_CODE }]);
});

test("only what Flink shows is worth a question", () => {
  const options = optionsOf("1.20.5")!;
  const ask = (configuration: Record<string, string>, parallelism?: number) =>
    isShownByFlink({ parallelism, configuration }, options);
  expect([
    ask({}),
    ask({ "pipeline.max-parallelism": "7" }),
    ask({}, 2),
    ask({ "state.backend": "x" }),
  ]).toEqual([false, false, true, true]);
});

test.each([
  ["10 s", 10_000],
  ["1500", 1_500],
  ["2 d", 172_800_000],
  ["1 ns", 0],
  ["PT1S", undefined],
  ["often", undefined],
])("%s is %s ms", (text, want) => {
  expect(durationMs(text)).toBe(want);
});
