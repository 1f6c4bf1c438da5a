import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scenarioClass } from "../../dev/flink/jobs.ts";
import { RunAsyncClient } from "../../src/flink/clients/run-async-client.ts";
import type { Submission } from "../../src/flink/clients/run-async-facts.ts";
import { flinkJobName } from "../../src/gateway/run-async/naming.ts";
import { eventually } from "../support/eventually.ts";
import { flinkTargets } from "../support/flink-target.ts";
import type { Operator } from "../support/operator.ts";
import type { Trace } from "../support/trace.ts";
import { uploaded } from "../support/uploaded-jar.ts";
import { World } from "../support/world.ts";

// The FLIP's own test plan, with the operator and two replicas of the gateway as processes.

describe.each(flinkTargets())("asynchronous job submission on Flink $version", ({ url, jobsJar }) => {
  let world: World;
  let gateways: Operator[];
  /** One client for each replica. */
  let clients: RunAsyncClient[];
  let jarId: string;

  beforeAll(async () => {
    world = await World.open("gateway");
    const program = "src/gateway-main.ts";
    gateways = await Promise.all([
      world.operatorWith({}),
      world.operatorWith({ program }),
      world.operatorWith({ program }),
    ]).then(([, ...replicas]) => replicas);
    await world.createCluster("main", { url });
    clients = gateways.map((gateway) => {
      const address = gateway.told("Serving the gateway", "address");
      const client = new RunAsyncClient({
        url: address,
        cluster: { namespace: world.namespace, name: "main" },
      });
      world.onClose(() => client.close());
      return client;
    });
    jarId = await uploaded(url, jobsJar);
    world.onClose(() => fetch(`${url}/jars/${encodeURIComponent(jarId)}`, { method: "DELETE" }));
  });
  afterAll(() => world.close());

  const run = (trace: Trace, ...args: string[]) => ({
    entryClass: scenarioClass,
    programArgsList: [...args, "--trace", trace.file],
  });
  const flinkJob = (triggerId: string) => world.job(flinkJobName("main", triggerId));
  /** The JARs on the cluster that came with this submission's request. */
  const jarsOf = async (triggerId: string) => {
    const { files } = (await (await fetch(`${url}/jars`)).json()) as { files: { name: string }[] };
    return files.map(({ name }) => name).filter((name) => name.includes(flinkJobName("main", triggerId)));
  };

  test("a JAR that was uploaded before: the job runs, and any replica tells", async () => {
    const [one, other] = clients as [RunAsyncClient, RunAsyncClient];
    const trace = world.trace("by-id");
    const triggerId = await one.submit({ ...run(trace, "stream"), triggerId: "by-id", jarId });
    expect(await other.track(triggerId)).toMatchObject({
      triggerId,
      flinkJob: { namespace: world.namespace },
    });
    const { operation, trigger } = await other.outcome(triggerId, { timeoutMs: 30_000 });
    const { status } = await world.until(
      flinkJobName("main", triggerId),
      (job) => job.status?.state === "Running",
    );
    expect(operation).toMatchObject({ jobId: status?.trigger?.jobId });
    expect(trigger.state).toBe("running");
    expect(await trace.mains()).toBe(1);
    const [row] = (await world.kubectl(["get", "fj", "--no-headers"])).stdout.split("\n");
    expect(row).toMatch(/^main-by-id-[0-9a-f]{8} +main +running +RUNNING +True /);
    // The user's own JAR stays.
    expect(await one.submit({ ...run(trace, "stream"), triggerId: "by-id", jarId })).toBe(triggerId);
  });

  test("a JAR in the request lives as long as the submission", async () => {
    const trace = world.trace("with-jar");
    const [client] = clients as [RunAsyncClient];
    const content = () => createReadStream(jobsJar);
    const request = { ...run(trace, "stream", "--sleep", "1500"), triggerId: "with-jar" };
    await client.submit(request, { jar: { content } });
    expect(await jarsOf("with-jar")).toHaveLength(1);
    await client.outcome("with-jar", { timeoutMs: 30_000 });
    await eventually(async () => (await jarsOf("with-jar")).length === 0, 10_000);
    expect(await trace.mains()).toBe(1);
    // Again, when the JAR is long gone: the same answer, and nothing runs.
    expect(await client.submit(request, { jar: { content } })).toBe("with-jar");
    expect(await jarsOf("with-jar")).toEqual([]);
    const other = { content: await readFile(new URL(import.meta.url)) };
    await expect(client.submit(request, { jar: other })).rejects.toMatchObject({ code: "BadRequest" });
    const longer = { content: Buffer.concat([await readFile(jobsJar), Buffer.from("x")]) };
    await expect(client.submit(request, { jar: longer })).rejects.toMatchObject({ code: "Conflict" });
    expect(await trace.mains()).toBe(1);
  });

  test("fifty clients at once with one trigger ID: one job", async () => {
    const trace = world.trace("fifty");
    const request = { ...run(trace, "stream"), triggerId: "fifty", jarId };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => clients[i % 2]!.submit(request, { timeoutMs: 20_000 })),
    );
    expect(new Set(answers)).toEqual(new Set(["fifty"]));
    await clients[0]!.outcome("fifty", { timeoutMs: 30_000 });
    expect(await trace.mains()).toBe(1);
  });

  test("ten clients at once that each bring the JAR: one job, and no JAR stays", async () => {
    const trace = world.trace("ten");
    const request = { ...run(trace, "stream"), triggerId: "ten" };
    const content = () => createReadStream(jobsJar);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        clients[i % 2]!.submit(request, { jar: { content }, timeoutMs: 30_000 }),
      ),
    );
    expect(new Set(answers)).toEqual(new Set(["ten"]));
    await clients[0]!.outcome("ten", { timeoutMs: 30_000 });
    await eventually(async () => (await jarsOf("ten")).length === 0, 10_000);
    expect(await trace.mains()).toBe(1);
  });

  test.each([
    ["no such JAR", { jarId: "nothing.jar" }, "JarNotFound"],
    ["no such class", { entryClass: "no.Such" }, "EntryClassNotFound"],
    ["faulty code", { programArgsList: ["throw", "--message", "no such table"] }, "MainFailed"],
    ["nothing executed", { programArgsList: ["noexecute"] }, "NoJobInMain"],
  ])("what goes wrong in the processing is told by tracking: %s", async (_, wrong, reason) => {
    const request = { entryClass: scenarioClass, programArgsList: ["stream"], jarId, ...wrong };
    const triggerId = await clients[0]!.submit({ triggerId: reason, ...request });
    await expect(clients[1]!.outcome(triggerId, { timeoutMs: 30_000 })).rejects.toMatchObject({
      code: "SubmissionFailed",
      reason,
      ...(reason === "MainFailed" ? { message: expect.stringContaining("no such table") } : {}),
    });
  });

  test("faulty code in a JAR that came with the request: the JAR goes all the same", async () => {
    const content = () => createReadStream(jobsJar);
    const request = { entryClass: scenarioClass, programArgsList: ["throw"], triggerId: "faulty" };
    await clients[0]!.submit(request, { jar: { content } });
    await expect(clients[0]!.outcome("faulty", { timeoutMs: 30_000 })).rejects.toMatchObject({
      reason: "MainFailed",
    });
    await eventually(async () => (await jarsOf("faulty")).length === 0, 10_000);
  });

  test("the list shows them all, by state too", async () => {
    const all = await triggerIds(clients[1]!.listAll());
    expect(all).toEqual(expect.arrayContaining(["by-id", "fifty", "faulty"]));
    const failed = await triggerIds(clients[0]!.listAll({ state: "failed" }));
    expect(failed).toContain("faulty");
    expect(failed).not.toContain("by-id");
  });

  test("a deletion with an outcome takes the tracking information; the job goes on", async () => {
    const [one, other] = clients as [RunAsyncClient, RunAsyncClient];
    const { operation } = await one.outcome("by-id");
    const { jobId } = operation as { jobId: string };
    expect(await one.delete("by-id")).toBe(true);
    await eventually(async () => (await other.track("by-id")) === undefined, 5_000);
    await world.untilGone(flinkJobName("main", "by-id"));
    expect(await stateOf(jobId)).toBe("RUNNING");
    await fetch(`${url}/jobs/${jobId}?mode=cancel`, { method: "PATCH" });
  });

  test("a deletion without an outcome halts what is under way, and takes its JAR", async () => {
    const trace = world.trace("ongoing");
    const [one, other] = clients as [RunAsyncClient, RunAsyncClient];
    const request = { ...run(trace, "stream", "--sleep", "4000"), triggerId: "ongoing" };
    await one.submit(request, { jar: { content: () => createReadStream(jobsJar) } });
    await eventually(async () => (await trace.mains()) === 1, 15_000);
    const { jobId = "" } = (await flinkJob("ongoing")).status?.trigger ?? {};
    expect(await other.delete("ongoing")).toBe(true);
    expect(await other.delete("ongoing")).toBe(true);
    // While it is halted, it cannot be submitted anew.
    await expect(one.submit(request, { jar: { content: createReadStream(jobsJar) } })).rejects.toMatchObject({
      status: 503,
    });
    await world.untilGone(flinkJobName("main", "ongoing"), 30_000);
    expect(await jarsOf("ongoing")).toEqual([]);
    expect(await one.track("ongoing")).toBeUndefined();
    // Flink 1.20 cannot stop a main(): its job appears late, and is cancelled then.
    expect(["CANCELED", undefined]).toContain(await stateOf(jobId));
    expect(await trace.mains()).toBe(1);
  });

  test("a quota refuses what is new, and nothing of what has filled it", async () => {
    const [one] = clients as [RunAsyncClient];
    const trace = world.trace("filled");
    const request = { ...run(trace, "batch"), triggerId: "filled", jarId };
    await one.submit(request);
    const [full, count] = ["full", "count/flinkjobs.flinkjob.dev"];
    await world.kubectl(["create", "quota", full, `--hard=${count}=1`]);
    // Its controller's work.
    const status = JSON.stringify({ status: { hard: { [count]: "1" }, used: { [count]: "1" } } });
    await world.kubectl(["patch", "quota", full, "--subresource=status", "--type=merge", "-p", status]);
    let tries = 0;
    await eventually(async () => {
      const wish = { ...run(trace), triggerId: `further-${tries++}`, jarId: "none.jar" };
      await expect(one.submit(wish, { patienceMs: 0 })).rejects.toMatchObject({ status: 403 });
    });
    expect(await one.submit(request)).toBe("filled");
    await one.outcome("filled", { timeoutMs: 30_000 });
    expect(await trace.mains()).toBe(1);
  });

  /** Undefined: Flink knows no such job. */
  async function stateOf(jobId: string): Promise<string | undefined> {
    const { jobs } = (await (await fetch(`${url}/jobs/overview`)).json()) as {
      jobs: { jid: string; state: string }[];
    };
    return jobs.find(({ jid }) => jid === jobId)?.state;
  }
});

async function triggerIds(submissions: AsyncIterable<Submission>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { triggerId } of submissions) ids.push(triggerId);
  return ids;
}
