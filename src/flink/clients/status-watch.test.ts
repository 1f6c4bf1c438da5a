import { afterEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import {
  type FakeFlink,
  type FakeFlinkOptions,
  fakeJar,
  scenarioClass,
  startFakeFlink,
} from "../../../test/support/fake-flink/index.ts";
import { Destinations } from "../rest/destinations.ts";
import { ClusterClient } from "./cluster-client.ts";
import type { JobClient } from "./job-client.ts";
import type { StatusChange } from "./job-facts.ts";

// What those see who wait for a job while its JobManager is replaced.

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function running(options: FakeFlinkOptions): Promise<{ fake: FakeFlink; job: JobClient }> {
  const fake = await startFakeFlink(options);
  cleanups.push(() => fake.close());
  await fake.answering();
  const cluster = new ClusterClient({ url: fake.url, destinations: new Destinations({ loopback: true }) });
  cleanups.push(() => cluster.close());
  const jar = { content: fakeJar(scenarioClass), fileName: "x.jar" };
  const job = await cluster.submit({ jar, entryClass: scenarioClass, args: ["stream"] });
  await eventually(async () => (await job.getJobStatus()) === "RUNNING");
  return { fake, job };
}

/** Collects what a job is seen in; `end` has what ended it. */
function collect(job: JobClient): { seen: StatusChange[]; end: Promise<unknown> } {
  const seen: StatusChange[] = [];
  const end = (async () => {
    for await (const change of job.statusChanges({ pollIntervalMs: 10 })) seen.push(change);
  })();
  return { seen, end: end.catch((error: unknown) => error) };
}

test("a failover with high availability is a pause, after which the job goes on", async () => {
  const { fake, job } = await running({ ha: true });
  const { seen, end } = collect(job);
  const result = job.getJobResult({ pollIntervalMs: 10 });
  await eventually(() => seen.length > 0);
  await fake.failover();
  await eventually(async () => (await job.getJobStatus()) === "RUNNING");
  fake.finishJob(job.jobId);
  expect(await end).toBeUndefined();
  const states = seen.map(({ state }) => state);
  expect(states[0]).toBe("RUNNING");
  expect(states.at(-1)).toBe("FINISHED");
  for (const [index, state] of states.entries()) expect(state).not.toBe(states[index - 1]);
  expect((await result).jobId).toBe(job.jobId);
});

test("from 2.3 on the job is not there until its main() has run again: nobody takes it for gone", async () => {
  const { fake, job } = await running({ ha: true, version: "2.3.0" });
  fake.pauseMain();
  await fake.failover();
  await expect(job.getJobStatus()).rejects.toMatchObject({ code: "JobNotFound" });
  const { seen, end } = collect(job);
  const result = job.getJobResult({ pollIntervalMs: 10 });
  const asked = fake.requests.length;
  await eventually(() => fake.requests.length > asked + 10);
  expect(seen).toEqual([]);
  fake.releaseMain();
  await eventually(() => seen.some(({ state }) => state === "RUNNING"));
  fake.finishJob(job.jobId);
  expect(await end).toBeUndefined();
  expect((await result).jobId).toBe(job.jobId);
});

test("of an application that is over no job comes any more", async () => {
  const fake = await startFakeFlink({ version: "2.3.0" });
  cleanups.push(() => fake.close());
  const cluster = new ClusterClient({ url: fake.url, destinations: new Destinations({ loopback: true }) });
  cleanups.push(() => cluster.close());
  const jar = { content: fakeJar(scenarioClass), fileName: "x.jar" };
  const jobId = "a".repeat(32);
  const submitted = cluster.submit({ jar, jobId, entryClass: scenarioClass, args: ["throw"] });
  await expect(submitted).rejects.toMatchObject({ reason: "MainFailed" });
  const result = cluster.jobClient(jobId).getJobResult({ timeoutMs: 5_000 });
  await expect(result).rejects.toMatchObject({ code: "JobNotFound" });
});

test("without high availability the job is gone with its JobManager", async () => {
  const { fake, job } = await running({});
  const { seen, end } = collect(job);
  const result = job.getJobResult({ pollIntervalMs: 10 }).catch((error: unknown) => error);
  await eventually(() => seen.length > 0);
  await fake.failover();
  expect(await end).toMatchObject({ code: "JobNotFound", jobId: job.jobId });
  expect(await result).toMatchObject({ code: "JobNotFound", jobId: job.jobId });
});
