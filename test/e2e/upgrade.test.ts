import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import { eventually } from "../support/eventually.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { Numbers } from "../support/numbers.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";

const RETAINED = {
  "execution.checkpointing.interval": "200ms",
  "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
};

describe.each(flinkTargets())("an upgrade, on Flink $version", (target) => {
  let world: World;
  let operator: Operator;
  let jars: JarServer;

  beforeAll(async () => {
    world = await World.open("upgrade");
    jars = await JarServer.start(target.jobsJar);
    world.onClose(() => jars.close());
    operator = await world.operator();
  });
  afterAll(() => world.close());

  const numbers = (name: string) => new Numbers(`${world.dir}/${name}.numbers`);
  const args = (name: string, version: number, ...more: string[]) => [
    ...["count", "--name", `v${version}`, "--numbers", numbers(name).file, "--trace", world.trace(name).file],
    ...["--delay", "10", ...more],
  ];

  async function counts(name: string, more: number): Promise<void> {
    const before = (await numbers(name).all()).length;
    await eventually(async () => (await numbers(name).all()).length >= before + more, 20_000);
  }

  async function runs(name: string, generation: number) {
    return world.until(
      name,
      ({ status, metadata }) =>
        status?.observedGeneration === metadata.generation &&
        status?.trigger?.generation === generation &&
        status.trigger.reason === "TasksRunning",
      40_000,
    );
  }

  function create(name: string, spec: Partial<FlinkJobSpecInput>, ...more: string[]) {
    return world.createJob(name, {
      cluster: { url: target.url },
      ...scenario(args(name, 1, ...more), { uri: jars.uri() }),
      ...spec,
    } as FlinkJobSpecInput);
  }

  test("savepoint: nothing is lost, nothing is processed twice", async () => {
    await create("savepoint", { upgradeMode: "savepoint" });
    await runs("savepoint", 1);
    await counts("savepoint", 20);
    await world.editJob("savepoint", { args: args("savepoint", 2) });
    const { status } = await runs("savepoint", 2);
    await counts("savepoint", 20);
    expect(status?.trigger?.savepointPath).toMatch(/savepoint-/);
    expect(status?.history).toMatchObject([{ id: "g1", state: "canceled" }]);
    expect(await numbers("savepoint").lost()).toEqual([]);
    expect(await numbers("savepoint").repeated()).toEqual([]);
    expect(await numbers("savepoint").torn()).toEqual([]);
    await world.untilEvent("savepoint", "SavepointCompleted");
  });

  test("last-state: nothing is lost, and what came after the checkpoint is processed again", async () => {
    await create("last-state", { upgradeMode: "last-state", flinkConfiguration: RETAINED });
    await runs("last-state", 1);
    await counts("last-state", 60);
    await world.editJob("last-state", { args: args("last-state", 2) });
    const { status } = await runs("last-state", 2);
    await counts("last-state", 20);
    expect(status?.trigger?.savepointPath).toMatch(/chk-/);
    expect(await numbers("last-state").lost()).toEqual([]);
    expect(await numbers("last-state").torn()).toEqual([]);
    // At most what lies between two checkpoints.
    expect((await numbers("last-state").repeated()).length).toBeLessThan(60);
  });

  test("suspended and resumed: it goes on where it stopped", async () => {
    await create("pause", { upgradeMode: "savepoint" });
    await runs("pause", 1);
    await counts("pause", 20);
    await world.editJob("pause", { state: "suspended" });
    const { status } = await world.until("pause", ({ status }) => status?.state === "Suspended");
    expect(status?.trigger).toMatchObject({ state: "canceled", reason: "Suspended", attempt: 1 });
    const is = Object.fromEntries(status!.conditions!.map((one) => [one.type, one.status]));
    expect(is).toMatchObject({ Ready: "True", Reconciling: "False", Stalled: "False" });
    const stopped = (await numbers("pause").all()).length;
    await operator.restart();
    await world.editJob("pause", { state: "running" });
    const resumed = await world.untilReason("pause", "TasksRunning", 40_000);
    expect(resumed.status?.trigger).toMatchObject({ id: "g1", attempt: 2 });
    await counts("pause", 20);
    expect((await numbers("pause").all())[stopped]?.number).toBe(stopped + 1);
    expect(await numbers("pause").repeated()).toEqual([]);
  });

  test("a savepoint that cannot be written leaves the old job running, and taking the change back mends it", async () => {
    const impossible = { savepoints: { directory: "/proc/nowhere" } };
    await create("stuck", { upgradeMode: "savepoint", ...impossible });
    const before = await runs("stuck", 1);
    await world.editJob("stuck", { args: args("stuck", 2) });
    const { status } = await world.untilReason("stuck", "SavepointFailed", 30_000);
    expect(status?.trigger).toMatchObject({
      id: "g1",
      state: "running",
      jobId: before.status?.trigger?.jobId,
    });
    await counts("stuck", 20);
    await world.editJob("stuck", { args: args("stuck", 1) });
    await world.untilReason("stuck", "TasksRunning");
    expect((await world.job("stuck")).status?.trigger?.jobId).toBe(before.status?.trigger?.jobId);
    expect(await numbers("stuck").repeated()).toEqual([]);
  });
});
