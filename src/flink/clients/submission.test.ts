import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
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
import { ClusterClient, newJobId } from "./cluster-client.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function client(url: string): ClusterClient {
  const destinations = new Destinations({ loopback: true });
  const cluster = new ClusterClient({ url, destinations, requestTimeoutMs: 1000 });
  cleanups.push(() => cluster.close());
  return cluster;
}

async function started(options: FakeFlinkOptions): Promise<{ fake: FakeFlink; cluster: ClusterClient }> {
  const fake = await startFakeFlink(options);
  cleanups.push(() => fake.close());
  return { fake, cluster: client(fake.url) };
}

const jar = { content: fakeJar(scenarioClass), fileName: "x.jar" };
const request = (...args: string[]) => ({ jar, jobId: newJobId(), entryClass: scenarioClass, args });
const jarsOf = async (cluster: ClusterClient) => (await cluster.listJars()).length;

describe.each(["1.20.5", "2.3.0"])("Flink %s", (version) => {
  const route = version === "2.3.0" ? /\/run-application$/ : /\/run$/;
  const match = { method: "POST", path: route };

  test("an answer that is lost although the job runs: the job is found", async () => {
    const { fake, cluster } = await started({ version });
    fake.fault({ match, mode: "reset-after" });
    const wanted = request("stream");
    expect((await cluster.submit(wanted)).jobId).toBe(wanted.jobId);
    expect(fake.liveJobs()).toEqual([wanted.jobId]);
    expect(await jarsOf(cluster)).toBe(0);
  });

  test("a request that got lost: unknown, the JAR stays, and the same again runs one job", async () => {
    const { fake, cluster } = await started({ version });
    fake.fault({ match, mode: "reset-before" });
    const wanted = request("stream");
    await expect(cluster.submit(wanted)).rejects.toMatchObject({
      code: "SubmissionUnknown",
      jobId: wanted.jobId,
      retry: "backoff",
      cause: expect.any(Error),
    });
    expect(await jarsOf(cluster)).toBe(1);
    await cluster.submit(wanted);
    await cluster.submit(wanted);
    expect(fake.jobsEverRun().map(({ jobId }) => jobId)).toEqual([wanted.jobId]);
  });

  test("what stands in the map for a field and cannot be read: nothing was sent", async () => {
    const { fake, cluster } = await started({ version });
    const flinkConfiguration = { "parallelism.default": "many" };
    await expect(cluster.submit({ ...request("stream"), flinkConfiguration })).rejects.toMatchObject({
      code: "SubmissionFailed",
      reason: "InvalidConfiguration",
      message:
        "flinkConfiguration: parallelism.default must be a whole number from 1 to 32768: nothing was sent",
    });
    expect(fake.jobsEverRun()).toEqual([]);
    expect(await jarsOf(cluster)).toBe(0);
  });

  test("a field wins over the same thing in the map, under each of its names", async () => {
    const { fake, cluster } = await started({ version });
    const flinkConfiguration = { "parallelism.default": 3, "pipeline.object-reuse": true };
    const job = await cluster.submit({ ...request("stream"), parallelism: 2, flinkConfiguration });
    await eventually(async () => {
      expect(await job.getConfiguration()).toMatchObject({ parallelism: 2, objectReuse: true });
    });
    expect(fake.liveJobs()).toEqual([job.jobId]);
  });

  test("nobody home: a FlinkError, nothing was sent", async () => {
    const { fake, cluster } = await started({ version });
    await cluster.listJars();
    await fake.close();
    await expect(cluster.submit(request("stream"))).rejects.toMatchObject({
      name: "FlinkError",
      code: "ConnectionRefused",
      sent: "no",
    });
  });

  test("no leader: a FlinkError, nothing was run, and the JAR goes", async () => {
    const { fake, cluster } = await started({ version });
    const said = "Service temporarily unavailable due to an ongoing leader election. Please refresh.";
    fake.fault({ match, mode: "status", status: 503, body: { errors: [said] } });
    await expect(cluster.submit(request("stream"))).rejects.toMatchObject({
      name: "FlinkError",
      code: "NoLeader",
      sent: "no",
    });
    expect(await jarsOf(cluster)).toBe(0);
  });

  test("given up while main() runs: unknown, and its JAR stays", async () => {
    const { fake, cluster } = await started({ version });
    const wanted = request("stream");
    fake.pauseMain(wanted.jobId);
    const controller = new AbortController();
    const given = cluster.submit(wanted, { signal: controller.signal });
    await eventually(() => fake.runningMains.length === 1);
    controller.abort();
    await expect(given).rejects.toMatchObject({ code: "SubmissionUnknown", jobId: wanted.jobId });
    expect(await jarsOf(cluster)).toBe(1);
    fake.releaseMain();
  });

  test("a job that ran and is forgotten is not run again", async () => {
    const { fake, cluster } = await started({ version });
    const wanted = request("batch");
    await (await cluster.submit(wanted)).getJobResult();
    fake.expireJobs();
    await expect(cluster.submit(wanted)).rejects.toMatchObject({
      code: "DuplicateSubmission",
      jobId: wanted.jobId,
      retry: "never",
    });
    expect(fake.jobsEverRun()).toHaveLength(1);
  });

  test("a main() that fails after its job was taken", async () => {
    const { fake, cluster } = await started({ version });
    const wanted = request("result", "--elements", "10000", "--delay", "10");
    const outcome = await cluster.submit(wanted).then(
      () => "resolved",
      (error: Error) => error.message,
    );
    // From 2.3 on the job is there before main() fails, and Flink cancels it; before, it runs on.
    if (version === "2.3.0") expect(outcome).toBe("resolved");
    else {
      expect(outcome).toMatch(/detached mode.*\(its job was submitted before that, and runs\)/s);
      expect(fake.liveJobs()).toEqual([wanted.jobId]);
    }
  });

  test("the parallelism of the cluster counts, which Flink's endpoint ignores", async () => {
    const { fake, cluster } = await started({ version, configuration: { "parallelism.default": "3" } });
    await cluster.submit(request("stream"));
    const sent = fake.requests.find(({ path }) => route.test(path));
    expect(sent?.body).toMatchObject({ parallelism: 3 });
  });
});

test("a job that is forgotten before its application is", async () => {
  const { fake, cluster } = await started({ version: "2.3.0", times: { applicationPoll: 500 } });
  const wanted = request("batch");
  await (await cluster.submit(wanted)).getJobResult();
  fake.expireJobs();
  await expect(cluster.submit(wanted)).rejects.toMatchObject({ code: "DuplicateSubmission" });
  expect(fake.jobsEverRun()).toHaveLength(1);
});

test("Flink 1.16 would drop flinkConfiguration: nothing is sent", async () => {
  const seen: string[] = [];
  const server: Server = createServer(({ method, url }, response) => {
    seen.push(`${method} ${url}`);
    const body = url === "/config" ? { "flink-version": "1.16.3" } : [];
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(async () => server.close());
  const cluster = client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const flinkConfiguration = { "pipeline.name": "x" };
  await expect(cluster.submit({ ...request("stream"), flinkConfiguration })).rejects.toMatchObject({
    code: "SubmissionFailed",
    reason: "ConfigurationNotSupported",
  });
  expect(seen.filter((line) => line.startsWith("POST"))).toEqual([]);
});

test("what is no JobID is refused before anything is sent", async () => {
  const cluster = client("http://127.0.0.1:1");
  expect(() => cluster.jobClient("../cluster")).toThrow(TypeError);
  await expect(cluster.submit({ ...request("stream"), jobId: "xyz" })).rejects.toThrow(TypeError);
});
