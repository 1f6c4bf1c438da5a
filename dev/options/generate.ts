// `npm run generate:options`: the table of Flink's options, from the option classes of Flink's own JARs.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { declaredOptions } from "./read.ts";
import { optionsReleases } from "./releases.ts";
import { type OptionRow, rowsOf } from "./rows.ts";
import { inputsDigest, tableOf } from "./table.ts";

const target = join(import.meta.dirname, "../../src/flink/options/flink-options.tsv");
const progress = (line: string) => void process.stderr.write(`${line}\n`);

const rows = new Map<string, OptionRow[]>();
for (const release of optionsReleases) {
  const ofMinor = rowsOf(release.minor, await declaredOptions(release, progress));
  rows.set(release.minor, ofMinor);
  progress(`Flink ${release.release}: ${ofMinor.length} options`);
}
const releases = optionsReleases.map(({ release }) => release);
const table = tableOf(rows, releases, await inputsDigest());
await writeFile(target, table);
progress(`Wrote ${target}: ${table.split("\n").length - 1} lines, ${(table.length / 1024).toFixed(0)} KiB`);
