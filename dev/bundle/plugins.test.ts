import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { optionTable } from "../../src/flink/options/option-table.ts";
import { root } from "./bundle.ts";
import { packOptionTable } from "./plugins.ts";

test("the packed table of Flink's options is the one in src, at a quarter of its size", async () => {
  const { outputFiles } = await build({
    entryPoints: [join(root, "src/flink/options/option-table.ts")],
    plugins: [packOptionTable()],
    bundle: true,
    platform: "node",
    format: "esm",
    write: false,
  });
  const [file] = outputFiles;
  const { optionTable: packed } = (await import(
    `data:text/javascript,${encodeURIComponent(file?.text ?? "")}`
  )) as { optionTable: typeof optionTable };
  expect(packed()).toBe(optionTable());
  expect(file?.text.length).toBeLessThan(optionTable().length / 4);
});
