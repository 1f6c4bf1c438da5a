import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { API_VERSION } from "../../src/api/group.ts";
import { eventually } from "../support/eventually.ts";
import { World } from "../support/world.ts";

// The optional policy on a real API server: kubectl prints its warnings, and nothing is ever refused.

const manifest = fileURLToPath(
  new URL("../../manifests/admission/flink-configuration.yaml", import.meta.url),
);
let world: World;

beforeAll(async () => {
  world = await World.open("admission");
  expect((await world.kubectl(["apply", "-f", manifest])).stderr).toBe("");
  world.onClose(() => world.kubectl(["delete", "-f", manifest]));
  await eventually(async () => (await dryRun({ "jobmanager.rpc.port": 1 })).stderr !== "", 30_000, 200);
});
afterAll(() => world.close());

function dryRun(flinkConfiguration: Record<string, string | number> | undefined) {
  const spec = { cluster: { url: "http://flink.invalid:8081" }, jar: { id: "a.jar" }, flinkConfiguration };
  const job = { apiVersion: API_VERSION, kind: "FlinkJob", metadata: { name: "orders" }, spec };
  return world.apply([job], "--dry-run=server");
}

test("options of the cluster and dangerous ones are warned of by name, and let through", async () => {
  const printed = await dryRun({
    "jobmanager.rpc.port": 8081,
    "taskmanager.numberOfTaskSlots": 4,
    "execution.checkpointing.num-retained": 3,
    "s3.access-key": "hunter2",
    "$internal.pipeline.job-id": "0".repeat(32),
    "state.checkpoints.dir": "s3://b/c",
  });
  expect(printed.code).toBe(0);
  const warnings = printed.stderr.split("\n").filter((line) => line.startsWith("Warning: "));
  expect(warnings).toHaveLength(2);
  for (const key of ["jobmanager.rpc.port", "taskmanager.numberOfTaskSlots", "num-retained", "s3.access-key"])
    expect(warnings[0]).toContain(key);
  expect(warnings[0]).not.toMatch(/state\.checkpoints\.dir|hunter2|internal/);
  expect(warnings[1]).toContain("$internal.pipeline.job-id");
});

test.each([
  [undefined],
  [{}],
  [
    {
      "execution.checkpointing.interval": "10 s",
      "metrics.latency.interval": "1 s",
      "pipeline.name": "orders",
    },
  ],
])("nothing is said of %j", async (map) => {
  expect(await dryRun(map)).toMatchObject({ code: 0, stderr: "" });
});

test("the largest map stays within the API server's budget for expressions", async () => {
  const key = (n: number) => `execution.checkpointing.${"x".repeat(60)}.${n}`;
  const map = Object.fromEntries(Array.from({ length: 255 }, (_, n) => [key(n), "1"]));
  const printed = await dryRun({ ...map, "yarn.x": 1 });
  expect(printed.code).toBe(0);
  expect(printed.stderr).toContain("yarn.x: settled when the cluster starts");
  const many = Object.fromEntries(
    Array.from({ length: 256 }, (_, n) => [`yarn.${"x".repeat(60)}.${n}`, "1"]),
  );
  const long = await dryRun(many);
  expect(long.code).toBe(0);
  expect(long.stderr).toContain("spec.flinkConfiguration");
});
