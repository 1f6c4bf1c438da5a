import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
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

const directory = "file:/savepoints";
/** Tasks that take a while to run. */
const slow = { deploy: 300 };
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A job that runs on a fake Flink. */
async function running(options: FakeFlinkOptions = {}): Promise<{ fake: FakeFlink; job: JobClient }> {
  const fake = await startFakeFlink({ refreshIntervalMs: 0, savepointDirectory: null, ...options });
  cleanups.push(() => fake.close());
  await fake.answering();
  const destinations = new Destinations({ loopback: true });
  const cluster = new ClusterClient({ url: fake.url, destinations, requestTimeoutMs: 300 });
  cleanups.push(() => cluster.close());
  const jar = { content: fakeJar(scenarioClass), fileName: "x.jar" };
  const job = await cluster.submit({ jar, entryClass: scenarioClass, args: ["stream"] });
  await eventually(async () => {
    const row = (await cluster.listJobs()).find(({ id }) => id === job.jobId);
    return row !== undefined && row.tasks.total > 0 && row.tasks.running === row.tasks.total;
  });
  return { fake, job };
}

const triggers = ({ requests }: FakeFlink, what: "savepoints" | "stop") =>
  requests.filter(({ method, path }) => method === "POST" && path.endsWith(`/${what}`));
/** Savepoints in the job's history. */
const taken = async (job: JobClient) =>
  (await job.getCheckpoints()).history.filter(
    ({ isSavepoint, status }) => isSavepoint && status === "COMPLETED",
  );

