import { describe, expect, test } from "vitest";
import { lazyOptions } from "./option-catalogue.ts";

const options = lazyOptions();
const scopeOf = (key: string, release = "2.3.0") => options(release)?.find(key)?.option.scope;

test("every minor version that takes flinkConfiguration is there", () => {
  const versions = ["1.17", "1.18", "1.19", "1.20", "2.0", "2.1", "2.2", "2.3"];
  expect(options("2.3.0")?.catalogue.versions).toEqual(versions);
  for (const version of versions) expect(options(`${version}.0`)?.names().length).toBeGreaterThan(600);
});

test("the table is read once", () => {
  expect(options("2.3.0")).toBe(options("2.3.1"));
});

describe("scopes", () => {
  test.each([
    ["execution.checkpointing.interval", "job"],
    ["state.backend.rocksdb.memory.managed", "job"],
    ["table.exec.state.ttl", "job"],
    ["restart-strategy.fixed-delay.attempts", "job"],
    ["pipeline.global-job-parameters.topic", "job"],
    ["metrics.latency.interval", "job"],
    ["jobmanager.rpc.port", "cluster"],
    ["taskmanager.numberOfTaskSlots", "cluster"],
    ["high-availability.storageDir", "cluster"],
    ["metrics.reporter.prom.factory.class", "cluster"],
    ["s3.access-key", "cluster"],
    ["client.timeout", "job"],
    ["client.heartbeat.interval", "client"],
    ["$internal.pipeline.job-id", "dangerous"],
    ["high-availability.cluster-id", "dangerous"],
    ["execution.attached", "dangerous"],
    ["pipeline.jars", "dangerous"],
  ])("%s: %s", (key, want) => {
    expect(scopeOf(key)).toBe(want);
  });

  test("may differ between versions: only the Dispatcher read it first, then main() as well", () => {
    expect(scopeOf("pipeline.jobvertex-parallelism-overrides", "1.17.2")).toBe("cluster");
    expect(scopeOf("pipeline.jobvertex-parallelism-overrides", "1.20.5")).toBe("job");
  });
});

test("former names lead to today's, whether declared of their own or not", () => {
  const keyOf = (name: string, release: string) => options(release)?.find(name)?.option.key;
  expect(keyOf("state.checkpoints.dir", "2.3.0")).toBe("execution.checkpointing.dir");
  expect(keyOf("state.checkpoints.dir", "1.19.3")).toBe("state.checkpoints.dir");
  expect(keyOf("execution.savepoint.path", "1.20.5")).toBe("execution.state-recovery.path");
  expect(keyOf("state.backend", "2.3.0")).toBe("state.backend.type");
});

test("no row is broken", () => {
  const types = /^(String|Integer|Long|Float|Double|Boolean|Duration|MemorySize|Enum|Map|Any)$/;
  for (const version of options("2.3.0")?.catalogue.versions ?? []) {
    for (const name of options(`${version}.0`)?.names() ?? []) {
      const option = options(`${version}.0`)?.find(name)?.option;
      expect(option?.type).toMatch(types);
      expect(option?.scope).toMatch(/^(job|cluster|client|dangerous)$/);
      expect(option?.type === "Enum", name).toBe((option?.values.length ?? 0) > 0);
      expect(name).toMatch(/^\S+$/);
    }
  }
});
