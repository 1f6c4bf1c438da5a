import { readFileSync } from "node:fs";

/** The table of Flink's options (`npm run generate:options`). The build replaces this file by one that has it inside, packed. */
export function optionTable(): string {
  return readFileSync(new URL("flink-options.tsv", import.meta.url), "utf8");
}
