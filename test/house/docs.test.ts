import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { flinkClusterSpec, flinkClusterStatus } from "../../src/api/flinkcluster.ts";
import { flinkJobSpec } from "../../src/api/flinkjob.ts";
import { flinkSavepointSpec, flinkSavepointStatus } from "../../src/api/flinksavepoint.ts";
import { REASONS } from "../../src/api/reasons.ts";
import { flinkJobStatus } from "../../src/api/status.ts";
import { type StructuralSchema, structuralSchema } from "../../src/api/structural-schema.ts";
import { jobIdOf } from "../../src/core/identity.ts";
import { gatewayOptionTable } from "../../src/runtime/gateway-option-table.ts";
import { flagOf, optionTable } from "../../src/runtime/option-table.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...["docs", "manifests"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(folder, name)),
  ),
].sort();

/** What stands `in backticks`, blocks of code aside. */
const quoted = (text: string) =>
  [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].map(([, words = ""]) => words);
const blocks = (text: string, language: string) =>
  [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, body = ""]) =>
    name === language ? [body] : [],
  );

function withoutBlocks(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, "");
}

interface Field {
  path: string;
  schema: StructuralSchema;
}

/** The fields that hold values: `jar.uri`, not `jar`. A list and a map count as one. */
function fieldsOf({ properties = {} }: StructuralSchema, parent = ""): Field[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = `${parent}${name}`;
    return schema.properties ? fieldsOf(schema, `${path}.`) : [{ path, schema }];
  });
}

const contracts = [
  { page: "docs/flinkjob.md", spec: flinkJobSpec, status: flinkJobStatus },
  { page: "docs/flinkcluster.md", spec: flinkClusterSpec, status: flinkClusterStatus },
  { page: "docs/flinksavepoint.md", spec: flinkSavepointSpec, status: flinkSavepointStatus },
].map(({ page, spec, status }) => ({
  page,
  spec: fieldsOf(structuralSchema(spec)),
  status: fieldsOf(structuralSchema(status)),
}));

describe.each(contracts)("$page", ({ page, spec, status }) => {
  const text = read(page);
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));

  test.each(spec)("has a row for spec.$path, with its default", ({ path, schema }) => {
    const row = rows.find((line) => line.startsWith(`| \`${path}\` |`));
    expect(row, "no row begins with it").toBeDefined();
    if (schema.default !== undefined) expect(row?.split("|")[2]).toContain(String(schema.default));
  });

  test.each(status)("tells status.$path", ({ path }) => {
    const words = quoted(text);
    expect(words.includes(path) || words.includes(path.split(".").at(-1) ?? "")).toBe(true);
  });

  test("names no reason, condition or protection that is none", () => {
    const known = new Set<string>([
      ...Object.keys(REASONS),
      ...["Durable", "RunningJobs", "JobManagerLifetime", "PackagedProgram"],
      ...[...spec, ...status].flatMap(({ schema }) => (schema.enum as string[] | undefined) ?? []),
    ]);
    const compounds = quoted(text).filter((word) => /^([A-Z][a-z]+){2,}$/.test(word));
    expect(compounds.filter((word) => !known.has(word))).toEqual([]);
  });
});

test("docs/errors.md has every reason", () => {
  const rows = [...read("docs/errors.md").matchAll(/^\| `(\w+)` \| \S/gm)].map(([, reason]) => reason);
  expect(rows).toEqual(Object.keys(REASONS));
});

test("the worked example of a JobID is right", () => {
  const text = read("docs/flinkjob.md");
  const uid = /uid=([0-9a-f-]{36})/.exec(text)?.[1] ?? "";
  const jobId = jobIdOf(uid, "g1", 1);
  expect(text).toContain(`job \`${jobId}\``);
  expect(blocks(text, "console").join()).toContain(`${jobId.slice(0, 16)}\n$ printf %s g1/1`);
  expect(blocks(text, "console").join()).toContain(`cut -c1-16\n${jobId.slice(16)}\n`);
});

describe.each(pages)("%s", (page) => {
  const text = read(page);

  test("its links lead somewhere", () => {
    const links = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    const dead = links.filter((target) => !/^https?:/.test(target) && !leadsSomewhere(page, target));
    expect(dead).toEqual([]);
  });

  test("its npm scripts exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/\bnpm (?:run(?: --silent)? ([\w:-]+)|(test)\b)/g)];
    const names = named.map(([, script, short]) => script ?? short ?? "");
    expect(names.filter((name) => !(name in scripts))).toEqual([]);
  });

  test("the paths and flags that it names exist", () => {
    const commands = [...blocks(text, "sh"), ...blocks(text, "console")].join("\n").split(/\s+/);
    const words = [...quoted(text).flatMap((words) => words.split(/\s+/)), ...commands];
    const paths = words.filter((word) => /^(src|dev|test|docs|manifests|crds)\/[\w./-]+$/.test(word));
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const flags = quoted(text).filter((word) => /^--[a-z-]+$/.test(word));
    expect(flags.filter((flag) => !ownFlags.has(flag))).toEqual([]);
  });

  test("its FlinkJobs, FlinkClusters and FlinkSavepoints are what the API accepts", () => {
    for (const document of blocks(text, "yaml").flatMap((body) => parseAllDocuments(body))) {
      expect(document.errors).toEqual([]);
      const { kind, spec } = document.toJS() as { kind?: string; spec?: unknown };
      if (kind === "FlinkJob") flinkJobSpec.strict().parse(spec);
      if (kind === "FlinkCluster") flinkClusterSpec.strict().parse(spec);
      if (kind === "FlinkSavepoint") flinkSavepointSpec.strict().parse(spec);
    }
  });
});

/** The operator's, the gateway's, and those of the scripts in dev/ and test/. */
const ownFlags = new Set([
  ...Object.keys({ ...optionTable, ...gatewayOptionTable }).map(flagOf),
  ...[
    "--once",
    "--json",
    "--scene",
    "--kube",
    "--ha",
    "--version",
    "--config",
    "--check",
    "--unit",
    "--context",
  ],
  ...["--mutants", "--schedules", "--seed", "--depth", "--all", "--real"],
]);

function leadsSomewhere(page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : relative(root, join(root, dirname(page), path));
  if (!existsSync(join(root, file))) return false;
  return anchor === undefined || anchorsOf(read(file)).includes(anchor);
}

/** The anchors that a page gets on GitHub. */
function anchorsOf(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

test.each([
  ["README.md", "docs/demo.svg"],
  ["docs/guarantees.md", "docs/race.svg"],
])("the picture in %s is one of a demo that saw everything", (page, picture) => {
  expect(read(page)).toContain(`](${relative(dirname(page), picture)})`);
  expect(read(picture)).toContain(">All of it was observed.</text>");
});

test("each decision has a number of its own, in its name and in its title, and the README leads to it", () => {
  const names = readdirSync(join(root, "docs", "decisions")).sort();
  const titles = names.map((name) => read(`docs/decisions/${name}`).match(/^# (\d+)\. /)?.[1]);
  expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_, index) => index + 1));
  expect(titles).toEqual(names.map((_, index) => String(index + 1)));
  const readme = read("README.md");
  expect(names.filter((name) => !readme.includes(`(docs/decisions/${name})`))).toEqual([]);
});
