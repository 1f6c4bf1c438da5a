import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FINALIZER } from "../../src/api/group.ts";
import { eventually } from "../support/eventually.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import type { Printed } from "../support/kubectl.ts";
import { scenario, World } from "../support/world.ts";

describe.each(flinkTargets())("a FlinkJob that is deleted, on Flink $version", ({ url, jobsJar }) => {
  let world: World;
  let jars: JarServer;
  let gate: FlinkGate;
  let doomed: string;
  let namespaceDeleted: Promise<Printed>;

  beforeAll(async () => {
    world = await World.open("deletion", { count: 2 });
    jars = await JarServer.start(jobsJar);
    gate = await new FlinkGate(url).open();
    world.onClose(() => jars.close());
    world.onClose(() => gate.close());
    await world.operator();
    await world.createCluster("local", { url: gate.url });
    const [, namespace = ""] = world.namespaces;
    await world.createCluster("local", { url: gate.url }, namespace);
    doomed = await running("orders", ["stream"], {}, namespace);
    expect((await world.job("orders", namespace)).metadata.finalizers).toEqual([FINALIZER]);
    // The namespace controller takes several seconds; the result is read in the last test.
    namespaceDeleted = world.kubectl(["delete", "namespace", namespace, "--timeout=30s"]);
  });
  afterAll(() => world.close());

  test("takes its job along, and waits until it has ended", async () => {
    const jobId = await running("orders", ["stream"]);
    const { stdout, code } = await world.kubectl(["delete", "fj", "orders", "--timeout=20s"]);
    expect({ stdout, code }).toMatchObject({ code: 0 });
    // kubectl returned, so the object is gone; the job went first.
    expect(await stateOf(jobId)).toBe("CANCELED");
    const deleting = await world.untilEvent("orders", "Deleting");
    expect(deleting).toMatchObject({ type: "Normal", note: expect.stringContaining("being cancelled") });
  });

  test("leaves it with deletionPolicy: Orphan", async () => {
    const jobId = await running("orphan", ["stream"], { deletionPolicy: "Orphan" });
    await world.kubectl(["delete", "fj", "orphan", "--timeout=20s"]);
    expect(await stateOf(jobId)).toBe("RUNNING");
    await fetch(`${url}/jobs/${jobId}?mode=cancel`, { method: "PATCH" });
  });

  test("while main() runs: the job that main() would submit does not stay", async () => {
    const trace = world.trace("early");
    await world.createJob("early", {
      cluster: { name: "local" },
      ...scenario(["stream", "--sleep", "2500", "--trace", trace.file], { uri: jars.uri() }),
    });
    await eventually(async () => (await trace.mains()) === 1, 10_000);
    const { jobId } = (await world.job("early")).status!.trigger!;
    await world.deleteJob("early");
    await world.untilGone("early");
    expect([undefined, "CANCELED"]).toContain(await stateOf(jobId));
    expect(gate.runs.length).toBeGreaterThan(0);
  });

  test("while its JAR is being fetched: nothing is sent", async () => {
    const sent = gate.runs.length;
    const uri = jars.uri("slow", { kind: "slow", ms: 20_000 });
    await world.createJob("fetching", { cluster: { name: "local" }, ...scenario(["stream"], { uri }) });
    await eventually(() => jars.requests("slow") === 1);
    await world.deleteJob("fetching");
    await world.untilGone("fetching", 5_000);
    expect(gate.runs).toHaveLength(sent);
  });

  test("that never reached a cluster goes at once", async () => {
    await world.createJob("lost", {
      cluster: { name: "nowhere" },
      ...scenario(["stream"], { uri: jars.uri() }),
    });
    await world.untilReason("lost", "ClusterNotFound");
    await world.deleteJob("lost");
    await world.untilGone("lost", 5_000);
  });

  test("together with its FlinkCluster: the job is cancelled where it was sent to", async () => {
    await world.createCluster("brief", { url: gate.url });
    const jobId = await running("both", ["stream"], { cluster: { name: "brief" } });
    await world.kubectl(["delete", "fc/brief", "fj/both", "--timeout=20s"]);
    await world.untilGone("both");
    expect(await stateOf(jobId)).toBe("CANCELED");
  });

  test("with its namespace: it goes, and its job with it", async () => {
    const { code, stderr } = await namespaceDeleted;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await stateOf(doomed)).toBe("CANCELED");
  });

  async function running(
    name: string,
    args: string[],
    patch = {},
    namespace = world.namespace,
  ): Promise<string> {
    const spec = { cluster: { name: "local" }, ...scenario(args, { uri: jars.uri() }), ...patch };
    await world.createJob(name, spec, namespace);
    const { status } = await world.untilReason(name, "TasksRunning", 20_000, namespace);
    return status!.trigger!.jobId;
  }

  async function stateOf(jobId: string): Promise<string | undefined> {
    const { jobs } = (await (await fetch(`${url}/jobs/overview`)).json()) as {
      jobs: { jid: string; state: string }[];
    };
    return jobs.find(({ jid }) => jid === jobId)?.state;
  }
});
