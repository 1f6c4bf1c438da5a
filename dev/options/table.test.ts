import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OptionCatalogue } from "../../src/core/configuration/catalogue.ts";
import { optionsReleases } from "./releases.ts";
import type { OptionRow } from "./rows.ts";
import { inputsDigest, tableOf } from "./table.ts";

const row = (patch: Partial<OptionRow>): OptionRow => ({
  key: "a.b",
  scope: "job",
  type: "String",
  default: "",
  aliases: "",
  values: "",
  description: "Old.",
  ...patch,
});

test("versions that agree share a row; the newest describes it", () => {
  const table = tableOf(
    new Map([
      ["1.17", [row({}), row({ key: "z" })]],
      ["1.18", [row({ default: "x" })]],
      ["1.19", [row({ description: "New." })]],
      ["2.0", [row({ description: "New." }), row({ key: "z" })]],
    ]),
    ["1.17.2"],
    "digest",
  );
  expect(table.split("\n").slice(3)).toEqual([
    "1.17\t1.18\t1.19\t2.0",
    "a.b\t1.17,1.19-2.0\tjob\tString\t\t\t\tNew.",
    "a.b\t1.18\tjob\tString\tx\t\t\tNew.",
    "z\t1.17,2.0\tjob\tString\t\t\t\tOld.",
    "",
  ]);
  const catalogue = new OptionCatalogue(table);
  expect(catalogue.versionsWith("z")).toEqual(["1.17", "2.0"]);
});

test("the committed table is up to date: npm run generate:options", async () => {
  const table = await readFile(
    join(import.meta.dirname, "../../src/flink/options/flink-options.tsv"),
    "utf8",
  );
  const releases = optionsReleases.map(({ release }) => release).join(" ");
  expect(table.split("\n")[1]).toBe(`# Inputs: ${await inputsDigest()}. Releases: ${releases}.`);
});
