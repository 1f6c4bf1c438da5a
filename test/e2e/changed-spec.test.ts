import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { scenario, World } from "../support/world.ts";

interface Row {
  jid: string;
  name: string;
  state: string;
  "start-time": number;
  "end-time": number;
}

describe.each(flinkTargets())("a FlinkJob whose spec changes, on Flink $version", ({ url, jobsJar }) => {
  let world: World;
  let jars: JarServer;
  let gate: FlinkGate;
  let first: string;

  beforeAll(async () => {
    world = await World.open("changed");
    jars = await JarServer.start(jobsJar);
    gate = await new FlinkGate(url).open();
    world.onClose(() => jars.close());
    world.onClose(() => gate.close());
    await world.operator();
    const trace = world.trace("orders");
    const args = ["stream", "--trace", trace.file, "--name"];
    const spec = { cluster: { url: gate.url }, ...scenario([...args, "one"], { uri: jars.uri() }) };
    await world.createJob("orders", spec);
    first = (await world.untilReason("orders", "TasksRunning")).status!.trigger!.jobId;
    await world.editJob("orders", { args: [...args, "two"] });
  });
  afterAll(() => world.close());

  test("is replaced: the old job is over before the new one starts", async () => {
    const { status } = await world.until("orders", runs("g2"));
    expect(status).toMatchObject({
      observedGeneration: 2,
      trigger: { id: "g2", attempt: 1, generation: 2, sends: 1 },
      job: { name: "two" },
      history: [{ id: "g1", jobId: first, state: "canceled" }],
    });
    const [old, young] = await own();
    expect(old).toMatchObject({ jid: first, state: "CANCELED", name: "one" });
    expect(young).toMatchObject({ jid: status!.trigger!.jobId, state: "RUNNING", name: "two" });
    expect(old!["end-time"]).toBeLessThanOrEqual(young!["start-time"]);
    expect(gate.runs).toHaveLength(2);
    expect(await world.trace("orders").mains()).toBe(2);
    const story = world.recording.story("orders");
    expect(story.indexOf("running Replacing")).toBeGreaterThan(story.indexOf("running TasksRunning"));
    await world.untilEvent("orders", "Replacing");
  });

  test("is run again for another trigger ID, and not again for one that was used", async () => {
    await world.editJob("orders", { trigger: { id: "release-1" } });
    await world.until("orders", runs("release-1"));
    await world.editJob("orders", { trigger: { id: "release-2" } });
    await world.until("orders", runs("release-2"));
    await world.editJob("orders", { trigger: { id: "release-1" } });
    const refused = await world.until("orders", ({ status }) =>
      (status?.conditions ?? []).some(({ reason }) => reason === "TriggerIdReused"),
    );
    expect(refused.status).toMatchObject({
      observedGeneration: 5,
      trigger: { id: "release-2", state: "running" },
    });
    expect(gate.runs).toHaveLength(4);
    expect((await own()).filter(({ state }) => state === "RUNNING")).toHaveLength(1);
    await world.editJob("orders", { trigger: { id: "release-2" } });
    await world.until("orders", runs("release-2"));
    expect(gate.runs).toHaveLength(4);
  });

  test("changed many times at once, it ends as the last change says, and only one job lives", async () => {
    const { args = [] } = (await world.job("orders")).spec;
    for (const parallelism of [2, 1, 2, 1, 2]) {
      await world.editJob("orders", { parallelism, args: [...args.slice(0, -1), `p${parallelism}`] });
    }
    const done = await world.until(
      "orders",
      ({ status, metadata }) =>
        status?.trigger?.reason === "TasksRunning" &&
        status.observedGeneration === metadata.generation &&
        status.job?.name === "p2",
    );
    const rows = await own();
    expect(rows.filter(({ state }) => state === "RUNNING")).toMatchObject([
      { jid: done.status?.trigger?.jobId },
    ]);
    const times = rows.map((row) => [row["start-time"], row["end-time"]] as const);
    for (const [i, [start]] of times.entries()) expect(start).toBeGreaterThanOrEqual(times[i - 1]?.[1] ?? 0);
  });

  test("changed while main() runs: the outcome comes first, then the change", async () => {
    const trace = world.trace("busy");
    const args = ["stream", "--sleep", "2500", "--trace", trace.file, "--name"];
    await world.createJob("busy", {
      cluster: { url: gate.url },
      ...scenario([...args, "one"], { uri: jars.uri() }),
    });
    await eventually(async () => (await trace.mains()) === 1, 10_000);
    await world.editJob("busy", { args: ["stream", "--trace", trace.file, "--name", "two"] });
    const { status } = await world.until("busy", runs("g2"));
    expect(status?.history).toMatchObject([{ id: "g1", state: "canceled" }]);
    expect(await trace.mains()).toBe(2);
    const tasks = (await trace.events("task")).map(({ jobId }) => jobId);
    expect(tasks.at(-1)).toBe(status?.trigger?.jobId);
  });

  const runs = (id: string) => (job: Awaited<ReturnType<World["job"]>>) =>
    job.status?.trigger?.id === id && job.status.conditions?.[0]?.reason === "TasksRunning";

  /** The Flink jobs of `orders`, oldest first. */
  async function own(): Promise<Row[]> {
    const { jobs } = (await (await fetch(`${url}/jobs/overview`)).json()) as { jobs: Row[] };
    return jobs
      .filter(({ jid }) => jid.startsWith(first.slice(0, 16)))
      .sort((a, b) => a["start-time"] - b["start-time"]);
  }
});
