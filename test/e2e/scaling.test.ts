import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkInstance } from "../../dev/flink/cluster.ts";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import { eventually } from "../support/eventually.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { Numbers } from "../support/numbers.ts";
import { SCALED_AT_ONCE } from "../support/scaled-at-once.ts";
import { scenario, World } from "../support/world.ts";

const CHECKPOINTS = { "execution.checkpointing.interval": "200ms" };

describe.each(flinkTargets())("a job is scaled as it runs, on Flink $version", ({ version, jobsJar }) => {
  let world: World;
  let flink: FlinkInstance;
  let numbers: Numbers;
  let jobId: string | undefined;

  beforeAll(async () => {
    world = await World.open("scaling");
    numbers = new Numbers(`${world.dir}/numbers`);
    flink = await world.flink({ version, slots: 3, config: SCALED_AT_ONCE });
    const jars = await JarServer.start(jobsJar);
    world.onClose(() => jars.close());
    await world.operator();
    const args = ["count", "--numbers", numbers.file, "--trace", world.trace("main").file, "--delay", "10"];
    await world.createJob("counts", {
      cluster: { url: flink.url },
      ...scenario(args, { uri: jars.uri() }),
      parallelism: 1,
      upgradeMode: "savepoint",
      flinkConfiguration: CHECKPOINTS,
    } as FlinkJobSpecInput);
    jobId = (await world.untilReason("counts", "TasksRunning", 40_000)).status?.trigger?.jobId;
    await counts(20);
  });
  afterAll(() => world.close());

  async function counts(more: number): Promise<void> {
    const before = (await numbers.all()).length;
    await eventually(async () => (await numbers.all()).length >= before + more, 20_000);
  }

  /** With all its tasks, and as the spec says by now. */
  const runs = (limitMs = 30_000) =>
    world.until(
      "counts",
      ({ status, metadata, spec }) =>
        status?.observedGeneration === metadata.generation &&
        status?.trigger?.parallelism === spec.parallelism &&
        status?.conditions?.find(({ type }) => type === "Ready")?.status === "True",
      limitMs,
    );

  const get = async (path: string) => (await fetch(`${flink.url}${path}`)).json();

  /** How many subtasks each vertex has, as Flink runs it. */
  async function subtasks(): Promise<number[]> {
    const { vertices } = (await get(`/jobs/${jobId}`)) as { vertices: { parallelism: number }[] };
    return vertices.map(({ parallelism }) => parallelism);
  }

  test("kubectl scale: the same job, with its state, and main() does not run again", async () => {
    await world.kubectl(["scale", "fj/counts", "--replicas=2"]);
    const { status } = await runs();
    expect(status?.trigger).toMatchObject({
      id: "g1",
      jobId,
      attempt: 1,
      sends: 1,
      parallelism: 2,
      generation: 2,
    });
    expect(status?.trigger?.scaling).toMatchObject({ parallelism: 2, tasks: 4 });
    expect(status?.history).toBeUndefined();
    await counts(20);
    // What Flink tells of a job is up to 3 s old.
    await eventually(async () => (await subtasks()).join() === "2,2", 10_000, 200);
    expect(await numbers.lost()).toEqual([]);
    expect(await numbers.torn()).toEqual([]);
    expect(await world.trace("main").mains()).toBe(1);
    await world.untilEvent("counts", "Rescaled");
    const scale = await world.kubectl(["get", "fj/counts", "--subresource=scale", "-o", "json"]);
    expect(JSON.parse(scale.stdout)).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 2 } });
  });

  test("Flink refuses more than the maximum parallelism: the job goes on, and the spec is what is wrong", async () => {
    await world.editJob("counts", { parallelism: 500 });
    const { status } = await world.until("counts", ({ status }) =>
      (status?.conditions ?? []).some(
        ({ type, status, reason }) => type === "Stalled" && status === "True" && reason === "RescaleRefused",
      ),
    );
    expect(status?.trigger).toMatchObject({ jobId, state: "running", parallelism: 2 });
    await counts(10);
    await world.editJob("counts", { parallelism: 2 });
    expect((await runs()).status?.trigger).toMatchObject({ id: "g1", jobId, sends: 1 });
  });

  test("without slots it is not what is asked for, and says so; taken back it is", async () => {
    await world.editJob("counts", { parallelism: 9 });
    const { status } = await world.until("counts", ({ status }) => status?.trigger?.parallelism === 9);
    expect(status).toMatchObject({
      state: "Running",
      trigger: { jobId, state: "running", reason: "Rescaling" },
    });
    await world.editJob("counts", { parallelism: 1 });
    expect((await runs()).status?.trigger).toMatchObject({ id: "g1", jobId, sends: 1, parallelism: 1 });
    await counts(20);
    expect(await numbers.lost()).toEqual([]);
    expect(await numbers.torn()).toEqual([]);
  });

  test("rescalePolicy: Restart is a new run, from a savepoint", async () => {
    const { status: before } = await world.job("counts");
    await world.editJob("counts", { parallelism: 2, rescalePolicy: "Restart" });
    const { status, metadata } = await world.until(
      "counts",
      ({ status }) =>
        status?.trigger?.id !== before?.trigger?.id && status?.trigger?.reason === "TasksRunning",
      40_000,
    );
    expect(status?.trigger).toMatchObject({ id: `g${metadata.generation}`, parallelism: 2 });
    expect(status?.trigger?.scaling).toBeUndefined();
    expect(status?.history).toMatchObject([{ id: "g1", jobId, state: "canceled" }]);
    await counts(20);
    expect(await numbers.lost()).toEqual([]);
  });
});
