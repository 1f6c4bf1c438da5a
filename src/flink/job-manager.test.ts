import { describe, expect, test } from "vitest";
import { describeJobManager, minorOf } from "./job-manager.ts";

const uuid = "960cae7a-65b0-4d0e-925b-0b2eff61966b";
const info = (version: string, options: Record<string, string> = {}) =>
  describeJobManager(
    version,
    true,
    new Map(Object.entries({ "web.tmpdir": `/tmp/flink-web-${uuid}`, ...options })),
  );
const keepJobs = { "job-result-store.delete-on-commit": "false" };
const keepApplications = { "application-result-store.delete-on-commit": "false" };
const zookeeper = { "high-availability.type": "zookeeper" };

describe("protection", () => {
  test.each([
    ["1.20.5", {}, "JobManagerLifetime"],
    ["1.20.5", { ...keepJobs }, "JobManagerLifetime"],
    ["1.20.5", { "high-availability.type": "NONE", ...keepJobs }, "JobManagerLifetime"],
    ["1.20.5", { ...zookeeper }, "RunningJobs"],
    ["1.20.5", { ...zookeeper, ...keepJobs }, "Durable"],
    ["1.20.5", { "high-availability": "ZOOKEEPER", ...keepJobs }, "Durable"],
    ["1.20.5", { "high-availability.type": "org.example.MyHaFactory", ...keepJobs }, "Durable"],
    ["1.20.5", { ...zookeeper, "job-result-store.delete-on-commit": "FALSE" }, "Durable"],
    ["2.2.1", { ...zookeeper, ...keepJobs }, "Durable"],
    ["2.3.0", { ...zookeeper, ...keepJobs }, "RunningJobs"],
    ["2.3.0", { ...zookeeper, ...keepApplications }, "RunningJobs"],
    ["2.3.0", { ...zookeeper, ...keepJobs, ...keepApplications }, "Durable"],
  ])("%s %j: %s", (version, options, want) => {
    expect(info(version, options).protection).toBe(want);
  });
});

test("the incarnation is the UUID at the end of web.tmpdir, whatever stands before it", () => {
  expect(info("2.3.0")).toMatchObject({ incarnation: uuid, incarnationMissing: undefined });
  const elsewhere = { "web.tmpdir": `/flink-web-0/x/flink-web-${uuid}` };
  expect(info("2.3.0", elsewhere).incarnation).toBe(uuid);
});

test("without it, why", () => {
  expect(info("2.3.0", { "web.tmpdir": "/opt/web" })).toMatchObject({
    incarnation: undefined,
    incarnationMissing: "web.tmpdir does not end in flink-web-<uuid>: /opt/web",
  });
  expect(describeJobManager("2.3.0", true, new Map()).incarnationMissing).toMatch(/no web\.tmpdir/);
});

test("what a version can", () => {
  expect(info("1.16.3")).toMatchObject({ supportsFlinkConfiguration: false, supportsRunApplication: false });
  expect(info("1.17.1")).toMatchObject({ supportsFlinkConfiguration: true, supportsRunApplication: false });
  expect(info("2.3.0")).toMatchObject({ supportsFlinkConfiguration: true, supportsRunApplication: true });
  expect(minorOf("2.3-SNAPSHOT")).toEqual([2, 3]);
  expect(minorOf("2.10.0")).toEqual([2, 10]);
  expect(minorOf("<unknown>")).toEqual([0, 0]);
});

test.each([
  ["1.17.2", { "jobmanager.scheduler": "adaptive" }, false],
  ["1.18.1", { "jobmanager.scheduler": "adaptive" }, true],
  ["2.3.0", { "jobmanager.scheduler": "ADAPTIVE" }, true],
  ["2.3.0", { "jobmanager.scheduler": "AdaptiveBatch" }, false],
  ["2.3.0", { "jobmanager.scheduler": "Default" }, false],
  ["2.3.0", {}, false],
  ["2.3.0", { "jobmanager.scheduler": "adaptive", "scheduler-mode": "reactive" }, false],
  ["2.3.0", { "scheduler-mode": "REACTIVE" }, false],
])("whether its jobs can be scaled: %s %j: %s", (version, options, want) => {
  expect(info(version, options).supportsRescaling).toBe(want);
});

test("options of the cluster", () => {
  expect(info("2.3.0")).toMatchObject({
    jobStoreExpirationMs: 3_600_000,
    parallelismDefault: 1,
    programConfigEnabled: true,
    interceptsSystemExit: false,
    keepsUploadedJars: false,
  });
  const set = {
    "jobstore.expiration-time": "5",
    "parallelism.default": "4",
    "execution.allow-client-job-configurations": "false",
    "cluster.intercept-user-system-exit": "THROW",
    "web.upload.dir": "/upload",
  };
  expect(info("2.3.0", set)).toMatchObject({
    jobStoreExpirationMs: 5000,
    parallelismDefault: 4,
    programConfigEnabled: false,
    interceptsSystemExit: true,
    keepsUploadedJars: true,
  });
});
