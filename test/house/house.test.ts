import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const src = join(root, "src");

/**
 * Which room may import from which: `api <- core <- ports <- {kube, flink} <- controller, gateway, descriptor, cli <- main`.
 * A room may always import from itself; `types` allows `import type` only.
 */
const arrows: Readonly<
  Record<string, { readonly from: readonly string[]; readonly types?: readonly string[] }>
> = {
  api: { from: [] },
  core: { from: ["api"] },
  ports: { from: ["api", "core"] },
  kube: { from: ["api", "core", "ports"] },
  flink: { from: ["api", "core", "ports"] },
  runtime: { from: ["api"], types: ["kube"] },
  controller: { from: ["api", "core", "ports", "kube", "flink"], types: ["runtime"] },
  gateway: { from: ["api", "core", "ports", "kube", "flink"], types: ["runtime"] },
  descriptor: { from: ["api", "core", "kube", "flink"] },
  cli: { from: ["api", "core", "ports", "kube", "flink"], types: ["runtime"] },
  "gateway-main": { from: ["api", "core", "ports", "kube", "flink", "gateway", "runtime"] },
  "fetch-jar-main": { from: ["flink", "runtime"] },
  "clean-storage-main": { from: ["flink", "runtime"] },
  main: { from: ["api", "core", "ports", "kube", "flink", "controller", "gateway", "cli", "runtime"] },
};

/** The rooms that decide, and so may not know the time, the network or chance, nor any package but zod. */
const pureRooms = ["api", "core"];
const purePackages = /^(zod|yaml|node:(assert|crypto|util))$/;

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** `core/policies/answered.ts` -> `core`; `main.ts` and `ports.ts` are rooms of one file. */
const roomOf = (path: string): string => {
  const first = relative(src, path).split("/")[0] ?? "";
  return first.replace(/\.ts$/, "");
};

function importsOf(text: string): Import[] {
  const statements =
    /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]*?\sfrom\s+)?"([^"\n]+)"|\bimport\(\s*"([^"\n]+)"\s*\)/gm;
  return [...text.matchAll(statements)].map((match) => ({
    specifier: match[2] ?? match[3] ?? "",
    typeOnly: match[1] !== undefined,
    line: text.slice(0, match.index).split("\n").length,
  }));
}

