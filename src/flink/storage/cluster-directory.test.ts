import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CleaningRequest, cleanDirectory } from "./cluster-directory.ts";

const JOB = "0123456789abcdef0123456789abcdef";
const OTHER = "fedcba9876543210fedcba9876543210";
const neighbours = ["team-a/other/ha/default/blob/x", "team-b/orders/ha/default/blob/x"];

const program = fileURLToPath(new URL("../../clean-storage-main.ts", import.meta.url));

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "cluster-directory-"));
  await put(neighbours);
});
afterEach(() => rm(root, { recursive: true }));

async function put(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const place = join(root, path);
    if (path.endsWith("/")) await mkdir(place, { recursive: true });
    else {
      await mkdir(dirname(place), { recursive: true });
      await writeFile(place, "x");
    }
  }
}

/** Files below team-a/orders, sorted; undefined where that is gone. */
async function left(): Promise<string[] | undefined> {
  const place = join(root, "team-a/orders");
  if (!(await readdir(dirname(place))).includes("orders")) return undefined;
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(place.length + 1))
    .sort();
}

const clean = (patch: Partial<CleaningRequest> = {}) =>
  cleanDirectory({
    root,
    directory: "team-a/orders",
    keep: "Snapshots",
    needed: [],
    keepResults: false,
    ...patch,
  });
const inOrders = (paths: readonly string[]) => paths.map((path) => `team-a/orders/${path}`);

/** What a session cluster leaves whose jobs have ended. */
const usual = [
  `ha/default/blob/job_${JOB}/blob_p-1`,
  `ha/job-result-store/default/${JOB}.json`,
  `ha/application-result-store/default/${JOB}.json`,
  "ha/default/submittedJobGraph12ab",
  "upload/flink-web-upload/1_jobs.jar",
  `checkpoints/${JOB}/shared/`,
  `checkpoints/${JOB}/taskowned/`,
];
const retained = [`checkpoints/${JOB}/chk-7/_metadata`, `checkpoints/${JOB}/shared/1f`];
const savepoint = ["savepoints/savepoint-012345-1/_metadata", "savepoints/savepoint-012345-1/2e"];

test.each<[string, string[], Partial<CleaningRequest>, string[]]>([
  ["nothing of what ended", usual, {}, []],
  ["no directory that was never used", ["savepoints/"], {}, []],
  ["savepoints", [...usual, ...savepoint], {}, savepoint],
  ["savepoints, whatever else goes", [...usual, ...savepoint], { keep: "Savepoints" }, savepoint],
  ["checkpoints that Flink kept, with what they share", [...usual, ...retained], {}, retained],
  ["no checkpoints where only savepoints are kept", [...usual, ...retained], { keep: "Savepoints" }, []],
  [
    "those that somebody needs",
    [...retained, `checkpoints/${OTHER}/chk-1/_metadata`],
    { keep: "Savepoints", needed: [JOB] },
    retained,
  ],
  ["no checkpoint that was never complete", [`checkpoints/${JOB}/chk-8/2f`], {}, []],
  [
    "files that the checkpoints of a successor may share",
    [`checkpoints/${JOB}/shared/deep/1f`, `checkpoints/${OTHER}/taskowned/2e`],
    {},
    [`checkpoints/${JOB}/shared/deep/1f`, `checkpoints/${OTHER}/taskowned/2e`],
  ],
  [
    "the same where jobs have no directories of their own",
    ["checkpoints/chk-7/_metadata", "checkpoints/shared/1f", "checkpoints/chk-8/2f"],
    {},
    ["checkpoints/chk-7/_metadata", "checkpoints/shared/1f"],
  ],
  [
    "the memory of JobIDs that could come again",
    [`ha/${JOB}/default/blob/b`, `ha/${JOB}/job-result-store/default/${JOB}.json`],
    { keepResults: true },
    [`ha/${JOB}/job-result-store/default/${JOB}.json`],
  ],
  [
    "what neither Flink nor the operator put there",
    ["output/part-1", "notes.txt", ...usual],
    {},
    ["notes.txt", "output/part-1"],
  ],
])("keeps %s", async (_what, there, request, kept) => {
  await put(inOrders(there));
  const stays = await clean(request);
  expect(await left()).toEqual(kept.length > 0 ? [...kept].sort() : undefined);
  expect(await clean(request)).toEqual(stays);
});

test("tells what stays", async () => {
  await put(inOrders([...usual, ...retained, ...savepoint, "notes.txt"]));
  const stays = [`checkpoints/${JOB}`, "notes.txt", "savepoints/savepoint-012345-1"];
  expect(await clean()).toEqual(stays);
  expect(await clean()).toEqual(stays);
  expect(await clean({ directory: "team-a/never" })).toEqual([]);
});

describe("goes nowhere else", () => {
  test.each([
    "team-a",
    "team-a/",
    "/team-a/orders",
    "team-a/orders/ha",
    "../orders",
    "team-a/..",
    "team-a/.",
    "team-a/a..b",
    "team-a/*",
    "",
  ])("not to %j", async (directory) => {
    await put(inOrders(usual));
    await expect(clean({ directory })).rejects.toMatchObject({ code: "DirectoryRefused" });
    expect(await left()).toEqual(usual.filter((path) => !path.endsWith("/")).sort());
  });

  test("not through links on the way", async () => {
    await symlink(join(root, "team-b"), join(root, "team-c"));
    await symlink(join(root, "team-b/orders"), join(root, "team-a/link"));
    for (const directory of ["team-c/orders", "team-a/link"])
      await expect(clean({ directory })).rejects.toMatchObject({ code: "DirectoryRefused" });
    expect(await readdir(join(root, "team-b/orders/ha/default/blob"))).toEqual(["x"]);
  });

  test("not through links inside", async () => {
    await put(inOrders([`checkpoints/${OTHER}/`, "upload/"]));
    await symlink(join(root, "team-b/orders/ha"), join(root, "team-a/orders/ha"));
    await symlink(join(root, "team-b/orders/ha"), join(root, "team-a/orders/upload/link"));
    await symlink(join(root, "team-b/orders/ha"), join(root, `team-a/orders/checkpoints/${JOB}`));
    await symlink(join(root, "team-b/orders/ha"), join(root, `team-a/orders/checkpoints/${OTHER}/shared`));
    expect(await clean({ keepResults: true })).toEqual([`checkpoints/${JOB}`, "ha"]);
    expect(await readdir(join(root, "team-b/orders/ha/default/blob"))).toEqual(["x"]);
  });
});

test.each([
  ["team-a/orders", 0, "These stay: savepoints/savepoint-012345-1."],
  ["team-a/never", 0, "Nothing stays."],
  ["team-a/..", 1, "team-a/.. is not NAMESPACE/NAME"],
])("the program leaves where the kubelet looks what became of %s", async (directory, exit, words) => {
  await put(inOrders([...usual, ...savepoint]));
  const log = join(root, "log");
  const args = [`--root=${root}`, `--directory=${directory}`, `--termination-log=${log}`];
  const [code] = (await once(spawn(process.execPath, [program, ...args]), "close")) as [number];
  expect([code, await readFile(log, "utf8")]).toEqual([exit, words]);
});
