import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { API_VERSION } from "../../src/api/group.ts";
import type { StructuralSchema } from "../../src/api/structural-schema.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import { testKubeconfig } from "../support/world.ts";

interface Crd {
  spec: {
    names: { plural: string };
    versions: [
      {
        subresources: Readonly<Record<string, object>>;
        schema: { openAPIV3Schema: StructuralSchema };
      },
    ];
  };
}
interface Field {
  path: string;
  schema: StructuralSchema;
}

const folder = fileURLToPath(new URL("../../crds", import.meta.url));
const crds = Object.entries(customResourceDefinitions() as unknown as Record<string, Crd>).map(
  ([file, crd]) => {
    const [version] = crd.spec.versions;
    return { file, version, plural: crd.spec.names.plural, schema: version.schema.openAPIV3Schema };
  },
);

/** Every named field below a node, with the path that `kubectl explain` takes. */
function fields(schema: StructuralSchema, path: string): Field[] {
  const properties = Object.entries(schema.properties ?? {}).filter(
    ([name]) => path.includes(".") || name === "spec" || name === "status",
  );
  const own = properties.flatMap(([name, child]) => [
    { path: `${path}.${name}`, schema: child },
    ...fields(child, `${path}.${name}`),
  ]);
  return schema.items ? [...own, ...fields(schema.items, path)] : own;
}

describe.each(crds)("$file", ({ file, version, plural, schema }) => {
  test("is small enough for client-side apply, and applies", async () => {
    const text = await readFile(`${folder}/${file}`, "utf8");
    expect(Buffer.byteLength(text)).toBeLessThan(64 * 1024);
    // Client-side apply keeps a copy in an annotation, which may have 256 KiB.
    expect(await run(["apply", "--server-side=false", "-f", `${folder}/${file}`])).toMatch(
      /created|configured|unchanged/,
    );
  });

  test("says what every field is for", () => {
    const silent = fields(schema, plural).filter(({ schema }) => !schema.description);
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test("is explained by kubectl, field by field", async () => {
    const paths = fields(schema, plural).filter(({ path }) => path.startsWith(`${plural}.spec`));
    const words = (text: string) => text.replace(/\s+/g, " ");
    // The API server publishes a changed schema a moment after it serves it.
    const explain = async ({ path, schema }: Field) =>
      expect(words(await run(["explain", path]))).toContain(
        `DESCRIPTION: ${words(schema.description ?? "?")}`,
      );
    for (const field of paths) await eventually(() => explain(field), 20_000, 200);
  });

  test("has rules whose messages name the field", () => {
    const rules = fields(schema, plural).flatMap(({ path, schema }) =>
      ((schema["x-kubernetes-validations"] ?? []) as { rule: string; message: string }[]).map((rule) => ({
        path,
        ...rule,
      })),
    );
    if (file === "flinkjobs.yaml") expect(rules.length).toBeGreaterThan(3);
    for (const { path, message } of rules) expect(message).toContain(path.replace(`${plural}.`, ""));
  });

  test("defaults to a status that nobody has observed", () => {
    expect(schema.properties?.status).toMatchObject({ default: { observedGeneration: -1 } });
    expect(version.subresources).toMatchObject({ status: {} });
  });
});

test("FlinkJobs alone are scaled: by their parallelism", () => {
  const scaled = crds.map(({ plural, version }) => [plural, Object.keys(version.subresources)]);
  expect(Object.fromEntries(scaled)).toEqual({
    flinkclusters: ["status"],
    flinkjobs: ["status", "scale"],
    flinksavepoints: ["status"],
  });
  const { scale } = crds.find(({ plural }) => plural === "flinkjobs")!.version.subresources;
  expect(scale).toEqual({
    specReplicasPath: ".spec.parallelism",
    statusReplicasPath: ".status.trigger.parallelism",
  });
});

const ready = {
  type: "Ready",
  status: "False",
  lastTransitionTime: "2026-01-01T00:00:00Z",
  reason: "Why",
  message: "In words",
};
const trigger = {
  ...{ id: "g1", state: "pending", jobId: "0".repeat(32), attempt: 1, generation: 1, runHash: "0" },
  ...{ sends: 0, tries: 0, requestedAt: "2026-01-01T00:00:00Z" },
};

test.each([
  {
    kind: "FlinkJob",
    shortName: "fj",
    spec: { cluster: { name: "nowhere" }, jar: { id: "a.jar" } },
    status: {
      cluster: "nowhere",
      trigger,
      job: { id: trigger.jobId, state: "RESTARTING" },
      restorePoint: { jobId: trigger.jobId, kind: "savepoint", takenAt: ready.lastTransitionTime },
      conditions: [ready],
    },
    usual: ["NAME columns", "CLUSTER nowhere", "TRIGGER pending", "JOB RESTARTING", "READY False"],
    wide: [`JOB-ID ${trigger.jobId}`, "REASON Why", "MESSAGE In words", "RESTORE-POINT"],
  },
  {
    kind: "FlinkCluster",
    shortName: "fc",
    spec: { url: "http://nowhere.invalid:8081" },
    status: {
      url: "http://nowhere.invalid:8081",
      flinkVersion: "2.3.0",
      protection: "Durable",
      conditions: [ready],
    },
    usual: [
      "NAME columns",
      "URL http://nowhere.invalid:8081",
      "VERSION 2.3.0",
      "PROTECTION Durable",
      "READY False",
    ],
    wide: ["MESSAGE In words"],
  },
  {
    kind: "FlinkSavepoint",
    shortName: "fsp",
    spec: { job: { name: "nowhere" } },
    status: { state: "completed", path: "s3://b/savepoint-1", reason: "Why", message: "In words" },
    usual: ["NAME columns", "JOB nowhere", "STATE completed", "PATH s3://b/savepoint-1"],
    wide: ["REASON Why", "MESSAGE In words"],
  },
])("a $kind is told in one line", async ({ kind, shortName, spec, status, usual, wide }) => {
  const object = { apiVersion: API_VERSION, kind, metadata: { name: "columns" }, spec };
  await run(["apply", "-f", "-"], JSON.stringify(object));
  try {
    const patch = ["patch", shortName, "columns", "--subresource=status", "--type=merge", "-p"];
    await run([...patch, JSON.stringify({ status })]);
    expect(table(await run(["get", shortName, "columns"]))).toEqual([...usual, "AGE"]);
    expect(table(await run(["get", shortName, "columns", "-o", "wide"]))).toEqual([...usual, "AGE", ...wide]);
    expect(await run(["get", "all,flink", "-o", "name"])).toContain("/columns");
  } finally {
    await run(["delete", shortName, "columns", "--wait=false"]);
  }
});

const ages = ["AGE", "RESTORE-POINT"];

/** The cells of kubectl's one row, each behind its heading; ages vary. */
function table(text: string): string[] {
  const [headings = [], row = []] = text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));
  return headings.map((heading, n) =>
    row[n] && ages.includes(heading.trim()) ? heading.trim() : `${heading.trim()} ${row[n]?.trim()}`,
  );
}

