import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { placesOfPrograms } from "./operator.ts";

it("has the files that the Dockerfile names", async () => {
  const dockerfile = await readFile(join(import.meta.dirname, "../../Dockerfile"), "utf8");
  const places = placesOfPrograms(dockerfile);
  expect(places).toMatchObject({
    "operator.mjs": "operator/operator.mjs",
    "gateway.mjs": "operator/gateway.mjs",
    "fetch-jar.mjs": "operator/fetch-jar.mjs",
    "clean-storage.mjs": "operator/clean-storage.mjs",
  });
  expect(Object.keys(places)).toHaveLength(dockerfile.split(" dist/").length - 1);
});
