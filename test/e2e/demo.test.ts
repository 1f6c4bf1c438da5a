import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

// The only test of the bundle itself: what the demo runs is dist/operator.mjs, as the image does.
test("the demo tells its whole story, with the bundled operator", async () => {
  const { stdout } = await run(process.execPath, ["dev/demo.ts", "--once", "--json"], { cwd: root });
  const told = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(told.filter(({ kind }) => kind === "missed")).toEqual([]);
  expect(told.filter(({ kind }) => kind === "seen")).toHaveLength(5);
  expect(told.at(-1)).toMatchObject({ kind: "end", complete: true });
  const triggers = told.filter(({ kind }) => kind === "state").map(({ trigger }) => trigger);
  expect(triggers).toContain("pending");
  expect(triggers).toContain("running");
});
