import { afterEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { fakeJar, scenarioClass, startFakeFlink } from "../../../test/support/fake-flink/index.ts";
import { Destinations } from "../rest/destinations.ts";
import { ClusterClient } from "./cluster-client.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test("of a job that runs, what Flink cannot tell just now is not taken for none", async () => {
  const fake = await startFakeFlink({ version: "1.20.5" });
  cleanups.push(() => fake.close());
  await fake.answering();
  const cluster = new ClusterClient({ url: fake.url, destinations: new Destinations({ loopback: true }) });
  cleanups.push(() => cluster.close());
  const jar = { content: fakeJar(scenarioClass), fileName: "x.jar" };
  const { jobId } = await cluster.submit({ jar, entryClass: scenarioClass, args: ["stream"] });
  await eventually(async () => (await cluster.snapshots(jobId)) !== undefined);
  for (const [path, status] of [
    [/\/checkpoints$/u, 500],
    [/\/checkpoints\/config$/u, 503],
  ] as const) {
    const fault = {
      match: { method: "GET", path },
      mode: "status",
      status,
      body: { errors: ["x"] },
    } as const;
    fake.fault(fault);
    await expect(cluster.snapshots(jobId)).rejects.toThrow("x");
    // A look-up tells where the job is all the same.
    fake.fault(fault);
    expect(await cluster.leftBehind(jobId, false)).not.toHaveProperty("snapshots.intervalMs", 1);
  }
  fake.fault({ match: { path: /\/checkpoints$/u }, mode: "status", status: 404, body: { errors: ["x"] } });
  expect(await cluster.snapshots(jobId)).toBeUndefined();
});