async function run(args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await kubectl({
    kubeconfig: testKubeconfig(),
    namespace: "default",
    args,
    input,
  });
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${stderr}`);
  return stdout;
}

test("a FlinkSavepoint cannot be changed, but for what happens to its files", async () => {
  const apply = (spec: object) =>
    kubectl({
      kubeconfig: testKubeconfig(),
      namespace: "default",
      args: ["apply", "-f", "-"],
      input: JSON.stringify({
        apiVersion: API_VERSION,
        kind: "FlinkSavepoint",
        metadata: { name: "fixed" },
        spec: { job: { name: "nowhere" }, directory: "s3://b/savepoints", ...spec },
      }),
    });
  try {
    expect(await apply({})).toMatchObject({ code: 0 });
    expect(await apply({ disposeOnDelete: true })).toMatchObject({ code: 0 });
    for (const change of [
      { job: { name: "other" } },
      { directory: "s3://other" },
      { directory: undefined },
      { formatType: "NATIVE" },
      { directory: undefined, alreadyExists: { path: "/a" } },
      { backoffLimit: 1 },
    ]) {
      const { code, stderr } = await apply(change);
      expect(code).toBe(1);
      expect(stderr).toContain("spec cannot be changed, but for spec.disposeOnDelete");
    }
  } finally {
    await run(["delete", "fsp", "fixed", "--wait=false"]);
  }
});
