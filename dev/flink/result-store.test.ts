import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { freezeBetweenResults, hasEmptyResult } from "./result-store.ts";

let ha: string;
beforeEach(async () => {
  ha = await mkdtemp(join(tmpdir(), "flinkjob-ha-"));
});
afterEach(() => rm(ha, { recursive: true }));

async function file(path: string, content: string): Promise<string> {
  const name = join(ha, path);
  await mkdir(join(name, ".."), { recursive: true });
  await writeFile(name, content);
  return name;
}

test.each([
  ["of a job", "job-result-store/local/0123_DIRTY.json", "", true],
  ["of an application", "application-result-store/local/0123.json", "", true],
  ["that is whole", "job-result-store/local/0123.json", "{}", false],
  ["elsewhere", "local/blob/empty", "", false],
])("an empty result %s is seen", async (_, path, content, expected) => {
  await file(path, content);
  expect(await hasEmptyResult(ha)).toBe(expected);
});

test("without any results there is none", async () => {
  expect(await hasEmptyResult(join(ha, "missing"))).toBe(false);
});

const stateOf = async (pid: number) => (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.[0];

test.runIf(process.platform === "linux")("a process is frozen once its result is whole", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  try {
    const pid = child.pid ?? 0;
    const begun = await file("job-result-store/local/0123.json", "");
    let frozen = false;
    const freezing = freezeBetweenResults(pid, ha).then(() => {
      frozen = true;
    });
    // It runs again after each look, or it could never write.
    await eventually(async () => (await stateOf(pid)) === "S");
    expect(frozen).toBe(false);
    await writeFile(begun, "{}");
    await freezing;
    await eventually(async () => (await stateOf(pid)) === "T");
  } finally {
    child.kill("SIGKILL");
  }
});
