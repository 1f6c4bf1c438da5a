import { openAsBlob } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FlinkInstance, startFlink, stopFlink } from "../../dev/flink/cluster.ts";
import { buildJobsJar, scenarioClass } from "../../dev/flink/jobs.ts";
import { identify } from "../../dev/machine/process.ts";
import { eventually } from "../support/eventually.ts";

// The local Flink is what all other tests with real parts stand on: here it is tested itself.

const jobId = "0123456789abcdef".repeat(2);
let dir: string;
let flink: FlinkInstance;
let trace: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "local-flink-"));
  trace = join(dir, "trace");
  flink = await startFlink({ dir, ha: true, slots: 2, ownerPid: process.pid });
});

afterAll(async () => {
  await stopFlink(dir);
  await rm(dir, { recursive: true });
});

it("runs a job, and after a killed JobManager the same job goes on without its main()", async () => {
  expect(await run(["stream", "--trace", trace])).toMatchObject({ status: 200, body: { jobid: jobId } });
  await eventually(tasksRun, 20_000);
  await eventually(async () => (await events()).includes(`task ${jobId}`));
  expect(await events()).toEqual([`main ${jobId}`, `executed ${jobId}`, `task ${jobId}`].sort());
  const before = flink.pids;

  await flink.killJobManager();
  await expect(fetch(flink.url)).rejects.toThrow();
  await flink.startJobManager();
  await eventually(tasksRun, 30_000);

  expect(flink.pids.jobManager).not.toBe(before.jobManager);
  expect(flink.pids.taskManagers).toEqual(before.taskManagers);
  await eventually(async () => (await events()).length === 4);
  expect(await events()).toEqual(
    [`main ${jobId}`, `executed ${jobId}`, `task ${jobId}`, `task ${jobId}`].sort(),
  );
});

it("stopped and started again in its directory, it goes on with the same job under the same URL", async () => {
  const { url } = flink;
  await flink.stop();
  flink = await startFlink({ dir, ha: true, slots: 2, ownerPid: process.pid });
  expect(flink.url).toBe(url);
  await eventually(tasksRun, 30_000);
  expect((await events()).filter((event) => event.startsWith("main"))).toHaveLength(1);
});

it("has TaskManagers that can be replaced", async () => {
  const before = flink.pids;
  await flink.restartTaskManagers();
  expect(flink.pids.taskManagers).not.toEqual(before.taskManagers);
  expect(await get("/overview")).toMatchObject({ taskmanagers: 1, "slots-total": 2 });
});

it("started a second time in its directory it is the same one, and stopped it is gone", async () => {
  const again = await startFlink({ dir });
  expect([again.url, again.version, again.pids]).toEqual([flink.url, flink.version, flink.pids]);
  expect(await stopFlink(dir)).toBe(true);
  expect(await stopFlink(dir)).toBe(false);
  const { jobManager, taskManagers, zooKeeper } = again.pids;
  const pids = [jobManager, ...taskManagers, ...(zooKeeper === undefined ? [] : [zooKeeper])];
  expect(pids).toHaveLength(3);
  expect(pids.filter((pid) => identify(pid) !== undefined)).toEqual([]);
});

async function run(programArgsList: string[]) {
  const form = new FormData();
  form.append("jarfile", await openAsBlob(await buildJobsJar(flink.version)), "jobs.jar");
  const upload = await fetch(`${flink.url}/jars/upload`, { method: "POST", body: form });
  const { filename } = (await upload.json()) as { filename: string };
  const answer = await fetch(`${flink.url}/jars/${filename.split("/").at(-1)}/run`, {
    method: "POST",
    body: JSON.stringify({ entryClass: scenarioClass, programArgsList, jobId }),
  });
  return { status: answer.status, body: await answer.json() };
}

async function tasksRun(): Promise<boolean> {
  const { jobs } = (await get("/jobs/overview")) as {
    jobs: { jid: string; state: string; tasks: { running: number; total: number } }[];
  };
  const job = jobs.find(({ jid }) => jid === jobId);
  return job?.state === "RUNNING" && job.tasks.total > 0 && job.tasks.running === job.tasks.total;
}

async function get(path: string): Promise<unknown> {
  const answer = await fetch(flink.url + path, { signal: AbortSignal.timeout(2_000) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** What the trace says, without the times, sorted: processes write it at the same time. */
async function events(): Promise<string[]> {
  const lines = (await readFile(trace, "utf8")).trimEnd().split("\n");
  return lines.map((line) => line.split(" ").slice(0, 2).join(" ")).sort();
}
