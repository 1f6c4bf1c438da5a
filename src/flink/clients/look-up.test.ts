import { afterEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { fakeJar, scenarioClass, startFakeFlink } from "../../../test/support/fake-flink/index.ts";
import { Destinations } from "../rest/destinations.ts";
import { ClusterClient } from "./cluster-client.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test("a job that had ended when the JobManager took over is found and has a result, though its plan is gone", async () => {
  const fake = await startFakeFlink({ version: "1.20.5", ha: true });
  cleanups.push(() => fake.close());
  await fake.answering();
  const cluster = new ClusterClient({ url: fake.url, destinations: new Destinations({ loopback: true }) });
  cleanups.push(() => cluster.close());
  const jar = { content: fakeJar(scenarioClass), fileName: "x.jar" };
  const job = await cluster.submit({ jar, entryClass: scenarioClass, args: ["batch"] });
  await eventually(async () => (await job.getJobStatus()) === "FINISHED");
  // What Flink 1.20.5 answers then.
  const body = {
    errors: ["Internal server error.", "java.lang.NullPointerException\n\tat X.y(X.java:59)\n"],
  };
  const path = new RegExp(`/jobs/${job.jobId}$`, "u");
  fake.fault({ match: { method: "GET", path }, mode: "status", status: 500, body, times: 100 });
  expect(await cluster.lookUp(job.jobId)).toMatchObject({ state: "FINISHED", mains: 0 });
  expect(await job.getJobResult()).toMatchObject({ jobId: job.jobId });
});

test("the accumulators of a finished job are read when Flink's view of it knows of the end", async () => {
  const fake = await startFakeFlink({ version: "1.20.5" });
  cleanups.push(() => fake.close());
  await fake.answering();
  const cluster = new ClusterClient({ url: fake.url, destinations: new Destinations({ loopback: true }) });
  cleanups.push(() => cluster.close());
  const jar = { content: fakeJar(scenarioClass), fileName: "x.jar" };
  const job = await cluster.submit({ jar, entryClass: scenarioClass, args: ["batch", "--delay", "60000"] });
  await eventually(async () => (await job.getJobStatus()) === "RUNNING");
  // Flink keeps what it shows here for 3 s.
  await cluster.leftBehind(job.jobId, true);
  fake.finishJob(job.jobId);
  await eventually(async () => (await job.getJobStatus()) === "FINISHED");
  expect((await cluster.leftBehind(job.jobId, true)).result).toBeUndefined();
  await eventually(async () => (await cluster.leftBehind(job.jobId, true)).result !== undefined);
  const { result } = await cluster.leftBehind(job.jobId, true);
  expect(result).toEqual({ accumulators: { elements: "100" } });
});
