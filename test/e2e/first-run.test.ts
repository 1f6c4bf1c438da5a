import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkJob } from "../../src/api/objects.ts";
import { eventually } from "../support/eventually.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { scenario, World } from "../support/world.ts";

describe.each(flinkTargets())("a FlinkJob's first run on Flink $version", ({ url, jobsJar, version }) => {
  let world: World;
  let jars: JarServer;

  beforeAll(async () => {
    world = await World.open("first-run");
    jars = await JarServer.start(jobsJar);
    world.onClose(() => jars.close());
    await world.operator();
    await world.createCluster("local", { url });
  });
  afterAll(() => world.close());

  test("from kubectl apply to running tasks, as kubectl shows it", async () => {
    const trace = world.trace("orders");
    const job = {
      apiVersion: "flinkjob.dev/v1alpha1",
      kind: "FlinkJob",
      metadata: { name: "orders" },
      spec: {
        cluster: { name: "local" },
        ...scenario(["stream", "--trace", trace.file], { uri: jars.uri(), sha256: jars.sha256 }),
      },
    };
    const applied = await world.apply([job]);
    expect(applied).toMatchObject({ code: 0, stdout: "flinkjob.flinkjob.dev/orders created\n" });

    const waited = await world.kubectl(["wait", "--for=condition=Ready", "--timeout=20s", "fj/orders"]);
    expect(waited).toMatchObject({ code: 0, stderr: "" });
    // Ready means that the tasks run, so this one has begun.
    await eventually(async () => (await trace.events("task")).length === 1, 1_000);

    const { status, metadata } = await world.job("orders");
    expect(status).toMatchObject({
      observedGeneration: metadata.generation,
      state: "Running",
      cluster: "local",
      trigger: { id: "g1", state: "running", reason: "TasksRunning", attempt: 1, sends: 1 },
      job: { state: "RUNNING", name: "scenario-stream" },
    });
    const { jobId } = status!.trigger!;
    expect(await trace.events("task")).toMatchObject([{ jobId }]);
    expect(await trace.mains()).toBe(1);

    // The states came in this order, each seen by whoever watches, and few enough to be read.
    const states = world.recording.of("orders").map(({ status }) => status?.trigger?.state);
    expect([...new Set(states)]).toEqual([undefined, "pending", "running"]);
    expect(ready(world.recording.of("orders").findLast(pending)!)).toBe("False");
    expect(writes(world.recording.of("orders"))).toBeLessThanOrEqual(5);

    const [header, row] = await table("fj", "orders");
    expect(header).toEqual(["NAME", "CLUSTER", "TRIGGER", "JOB", "READY", "AGE"]);
    expect(row?.slice(0, 5)).toEqual(["orders", "local", "running", "RUNNING", "True"]);
    const [wideHeader, wideRow] = await table("fj", "orders", "-o", "wide");
    expect(wideHeader?.slice(6)).toEqual(["JOB-ID", "REASON", "MESSAGE", "RESTORE-POINT"]);
    expect(wideRow?.slice(6, 8)).toEqual([jobId, "TasksRunning"]);
    const [, cluster] = await table("flinkclusters", "local");
    expect(cluster?.[4]).toBe("True");
  });

  test("kubectl describe tells the story in events", async () => {
    await world.untilEvent("orders", "TasksRunning");
    const { stdout } = await world.kubectl(["describe", "fj", "orders"]);
    const events = stdout.slice(stdout.indexOf("Events:"));
    expect(events).toMatch(/Normal +Submitted .*flinkjob.* accepted trigger g1 as job [0-9a-f]{32}/);
    expect(events).toMatch(/Normal +TasksRunning /);
    expect(events).not.toContain("Warning");
  });

  test("the JAR that came by URI is gone from Flink after the submission", async () => {
    await eventually(async () => {
      const { files } = (await (await fetch(`${url}/jars`)).json()) as { files: { name: string }[] };
      const { jobId } = (await world.job("orders")).status!.trigger!;
      expect(files.filter(({ name }) => name.includes(jobId))).toEqual([]);
    }, 5_000);
  });

  test("a job that wants more slots than there are is accepted and not Ready", async () => {
    // So long Flink waits for a TaskManager that may still come.
    const config = { "resourcemanager.standalone.start-up-time": "1 min" };
    const small = await world.flink({ version, slots: 1, config });
    await world.createCluster("small", { url: small.url });
    await world.createJob("greedy", {
      cluster: { name: "small" },
      ...scenario(["stream"], { uri: jars.uri() }),
      parallelism: 2,
    });
    const starting = await world.until(
      "greedy",
      ({ status }) => status?.trigger?.state === "running" && status.job?.state === "RUNNING",
    );
    expect(starting.status).toMatchObject({
      state: "Starting",
      trigger: {
        reason: "WaitingForTasks",
        message: expect.stringContaining("not all of its tasks run yet"),
      },
    });
    expect(ready(starting)).toBe("False");
    const [, row] = await table("fj", "greedy");
    expect(row?.slice(0, 5)).toEqual(["greedy", "small", "running", "RUNNING", "False"]);
    const waited = await world.kubectl(["wait", "--for=condition=Ready", "--timeout=1s", "fj/greedy"]);
    expect(waited.code).toBe(1);
    expect(world.recording.story("greedy").at(-1)).toBe("running WaitingForTasks");
  });

  async function table(...what: string[]): Promise<string[][]> {
    const { stdout } = await world.kubectl(["get", ...what]);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/\s{2,}/));
  }
});

const ready = ({ status }: FlinkJob) => status?.conditions?.find(({ type }) => type === "Ready")?.status;
const pending = ({ status }: FlinkJob) => status?.trigger?.state === "pending";
const writes = (versions: FlinkJob[]) => versions.length - 1;
