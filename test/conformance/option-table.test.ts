import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { declaredOptions } from "../../dev/options/read.ts";
import { optionsReleases } from "../../dev/options/releases.ts";
import { rowsOf } from "../../dev/options/rows.ts";
import { TABLE_COLUMNS } from "../../src/core/configuration/catalogue.ts";

// The committed table against the JARs of the two versions whose JARs the other tests need as well.

const columns = TABLE_COLUMNS.filter((name) => name !== "versions" && name !== "description");

test.each(optionsReleases.filter(({ minor }) => minor === "1.20" || minor === "2.3"))(
  "the table holds what the JARs of Flink $release declare",
  async (release) => {
    const declared = rowsOf(release.minor, await declaredOptions(release));
    const want = declared.map((row) => columns.map((name) => row[name]).join("\t"));
    expect(await committed(release.minor)).toEqual(want);
  },
);

async function committed(minor: string): Promise<string[]> {
  const path = join(import.meta.dirname, "../../src/flink/options/flink-options.tsv");
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line && !line.startsWith("#"));
  const minors = lines[0]?.split("\t") ?? [];
  const at = minors.indexOf(minor);
  const includes = (versions: string) =>
    versions.split(",").some((range) => {
      const [from = "", to = from] = range.split("-");
      return minors.indexOf(from) <= at && at <= minors.indexOf(to);
    });
  return lines
    .slice(1)
    .map((line) => line.split("\t"))
    .filter(([, versions = ""]) => includes(versions))
    .map((cells) => columns.map((name) => cells[TABLE_COLUMNS.indexOf(name)] ?? "").join("\t"));
}