describe("a savepoint", () => {
  test("whose answer is lost is asked for again, under the same trigger ID, and taken once", async () => {
    const { fake, job } = await running();
    fake.fault({ match: { method: "POST", path: /\/savepoints$/ }, mode: "lose-answer" });
    fake.fault({ match: { method: "POST", path: /\/savepoints$/ }, mode: "reset-after" });
    const path = await job.triggerSavepoint({ directory });
    expect(new Set(triggers(fake, "savepoints").map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(triggers(fake, "savepoints")).toHaveLength(3);
    expect((await taken(job)).map((entry) => entry.path)).toEqual([path]);
  });

  test("whose outcome Flink forgot is found in the history, and not asked for again", async () => {
    const { fake, job } = await running();
    // The first read comes when it is over and forgotten.
    fake.fault({ match: { method: "GET", path: /\/savepoints\// }, mode: "delay", delayMs: 250 });
    const asked = job.triggerSavepoint({ directory });
    await eventually(async () => (await taken(job)).length === 1);
    fake.expireOperations();
    const path = await asked;
    expect((await taken(job)).map((entry) => entry.path)).toEqual([path]);
    expect(triggers(fake, "savepoints")).toHaveLength(1);
  });

  test("an older one in the history is not taken for it", async () => {
    const { fake, job } = await running();
    const older = await job.triggerSavepoint({ directory });
    fake.fault({
      match: { method: "GET", path: /\/savepoints\// },
      mode: "status",
      status: 404,
      body: forgotten,
    });
    const path = await job.triggerSavepoint({ directory });
    expect(path).not.toBe(older);
  });

  // Its JobManager may have died between two looks, and the job may be coming back.
  test("that is forgotten is asked for again when all tasks are seen to run", async () => {
    const { fake, job } = await running();
    const match = { method: "GET", path: /\/savepoints\// };
    fake.pauseSavepoints();
    fake.fault({ match, mode: "status", status: 404, body: forgotten });
    const asked = job.triggerSavepoint({ directory });
    await eventually(() => triggers(fake, "savepoints").length > 1);
    fake.releaseSavepoints();
    expect(fake.hasSavepoint(await asked)).toBe(true);
    const [first = 0, second = 0] = fake.requests.flatMap(({ method, path }, index) =>
      method === "POST" && path.endsWith("/savepoints") ? [index] : [],
    );
    expect(fake.requests.slice(first, second).map(({ path }) => path)).toContain("/jobs/overview");
  });

  test("that died with its JobManager is asked for again", async () => {
    const { fake, job } = await running({ ha: true, times: slow });
    fake.pauseSavepoints();
    const asked = job.triggerSavepoint({ directory });
    await eventually(() => triggers(fake, "savepoints").some(({ status }) => status === 202));
    await fake.failover();
    fake.releaseSavepoints();
    const path = await asked;
    expect(fake.hasSavepoint(path)).toBe(true);
    expect(triggers(fake, "savepoints").length).toBeGreaterThan(1);
  });

  test("waits for a job that comes back after a failover, from 2.3 on when its main() has run again", async () => {
    const { fake, job } = await running({ ha: true, version: "2.3.0", times: slow });
    fake.pauseMain();
    await fake.failover();
    const asked = job.triggerSavepoint({ directory });
    await eventually(() => fake.runningMains.length === 1);
    const { length } = fake.requests;
    await eventually(() => fake.requests.length > length + 5);
    fake.releaseMain();
    expect(fake.hasSavepoint(await asked)).toBe(true);
    expect(triggers(fake, "savepoints")).toHaveLength(1);
  });

  test("waits for its tasks when the JobManager was away meanwhile", async () => {
    const { fake, job } = await running({ ha: true, version: "1.20.5", times: slow });
    await fake.crash();
    const asked = job.triggerSavepoint({ directory });
    await fake.start();
    expect(fake.hasSavepoint(await asked)).toBe(true);
    expect(triggers(fake, "savepoints")).toHaveLength(1);
  });

  test("is bounded in what it asks for", async () => {
    const { fake, job } = await running();
    fake.pauseSavepoints();
    const match = { method: "GET", path: /\/savepoints\// };
    fake.fault({ match, mode: "status", status: 404, body: forgotten, times: 100 });
    const empty = { counts: { restored: 0, total: 0, in_progress: 0, completed: 0, failed: 0 }, latest: {} };
    fake.fault({
      match: { method: "GET", path: /\/checkpoints$/ },
      mode: "status",
      status: 200,
      body: { ...empty, history: [] },
      times: 100,
    });
    const triggerId = randomBytes(16).toString("hex");
    await expect(job.triggerSavepoint({ directory, triggerId })).rejects.toMatchObject({
      code: "OperationUnknown",
      retry: "backoff",
      triggerId,
    });
    expect(triggers(fake, "savepoints")).toHaveLength(4);
  });

  test("nowhere to write it: nothing is repeated", async () => {
    const { fake, job } = await running();
    await expect(job.triggerSavepoint()).rejects.toMatchObject({ code: "NoSavepointDirectory" });
    await expect(job.stop()).rejects.toMatchObject({ code: "NoSavepointDirectory" });
    expect(triggers(fake, "savepoints")).toHaveLength(1);
    fake.breakDirectory(directory);
    await expect(job.triggerSavepoint({ directory })).rejects.toMatchObject({ code: "OperationFailed" });
    expect(triggers(fake, "savepoints")).toHaveLength(2);
  });
});

describe("a stop", () => {
  test("whose outcome Flink forgot is found in the history of the job that ended", async () => {
    const { fake, job } = await running();
    fake.fault({ match: { method: "GET", path: /\/savepoints\// }, mode: "delay", delayMs: 250 });
    const asked = job.stop({ directory });
    await eventually(async () => (await job.getJobStatus()) === "FINISHED");
    fake.expireOperations();
    const path = await asked;
    expect(fake.hasSavepoint(path)).toBe(true);
    expect(triggers(fake, "stop")).toHaveLength(1);
  });

  test("of a job that is gone with its JobManager: nobody can tell where the savepoint is", async () => {
    const { fake, job } = await running();
    fake.pauseSavepoints();
    const asked = job.stop({ directory });
    await eventually(() => triggers(fake, "stop").some(({ status }) => status === 202));
    await fake.failover();
    await expect(asked).rejects.toMatchObject({ code: "JobNotFound" });
  });
});

const forgotten = {
  errors: [
    "org.apache.flink.runtime.rest.handler.RestHandlerException: There is no savepoint operation with triggerId=0 for job 0.",
  ],
};
