import { describe, expect, test } from "vitest";
import { aDesign } from "../../../test/support/cluster-builders.ts";
import { clusterConfiguration } from "./configuration.ts";

type Options = Record<string, string | number | boolean>;
const configured = (flinkConfiguration: Options, flinkVersion: "1.20" | "2.3" = "2.3") =>
  clusterConfiguration(aDesign({ flinkConfiguration, flinkVersion }));

test("makes the cluster Durable, and a failover short", () => {
  const { entries, report } = configured({});
  expect(entries).toMatchObject({
    "high-availability.type": "kubernetes",
    "high-availability.storageDir": "file:///flink/storage/team-a/orders/ha",
    "high-availability.kubernetes.leader-election.lease-duration": "4 s",
    "job-result-store.delete-on-commit": "false",
    "application-result-store.delete-on-commit": "false",
    "kubernetes.cluster-id": "orders",
    "kubernetes.namespace": "team-a",
    "jobmanager.memory.process.size": `${1600 * 2 ** 20}b`,
  });
  expect(report).toEqual({ ignored: [], overridden: [], layered: [], invalid: [] });
  expect(configured({}, "1.20").entries).not.toHaveProperty("application-result-store.delete-on-commit");
});

test.each([
  [{ uri: "s3://b/flink/" }, "s3://b/flink/team-a/orders/ha", "/flink/upload"],
  [{ hostPath: "/d" }, "file:///flink/storage/team-a/orders/ha", "/flink/storage/team-a/orders/upload"],
])("has a directory of its own in %j", (storage, ha, upload) => {
  const { entries } = clusterConfiguration(aDesign({ storage }));
  expect(entries).toMatchObject({ "high-availability.storageDir": ha, "web.upload.dir": upload });
});

test("shares the directory of its FlinkJob with its other attempts, but for what another attempt could stumble over", () => {
  const storage = { claimName: "flink", directory: "orders.u-1" };
  const shared = "/flink/storage/team-a/orders.u-1";
  expect(clusterConfiguration(aDesign({ storage }, "orders-01ab")).entries).toMatchObject({
    "high-availability.storageDir": `file://${shared}/ha/orders-01ab`,
    "web.upload.dir": `${shared}/upload/orders-01ab`,
    "execution.checkpointing.dir": `file://${shared}/checkpoints`,
    "execution.checkpointing.savepoint-dir": `file://${shared}/savepoints`,
  });
  const application = { jobId: "0".repeat(32), jar: { local: "/opt/flink/usrlib/a.jar" } };
  expect(clusterConfiguration(aDesign({ storage, application }, "orders-01ab")).entries).toMatchObject({
    "high-availability.storageDir": `file://${shared}/ha/${application.jobId}`,
  });
});

describe("the user's options", () => {
  test("of jobs and of clusters are taken; defaults give way, under every name", () => {
    const { entries, report } = configured({
      "parallelism.default": 4,
      "jobmanager.scheduler": "adaptive",
      "state.checkpoints.dir": "s3://mine",
      "high-availability.kubernetes.leader-election.lease-duration": "20 s",
      "s3.endpoint": "http://minio",
    });
    expect(entries).toMatchObject({
      "parallelism.default": "4",
      "jobmanager.scheduler": "adaptive",
      "state.checkpoints.dir": "s3://mine",
      "high-availability.kubernetes.leader-election.lease-duration": "20 s",
      "s3.endpoint": "http://minio",
    });
    expect(entries).not.toHaveProperty("execution.checkpointing.dir");
    expect(report).toEqual({ ignored: [], overridden: [], layered: [], invalid: [] });
  });

  test.each([
    ["rest.port", "operator"],
    ["web.port", "operator"],
    ["high-availability", "operator"],
    ["high-availability.storageDir", "spec.managed.storage"],
    ["high-availability.zookeeper.storageDir", "spec.managed.storage"],
    ["high-availability.cluster-id", "operator"],
    ["job-result-store.delete-on-commit", "operator"],
    ["application-result-store.storage-path", "operator"],
    ["kubernetes.cluster-id", "operator"],
    ["taskmanager.numberOfTaskSlots", "spec.managed.taskManager.slots"],
    ["taskmanager.memory.process.size", "spec.managed.taskManager.resources"],
    ["security.ssl.rest.enabled", "operator"],
  ])("%s loses against %s", (key, by) => {
    const { entries, report } = configured({ [key]: "x" });
    expect(report).toEqual({ ignored: [], overridden: [{ key, by }], layered: [], invalid: [] });
    expect(entries).toEqual(configured({}).entries);
  });

  test.each([
    ["execution.target", "DangerousOption", false],
    ["$internal.pipeline.job-id", "DangerousOption", false],
    ["client.heartbeat.timeout", "ClientOption", false],
    ["my.own.option", "UnknownOption", true],
  ])("%s is told as %s", (key, reason, taken) => {
    const { entries, report } = configured({ [key]: "x" });
    expect(report.ignored).toMatchObject([{ key, reason }]);
    expect(key in entries).toBe(taken);
  });

  test("a misspelt one is told with the right one", () => {
    expect(configured({ "restart-strategy.typ": "none" }).report.ignored).toEqual([
      { key: "restart-strategy.typ", reason: "UnknownOption", suggestion: "restart-strategy.type" },
    ]);
  });

  test("a value that Flink cannot read is told", () => {
    const { report } = configured({ "parallelism.default": "many" });
    expect(report.invalid).toMatchObject([{ key: "parallelism.default" }]);
  });
});
