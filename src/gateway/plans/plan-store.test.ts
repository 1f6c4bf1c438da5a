import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type PlanKey, PlanStore } from "./plan-store.ts";

let directory: string;
let store: PlanStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "flinkjob-plan-store-"));
  store = await PlanStore.open({ directory, space: 100 });
});
afterEach(() => rm(directory, { recursive: true }));

const file = `flink-executionPlan-${"ab".repeat(16)}42.bin`;
const key: PlanKey = { namespace: "team-a", file };

async function keep(text: string, under = key): Promise<void> {
  await using arriving = await store.begin();
  await arriving.write(Buffer.from(text));
  await arriving.keep(under);
}

async function content(of = key): Promise<string | undefined> {
  const plan = await store.read(of);
  if (plan === undefined) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of plan.content) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks)).toHaveLength(plan.size);
  return Buffer.concat(chunks).toString();
}

test("a plan is kept under its own name in its namespace, and what is there stays as it is", async () => {
  await keep("one");
  await keep("two");
  await keep("three", { ...key, namespace: "team" });
  expect(await content()).toBe("one");
  expect((await readdir(directory)).sort()).toEqual([`team-a.${file}`, `team.${file}`]);
  // Another gateway on the same volume.
  expect(await (await PlanStore.open({ directory, space: 100 })).has(key)).toBe(true);
  await store.discard(key);
  await store.discard(key);
  expect(await content()).toBeUndefined();
});

test("what was put there is taken back, unless the same came once more meanwhile", async () => {
  const brought = async (again: boolean) => {
    await using arriving = await store.begin();
    await arriving.write(Buffer.from("one"));
    await arriving.keep(key);
    if (again) await keep("two");
    await arriving.takeBack();
  };
  await brought(false);
  expect(await content()).toBeUndefined();
  await brought(true);
  expect(await content()).toBe("one");
  // It was there before: nothing of this request is to be taken back.
  await brought(false);
  expect(await content()).toBe("one");
});

test("what came again is as new", async () => {
  await keep("one");
  const minuteAgo = Date.now() - 60_000;
  await utimes(join(directory, `team-a.${file}`), 0, 0);
  await keep("two");
  expect(await store.keptBefore(minuteAgo)).toEqual([]);
  await store.discard(key, minuteAgo);
  expect(await content()).toBe("one");
  await store.discard(key, Date.now() + 60_000);
  expect(await content()).toBeUndefined();
});

test("one that breaks off leaves nothing", async () => {
  const breaks = async () => {
    await using arriving = await store.begin();
    await arriving.write(Buffer.from("half"));
    throw new Error("the client has gone");
  };
  await expect(breaks()).rejects.toThrow("the client has gone");
  expect(await readdir(directory)).toEqual([]);
});

test.each([
  { namespace: "team/..", file },
  { namespace: "..", file },
  { namespace: "", file },
  { namespace: "Team", file },
  { namespace: "team", file: "../../etc/passwd" },
  { namespace: "team", file: `x/${file}` },
  { namespace: "team", file: `${file}\0` },
  { namespace: "team.x", file },
])("a key that is no key becomes no path: %j", async (wrong) => {
  await expect(store.read(wrong)).rejects.toThrow(TypeError);
  await expect(store.discard(wrong)).rejects.toThrow(TypeError);
  await expect(keep("x", wrong)).rejects.toThrow(TypeError);
  expect(await readdir(directory)).toEqual([]);
});

test("its space is bounded, with what is still coming in", async () => {
  await keep("x".repeat(60));
  await using arriving = await store.begin();
  await arriving.write(Buffer.alloc(40));
  await expect(store.begin()).rejects.toMatchObject({ code: "Busy" });
  await store.discard(key);
  await using another = await store.begin();
  await another.write(Buffer.from("y"));
});

test("tells what has been there for a while, and drops what a gateway that died left half written", async () => {
  await keep("old");
  const arriving = `arriving-${"0".repeat(8)}-0000-4000-8000-${"0".repeat(12)}`;
  for (const name of [arriving, "lost+found-note", "arriving-x"]) await writeFile(join(directory, name), "");
  await mkdir(join(directory, "lost+found"));
  const now = Date.now();
  await utimes(join(directory, arriving), 0, (now - 2 * 3_600_000) / 1_000);
  expect(await store.keptBefore(now - 60_000)).toEqual([]);
  expect(await store.keptBefore(now + 60_000)).toEqual([key]);
  expect(await readdir(directory)).not.toContain(arriving);
  expect(await readdir(directory)).toContain("lost+found-note");
});

test("a directory that is not there, or that nobody may write to, is told at the start", async () => {
  await expect(PlanStore.open({ directory: join(directory, "none"), space: 1 })).rejects.toThrow("ENOENT");
});

test("a volume that fails is told as that, and may be asked again", async () => {
  await rm(directory, { recursive: true });
  await expect(store.begin()).rejects.toMatchObject({ code: "StoreUnavailable", retry: "backoff" });
  await mkdir(directory);
});
