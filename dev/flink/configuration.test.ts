import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  clusterConfiguration,
  configurationFile,
  taskManagerMebibytes,
  taskManagerResources,
  zooKeeperFile,
} from "./configuration.ts";

const ports = { rest: 1, rpc: 2, blob: 3 };
const shape = { release: "2.3.0", dir: "/d", ports, slots: 4, config: {} };
const durable = {
  "job-result-store.delete-on-commit": "false",
  "application-result-store.delete-on-commit": "false",
};

describe("clusterConfiguration", () => {
  it("binds nothing but the loopback address", () => {
    const config = clusterConfiguration({ ...shape, ports: { ...ports, zooKeeper: 4 } });
    const addresses = Object.keys(config).filter((key) => /address$|host$|quorum$/.test(key));
    expect(addresses).toHaveLength(7);
    for (const key of addresses) expect(config[key]).toMatch(/^127\.0\.0\.1(:4)?$/);
  });

  it("keeps everything in the directory", () => {
    const config = clusterConfiguration({ ...shape, ports: { ...ports, zooKeeper: 4 } });
    expect(Object.values(config).filter((value) => value.includes("/d/"))).toEqual([
      "/d/tmp",
      "/d/upload",
      "file:///d/checkpoints",
      "file:///d/savepoints",
      "file:///d/ha",
    ]);
  });

  it("without ZooKeeper there is no high availability", () =>
    expect(Object.keys(clusterConfiguration(shape)).join()).not.toMatch(/availability|result-store/));

  it("with ZooKeeper finished jobs are remembered, unless asked otherwise", () => {
    const ha = { ...shape, ports: { ...ports, zooKeeper: 4 } };
    expect(clusterConfiguration(ha)).toMatchObject(durable);
    const asked = { ...ha, config: { "job-result-store.delete-on-commit": "true" } };
    expect(clusterConfiguration(asked)).toMatchObject({ ...durable, ...asked.config });
  });

  it.each([
    ["1.17.2", "state.checkpoints.dir", "state.savepoints.dir"],
    ["1.20.5", "execution.checkpointing.dir", "execution.checkpointing.savepoint-dir"],
    ["2.3.0", "execution.checkpointing.dir", "execution.checkpointing.savepoint-dir"],
  ])("%s calls the checkpoint directory %s", (release, checkpoints, savepoints) =>
    expect(clusterConfiguration({ ...shape, release })).toMatchObject({
      [checkpoints]: "file:///d/checkpoints",
      [savepoints]: "file:///d/savepoints",
    }),
  );
});

describe("configurationFile", () => {
  const values = { "rest.port": "8081", "a.b": 'x: "#y"\nz', yes: "true" };

  it("is YAML that gives back the same strings", () => {
    const { name, text } = configurationFile("1.20.5", values);
    expect(name).toBe("config.yaml");
    expect(parse(text)).toEqual(values);
  });

  it("before 1.19 is flink-conf.yaml without quotes", () =>
    expect(configurationFile("1.18.1", { "rest.port": "8081" })).toEqual({
      name: "flink-conf.yaml",
      text: "rest.port: 8081\n",
    }));

  it("before 1.19 refuses a value of several lines, by its key", () =>
    expect(() => configurationFile("1.18.1", values)).toThrow("a.b"));
});

describe("zooKeeperFile", () => {
  it("listens on the loopback address only", () => {
    const text = zooKeeperFile("/d", 4);
    expect(text).toContain("clientPort=4\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n");
  });
});

describe("taskManagerResources", () => {
  it("says all that a TaskManager started without Flink's scripts needs", () => {
    const resources = taskManagerResources(4);
    const keys = resources.filter((argument) => argument !== "-D").map((argument) => argument.split("=")[0]);
    expect(keys).toHaveLength(11);
    expect(resources).toContain("taskmanager.cpu.cores=4.0");
  });

  it("gives more slots more memory", () => {
    expect(taskManagerMebibytes(16).taskHeap).toBeGreaterThan(taskManagerMebibytes(4).taskHeap);
    expect(taskManagerMebibytes(16).network).toBeGreaterThan(taskManagerMebibytes(4).network);
  });
});
