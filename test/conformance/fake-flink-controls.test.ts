import { randomBytes } from "node:crypto";
import { afterEach, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import {
  type FakeFlink,
  type FakeFlinkOptions,
  fakeJar,
  scenarioClass,
  startFakeFlink,
} from "../support/fake-flink/index.ts";
import { newId, RawFlink } from "./raw-flink.ts";

// The switches of the fake that no real Flink has; everything else about it is in the files flink-*.test.ts.

let fake: FakeFlink;

afterEach(() => fake.close());

async function started(options: FakeFlinkOptions = {}): Promise<RawFlink> {
  fake = await startFakeFlink(options);
  return new RawFlink(fake.url, fakeJar(scenarioClass));
}

it("holds a main() until it is released, and counts it", async () => {
  const flink = await started();
  const id = newId();
  fake.pauseMain(id);
  const running = flink.run(["stream"], { jobId: id });
  await eventually(() => fake.runningMains.length === 1);
  expect((await flink.run(["stream"])).status).toBe(200); // another one is not held
  expect(await flink.job(id)).toBeUndefined();
  expect([fake.mainRuns(id), fake.liveJobs()]).toEqual([1, [expect.any(String)]]);
  fake.releaseMain(id);
  expect((await running).status).toBe(200);
  expect(fake.liveJobs()).toContain(id);
});

it("remembers everything that ever ran, over a crash and over a second run of the same JobID", async () => {
  const flink = await started({ version: "1.20.5" });
  const id = await flink.stream();
  const { incarnation } = fake;
  await fake.failover();
  expect(fake.liveJobs()).toEqual([]);
  await flink.stream(id);
  expect(fake.jobsEverRun()).toMatchObject([
    { jobId: id, end: "LOST", incarnation },
    { jobId: id, end: undefined, incarnation: fake.incarnation },
  ]);
  expect(fake.mainRuns(id)).toBe(2);
});

it("with HA a recovered job is the same run", async () => {
  const flink = await started({ ha: true });
  await fake.answering();
  const id = await flink.stream();
  await fake.failover();
  await flink.tasksRun(id);
  expect(fake.jobsEverRun()).toMatchObject([{ jobId: id, end: undefined, recoveries: 1 }]);
  expect(fake.mainRuns(id)).toBe(1);
});

it("with HA, a cancelled application that sticks comes back to life", async () => {
  const flink = await started({ ha: true, applicationCancelSticks: true });
  await fake.answering();
  const id = newId();
  fake.pauseMain();
  await flink.runApplication(["stream"], { applicationId: id, jobId: id });
  await flink.post(`/applications/${id}/cancel`);
  await eventually(() => fake.runningMains.length === 0);
  expect((await flink.get(`/applications/${id}`)).json.status).toBe("CANCELING");
  await fake.failover();
  expect((await flink.get(`/applications/${id}`)).json.status).toBe("RUNNING");
  expect(fake.mainRuns(id)).toBe(2);
});

it("forgets ended jobs on demand and still refuses their JobIDs without HA", async () => {
  const flink = await started();
  const id = await flink.batch();
  fake.expireJobs();
  expect(await flink.jobs()).toEqual([]);
  expect((await flink.run(["batch"], { jobId: id })).status).toBe(400);
});

it("ends and fails jobs on demand", async () => {
  const flink = await started();
  const [finished, failed] = [await flink.stream(), await flink.stream()];
  fake.finishJob(finished);
  fake.failJob(failed, "disk full");
  expect((await flink.job(finished))?.state).toBe("FINISHED");
  expect((await flink.job(failed))?.state).toBe("FAILED");
  expect((await flink.get(`/jobs/${failed}/exceptions`)).text).toContain("disk full");
  expect(() => fake.finishJob(finished)).toThrow("No live job");
});

it.each([
  ["refuse", false],
  ["reset-before", false],
  ["reset-during", true],
  ["reset-after", true],
] as const)("breaks the connection: %s", async (mode, runs) => {
  const flink = await started();
  const id = newId();
  await flink.jarId();
  fake.fault({ mode, match: { method: "POST", path: /\/run$/ } });
  await expect(flink.run(["stream"], { jobId: id })).rejects.toThrow("fetch failed");
  if (runs) await flink.tasksRun(id);
  expect(fake.mainRuns(id)).toBe(runs ? 1 : 0);
  expect((await flink.run(["stream"], { jobId: id })).status).toBe(runs ? 400 : 200);
});

it("loses an answer: only the client's own time-out ends the request", async () => {
  const flink = await started();
  const id = newId();
  await flink.jarId();
  fake.fault({ mode: "lose-answer", match: { path: "/jars/" } });
  await expect(flink.run(["stream"], { jobId: id }, undefined, AbortSignal.timeout(200))).rejects.toThrow();
  expect(fake.liveJobs()).toEqual([id]);
});

it("answers for the cluster, as a proxy does, as often as told", async () => {
  const flink = await started();
  const undo = fake.fault({ mode: "status", status: 504, times: 2, match: { path: "/jobs" } });
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await flink.get("/jobs")).status);
  expect(statuses).toEqual([504, 504, 200]);
  undo();
});

