import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { tieringBudget } from "./http-parser.ts";

/** What V8 says to a flag that is set while it runs. */
function complaint(flag: string): string {
  const code = `require("node:v8").setFlagsFromString(${JSON.stringify(flag)})`;
  return spawnSync(process.execPath, ["-e", code], { encoding: "utf8" }).stderr;
}

test("V8 knows the flag", () => {
  expect(complaint(tieringBudget)).toBe("");
  expect(complaint("--no-such-flag")).toContain("unrecognized flag");
});
