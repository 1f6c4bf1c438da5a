import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";

interface Row {
  jid: string;
  state: string;
  "start-time": number;
  "end-time": number;
}

const { url, jobsJar } = flinkTargets()[0]!;

describe("FlinkJobs with the same name", () => {
  let world: World;
  let jars: JarServer;
  let operator: Operator;

  beforeAll(async () => {
    world = await World.open("namesakes", { count: 2 });
    jars = await JarServer.start(jobsJar);
    world.onClose(() => jars.close());
    operator = await world.operator();
    for (const namespace of world.namespaces) await world.createCluster("local", { url }, namespace);
  });
  afterAll(() => world.close());

  test("in two namespaces: two jobs, and one goes without the other", async () => {
    const [here = "", there = ""] = world.namespaces;
    const one = await running("orders", here);
    const other = await running("orders", there);
    expect(one.slice(0, 16)).not.toBe(other.slice(0, 16));
    await world.deleteJob("orders", there);
    await world.untilGone("orders", 20_000, there);
    expect(await stateOf(other)).toBe("CANCELED");
    expect(await stateOf(one)).toBe("RUNNING");
    expect((await world.job("orders", here)).status?.trigger).toMatchObject({ state: "running", jobId: one });
  });

  test("deleted and created again at once: a new job, after the old one has ended", async () => {
    for (let round = 0; round < 3; round++) {
      const before = (await world.job("orders")).status!.trigger!.jobId;
      await world.deleteJob("orders");
      await world.untilGone("orders");
      const after = await running("orders");
      const rows = await list();
      const old = rows.find(({ jid }) => jid === before);
      const young = rows.find(({ jid }) => jid === after);
      expect(old?.state).toBe("CANCELED");
      expect(young!["start-time"]).toBeGreaterThanOrEqual(old!["end-time"]);
    }
    expect(await world.trace("orders").mains()).toBe(5);
  });

  test("replaced by force while the operator is down: each is known by its own uid", async () => {
    const before = (await world.job("orders")).status!.trigger!.jobId;
    await operator.kill();
    await world.deleteJob("orders");
    // Somebody loses patience.
    const patch = JSON.stringify({ metadata: { finalizers: null } });
    await world.kubectl(["patch", "fj", "orders", "--type=merge", "--patch", patch]);
    await world.untilGone("orders");
    await world.createJob("orders", spec());
    await operator.start();
    const { status } = await world.untilReason("orders", "TasksRunning");
    expect(status?.trigger?.jobId.slice(0, 16)).not.toBe(before.slice(0, 16));
    // Whoever takes the finalizer away keeps the job.
    expect(await stateOf(before)).toBe("RUNNING");
    await fetch(`${url}/jobs/${before}?mode=cancel`, { method: "PATCH" });
  });

  function spec() {
    const args = ["stream", "--trace", world.trace("orders").file];
    return { cluster: { name: "local" }, ...scenario(args, { uri: jars.uri() }) };
  }

  async function running(name: string, namespace = world.namespace): Promise<string> {
    await world.createJob(name, spec(), namespace);
    const { status } = await world.untilReason(name, "TasksRunning", 20_000, namespace);
    return status!.trigger!.jobId;
  }

  async function list(): Promise<Row[]> {
    return ((await (await fetch(`${url}/jobs/overview`)).json()) as { jobs: Row[] }).jobs;
  }

  const stateOf = async (jobId: string) => (await list()).find(({ jid }) => jid === jobId)?.state;
});