it("writes down what arrived", async () => {
  const flink = await started();
  const id = newId();
  await flink.run(["stream"], { jobId: id });
  const { requests } = fake;
  expect(
    requests.map(({ method, path, status }) => `${method} ${path.replace(/[^/]+\.jar/, "*")} ${status}`),
  ).toEqual(["POST /jars/upload 200", "POST /jars/*/run 200"]);
  expect(requests[1]?.body).toMatchObject({ jobId: id, entryClass: scenarioClass });
});

it("refuses connections while it is down, on the same port afterwards", async () => {
  const flink = await started();
  const { url } = fake;
  await fake.crash();
  await expect(flink.get("/jobs")).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
  await fake.start();
  expect(fake.url).toBe(url);
  expect((await flink.get("/jobs")).status).toBe(200);
});

it("serves a thousand jobs within seconds", async () => {
  const flink = await started({ times: { initialize: 0, deploy: 0 } });
  const begin = performance.now();
  const ids = Array.from({ length: 1_000 }, () => randomBytes(16).toString("hex"));
  await flink.jarId();
  const next = ids.values();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const jobId of next) await flink.run(["stream"], { jobId });
    }),
  );
  expect(await flink.jobs()).toHaveLength(1_000);
  expect(fake.jobsEverRun()).toHaveLength(1_000);
  expect(performance.now() - begin).toBeLessThan(10_000);
});

it("holds savepoints IN_PROGRESS until they are released; a crash loses them", async () => {
  const flink = await started();
  const id = await flink.stream();
  const [first, second] = [newId(), newId()];
  const status = async (trigger: string) => flink.get(`/jobs/${id}/savepoints/${trigger}`);
  fake.pauseSavepoints(id);
  await flink.post(`/jobs/${id}/stop`, { triggerId: first });
  expect((await status(first)).json.status.id).toBe("IN_PROGRESS");
  expect((await flink.job(id))?.state).toBe("RUNNING");
  fake.releaseSavepoints(id);
  const { location } = (await flink.operation(`/jobs/${id}/savepoints/${first}`)).json.operation;
  expect((await flink.job(id))?.state).toBe("FINISHED");
  expect(fake.hasSavepoint(location)).toBe(true);
  fake.expireOperations();
  expect((await status(first)).status).toBe(404);

  const other = await flink.stream();
  fake.pauseSavepoints();
  await flink.post(`/jobs/${other}/savepoints`, { triggerId: second });
  await fake.failover();
  fake.releaseSavepoints();
  expect((await flink.get(`/jobs/${other}/savepoints/${second}`)).status).toBe(404);
});

it("cannot write below a directory that is broken", async () => {
  const flink = await started();
  const id = await flink.stream();
  const mend = fake.breakDirectory("s3://bucket");
  const take = async () => {
    const triggerId = newId();
    await flink.post(`/jobs/${id}/savepoints`, { triggerId, "target-directory": "s3://bucket/jobs" });
    return (await flink.operation(`/jobs/${id}/savepoints/${triggerId}`)).json.operation;
  };
  expect(await take()).toHaveProperty("failure-cause");
  mend();
  expect((await take()).location).toMatch(/^s3:\/\/bucket\/jobs\/savepoint-/);
});

it("leaves the last checkpoint of a job that dies with its JobManager", async () => {
  const flink = await started();
  const id = await flink.stream(newId(), { flinkConfiguration: flink.checkpointing });
  const { external_path } = await flink.checkpointed(id);
  await fake.crash({ restart: true });
  await fake.answering();
  // Perhaps one more was taken before the end.
  const [path = ""] = [0, 1]
    .map((more) => external_path.replace(/\d+$/, (n) => String(Number(n) + more)))
    .filter((candidate) => fake.hasSavepoint(candidate));
  await flink.stream(newId(), { savepointPath: path });
});
