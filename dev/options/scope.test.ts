import { expect, test } from "vitest";
import { scopeOf } from "./scope.ts";

const flink = "org.apache.flink.";
const scope = (key: string, reader?: string, owner = "configuration.CoreOptions") =>
  scopeOf({
    key,
    owner: flink + owner,
    field: "F",
    type: "String",
    description: "",
    ...(reader !== undefined && { readers: [flink + reader] }),
  });

test.each([
  ["pipeline.name", "streaming.api.graph.StreamGraphGenerator", "job"],
  ["restart-strategy.type", "runtime.executiongraph.failover.RestartBackoffTimeStrategyFactoryLoader", "job"],
  ["state.backend.type", "runtime.state.StateBackendLoader", "job"],
  ["execution.checkpointing.incremental", "contrib.streaming.state.EmbeddedRocksDBStateBackend", "job"],
  [
    "execution.checkpointing.num-retained",
    "runtime.checkpoint.DefaultCompletedCheckpointStoreUtils",
    "cluster",
  ],
  ["no.reader", undefined, "cluster"],
])("%s, read by %s: %s", (key, reader, want) => {
  expect(scope(key, reader)).toBe(want);
});

test("a prefix of the cluster's weighs more than a reader, a named exception more than the prefix", () => {
  expect(scope("rest.port", "streaming.api.environment.StreamExecutionEnvironment")).toBe("cluster");
  expect(scope("metrics.latency.interval", "api.common.ExecutionConfig")).toBe("job");
});

test("owners: state backends and the planner, and the client", () => {
  expect(scope("state.backend.rocksdb.x", undefined, "state.rocksdb.RocksDBOptions")).toBe("job");
  expect(scope("table.exec.x", undefined, "table.api.config.ExecutionConfigOptions")).toBe("job");
  expect(scope("client.timeout", undefined, "client.cli.ClientOptions")).toBe("client");
});

test("what is dangerous is so whoever reads it", () => {
  expect(scope("execution.attached", "client.program.StreamContextEnvironment")).toBe("dangerous");
  expect(scope("$internal.anything", "streaming.api.graph.StreamGraph")).toBe("dangerous");
});