/** Why a file may not import this, or undefined. */
function objection(path: string, { specifier, typeOnly }: Import): string | undefined {
  const room = roomOf(path);
  const isTest = path.endsWith(".test.ts");
  if (!specifier.startsWith(".")) {
    if (isTest || !pureRooms.includes(room) || purePackages.test(specifier)) return undefined;
    return `${room} is pure and may not import "${specifier}"`;
  }
  const target = resolve(dirname(path), specifier);
  if (!specifier.endsWith(".ts")) return `"${specifier}" does not end in .ts`;
  if (isTest && relative(root, target).startsWith("test/support/")) return undefined;
  if (relative(src, target).startsWith("..")) return `"${specifier}" leads out of src`;
  const other = roomOf(target);
  const rule = arrows[room];
  if (!rule) return `no rule says what ${room} may import: add it to the arrows in this test`;
  if (other === room || rule.from.includes(other)) return undefined;
  if (rule.types?.includes(other)) return typeOnly ? undefined : `${room} may import only types of ${other}`;
  return `${room} may not import ${other}`;
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const files = filesBelow(src);
const show = (path: string, line?: number) => relative(root, path) + (line === undefined ? "" : `:${line}`);

describe("the rule itself sees", () => {
  const offence = (path: string, line: string) =>
    importsOf(line).map((each) => objection(join(src, path), each))[0];
  test.each([
    ["core/decide.ts", 'import { Client } from "../kube/client.ts";', "core may not import kube"],
    [
      "core/policies/sending.ts",
      'import type { Rest } from "../../flink/rest.ts";',
      "core may not import flink",
    ],
    [
      "core/decide.ts",
      'import { setTimeout } from "node:timers/promises";',
      'core is pure and may not import "node:timers/promises"',
    ],
    ["kube/client.ts", 'export { Rest } from "../flink/rest.ts";', "kube may not import flink"],
    ["flink/rest.ts", 'const x = await import("../kube/client.ts");', "flink may not import kube"],
    [
      "runtime/metrics.ts",
      'import { systemClock } from "../kube/clock.ts";',
      "runtime may import only types of kube",
    ],
    [
      "api/status.ts",
      'import {\n  decide,\n  type Step,\n} from "../core/decide.ts";',
      "api may not import core",
    ],
    ["kube/client.ts", 'import "./errors";', '"./errors" does not end in .ts'],
    ["kube/client.ts", 'import x from "../../dev/build.ts";', '"../../dev/build.ts" leads out of src'],
    [
      "attic/x.ts",
      'import "../api/status.ts";',
      "no rule says what attic may import: add it to the arrows in this test",
    ],
  ])("%s: %s", (path, line, want) => {
    expect(offence(path, line)).toBe(want);
  });

  test.each([
    ["controller/gather.ts", 'import { Client } from "../kube/client.ts";'],
    ["runtime/metrics.ts", 'import type { Clock } from "../kube/clock.ts";'],
    ["main.ts", 'import { createLogger } from "./runtime/logging.ts";'],
    ["kube/client.ts", 'import { Agent } from "undici";'],
    ["core/decide.test.ts", 'import fc from "fast-check";'],
    ["kube/client.test.ts", 'import { eventually } from "../../test/support/eventually.ts";'],
  ])("nothing wrong in %s: %s", (path, line) => {
    expect(offence(path, line)).toBeUndefined();
  });
});

test("imports follow the arrows", () => {
  const offences = files.flatMap((path) =>
    importsOf(readFileSync(path, "utf8")).flatMap((each) => {
      const reason = objection(path, each);
      return reason ? [`${show(path, each.line)}: ${reason}`] : [];
    }),
  );
  expect(offences).toEqual([]);
});

test("the descriptor knows of Flink what users of the library know: its bundle has none of it inside", () => {
  const offences = files
    .filter((path) => roomOf(path) === "descriptor" && !path.endsWith(".test.ts"))
    .flatMap((path) =>
      importsOf(readFileSync(path, "utf8"))
        .filter(({ specifier }) => roomOf(resolve(dirname(path), specifier)) === "flink")
        .filter(({ specifier }) => specifier !== "../flink/library.ts")
        .map(({ specifier, line }) => `${show(path, line)}: ${specifier}`),
    );
  expect(offences).toEqual([]);
});

test("what decides asks neither clock nor chance nor the process", () => {
  const impure =
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.|\brandomUUID\(|(?<![.\w])process\.[a-z]|\bset(Timeout|Interval)\(/;
  const offences = files
    .filter((path) => pureRooms.includes(roomOf(path)) && !path.endsWith(".test.ts"))
    .flatMap((path) =>
      readFileSync(path, "utf8")
        .split("\n")
        .flatMap((text, index) => (impure.test(text) ? [`${show(path, index + 1)}: ${text.trim()}`] : [])),
    );
  expect(offences).toEqual([]);
});

test("no file of src is longer than 300 lines", () => {
  const lines = (path: string) => readFileSync(path, "utf8").trimEnd().split("\n").length;
  const offences = files
    .filter((path) => lines(path) > 300)
    .map((path) => `${show(path)}: ${lines(path)} lines`);
  expect(offences).toEqual([]);
});

test("files and folders are named after things, in lower kebab case", () => {
  const everyFile = [...files, ...filesBelow(join(root, "dev")), ...filesBelow(join(root, "test"))];
  const names = everyFile.flatMap((path) =>
    relative(root, path)
      .split("/")
      .map((name) => ({ path, name })),
  );
  const offences = names
    .filter(
      ({ name }) =>
        /^(utils?|helpers?|common|misc|shared|stuff)\b/.test(name) ||
        !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name),
    )
    .map(({ path, name }) => `${show(path)}: "${name}"`);
  expect([...new Set(offences)]).toEqual([]);
});

test("unit tests stand beside their source and bear its name", () => {
  const offences = files
    .filter((path) => path.endsWith(".test.ts"))
    .filter((path) => !existsSync(path.replace(/(\.property)?\.test\.ts$/, ".ts")))
    .map((path) => `${show(path)}: there is no ${basename(path).replace(".test.ts", ".ts")} beside it`);
  expect(offences).toEqual([]);
});

test("no test is switched off or alone, and no type is silenced", () => {
  const marks = [
    /\b(test|it|describe)\.(skip|only|todo)\b/,
    /@ts-(ignore|nocheck|expect-error)/,

    /catch (\(\w+\) )?\{\s*\}/,
  ];
  const everyFile = [...files, ...filesBelow(join(root, "dev")), ...filesBelow(join(root, "test"))];
  const self = fileURLToPath(import.meta.url);
  const offences = everyFile
    .filter((path) => path !== self)
    .flatMap((path) =>
      readFileSync(path, "utf8")
        .split("\n")
        .flatMap((text, index) =>
          marks.some((mark) => mark.test(text)) ? [`${show(path, index + 1)}: ${text.trim()}`] : [],
        ),
    );
  expect(offences).toEqual([]);
});
