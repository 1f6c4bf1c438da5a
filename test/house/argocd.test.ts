import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { type LuaEngine, LuaFactory } from "wasmoon";
import { parse } from "yaml";

// ArgoCD's own format: these tables are what its test suite would run, and its interpreter has no library for us either.
const group = fileURLToPath(
  new URL("../../manifests/argocd/resource_customizations/flinkjob.dev/", import.meta.url),
);

interface HealthTests {
  tests: { healthStatus: { status: string; message: string }; inputPath: string }[];
}
interface ActionTests {
  discoveryTests: { inputPath: string; result: { name: string; disabled: boolean }[] }[];
  actionTests: { action: string; inputPath: string; expectedOutputPath: string }[];
}

const read = (...path: string[]) => readFileSync(join(group, ...path), "utf8");
const yaml = <Shape>(...path: string[]) => parse(read(...path)) as Shape;

let factory: LuaFactory;
beforeAll(() => {
  factory = new LuaFactory();
});

/** Runs a script on an object, which reaches it as Lua tables, not as a proxy that would forgive more. */
async function run(script: string, object: unknown): Promise<unknown> {
  const engine: LuaEngine = await factory.createEngine({ openStandardLibs: false });
  try {
    return await engine.doString(`obj = ${luaLiteral(object)}\n${script}`);
  } finally {
    engine.global.close();
  }
}

function luaLiteral(value: unknown): string {
  if (value === null || value === undefined) return "nil";
  if (Array.isArray(value)) return `{${value.map(luaLiteral).join(", ")}}`;
  if (typeof value !== "object") return JSON.stringify(value);
  const fields = Object.entries(value).map(
    ([name, field]) => `[${JSON.stringify(name)}] = ${luaLiteral(field)}`,
  );
  return `{${fields.join(", ")}}`;
}

describe.each(["FlinkJob", "FlinkCluster", "FlinkSavepoint"])("health of a %s", (kind) => {
  const script = read(kind, "health.lua");
  const { tests } = yaml<HealthTests>(kind, "health_test.yaml");

  test.each(tests)("$inputPath is $healthStatus.status", async ({ inputPath, healthStatus }) => {
    expect(await run(script, yaml(kind, inputPath))).toEqual(healthStatus);
  });

  test("every test datum is used", () => {
    const used = tests.map(({ inputPath }) => inputPath.replace("testdata/", ""));
    expect(used.sort()).toEqual(readdirSync(join(group, kind, "testdata")).sort());
  });

  test("an object without any status is Progressing, not an error", async () => {
    const object = { metadata: { name: "x", generation: 1 }, spec: {} };
    expect(await run(script, object)).toMatchObject({ status: "Progressing" });
  });
});

describe("actions on a FlinkJob", () => {
  const { discoveryTests, actionTests } = yaml<ActionTests>("FlinkJob", "actions", "action_test.yaml");

  test.each(discoveryTests)("$inputPath offers what it should", async ({ inputPath, result }) => {
    const actions = await run(read("FlinkJob/actions/discovery.lua"), yaml("FlinkJob/actions", inputPath));
    expect(actions).toEqual(Object.fromEntries(result.map(({ name, disabled }) => [name, { disabled }])));
  });

  test.each(actionTests)("$action on $inputPath", async ({ action, inputPath, expectedOutputPath }) => {
    const changed = await run(
      read("FlinkJob/actions", action, "action.lua"),
      yaml("FlinkJob/actions", inputPath),
    );
    expect(changed).toEqual(yaml("FlinkJob/actions", expectedOutputPath));
  });
});
