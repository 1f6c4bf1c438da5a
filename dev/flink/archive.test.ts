import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { classArchive, keepRecording } from "./archive.ts";

let archives: string;
const home = () => {
  const classPath = ["a.jar", "b.jar"].map((name) => join(archives, name)).join(":");
  return { release: "2.3.0", directory: archives, classPath, archives };
};

beforeEach(async () => {
  archives = await mkdtemp(join(tmpdir(), "flinkjob-archive-"));
  for (const name of ["a.jar", "b.jar"]) await changed(name, 100);
});
afterEach(() => rm(archives, { recursive: true }));

async function changed(name: string, seconds: number): Promise<void> {
  const path = join(archives, name);
  await writeFile(path, "");
  await utimes(path, seconds, seconds);
}

test("the first JVM of a role records, and the next ones use what it has left", async () => {
  const first = await classArchive(home(), "jobmanager");
  expect(first.flags[0]).toBe(`-XX:ArchiveClassesAtExit=${first.recording}`);
  await writeFile(first.recording ?? "", "");
  await keepRecording(home(), "jobmanager", first.recording ?? "");
  const { flags, recording } = await classArchive(home(), "jobmanager");
  expect(flags[0]).toBe(`-XX:SharedArchiveFile=${archives}/jobmanager.jsa`);
  expect(recording).toBeUndefined();
  expect((await classArchive(home(), "taskmanager")).recording).toMatch(/taskmanager\.[0-9a-f]{8}\.tmp$/);
});

test.each([
  ["a JAR that is newer", "b.jar", 201, true],
  ["a JAR of the same moment", "b.jar", 200, false],
])("%s", async (_, name, seconds, again) => {
  await changed("taskmanager.jsa", 200);
  await changed(name, seconds);
  const { recording } = await classArchive(home(), "taskmanager");
  expect(recording !== undefined).toBe(again);
});

test("a JAR that is gone: recorded anew", async () => {
  await changed("taskmanager.jsa", 200);
  await rm(join(archives, "a.jar"));
  expect((await classArchive(home(), "taskmanager")).recording).toMatch(/\.tmp$/);
});
