import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { TABLE_COLUMNS } from "../../src/core/configuration/catalogue.ts";
import { digest } from "../machine/digest.ts";
import { javaSources } from "./read.ts";
import type { OptionRow } from "./rows.ts";

const inputs = ["pom.xml", "releases.ts", "rows.ts", "families.ts", "scope.ts", "table.ts"];

/** Names everything that the table is made from, JARs of a fixed release aside: they do not change. */
export async function inputsDigest(): Promise<string> {
  const texts = await Promise.all(inputs.map((name) => readFile(join(import.meta.dirname, name), "utf8")));
  const java = await javaSources();
  return digest(...texts, ...java.map(({ text }) => text));
}

/** The table: one row for each option and each way in which versions have it. The newest version describes it. */
export function tableOf(
  rows: ReadonlyMap<string, readonly OptionRow[]>,
  releases: readonly string[],
  inputsName: string,
): string {
  const minors = [...rows.keys()];
  const descriptions = new Map<string, string>();
  const variants = new Map<string, { row: OptionRow; versions: Set<string> }>();
  for (const [minor, ofMinor] of rows) {
    for (const row of ofMinor) {
      descriptions.set(row.key, row.description);
      const { description: _, ...same } = row;
      const name = JSON.stringify(same);
      const variant = variants.get(name) ?? { row, versions: new Set() };
      variant.versions.add(minor);
      variants.set(name, variant);
    }
  }
  const lines = [...variants.values()]
    .map(({ row, versions }) => ({
      ...row,
      versions: ranges(minors, versions),
      description: descriptions.get(row.key) ?? "",
    }))
    .sort(
      (a, b) =>
        compare(a.key, b.key) || minors.indexOf(first(a.versions)) - minors.indexOf(first(b.versions)),
    )
    .map((row) =>
      TABLE_COLUMNS.map((column) => row[column])
        .join("\t")
        .trimEnd(),
    );
  return [
    "# Made from Flink's JARs by `npm run generate:options`. Do not edit.",
    `# Inputs: ${inputsName}. Releases: ${releases.join(" ")}.`,
    `# ${TABLE_COLUMNS.join(", ")}`,
    minors.join("\t"),
    ...lines,
    "",
  ].join("\n");
}

function ranges(minors: readonly string[], having: ReadonlySet<string>): string {
  const parts: string[] = [];
  let start: string | undefined;
  minors.forEach((minor, index) => {
    if (!having.has(minor)) return;
    start ??= minor;
    const next = minors[index + 1];
    if (next !== undefined && having.has(next)) return;
    parts.push(start === minor ? minor : `${start}-${minor}`);
    start = undefined;
  });
  return parts.join(",");
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const first = (versions: string) => versions.split(/[-,]/)[0] ?? "";
