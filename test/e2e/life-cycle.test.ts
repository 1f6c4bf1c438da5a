import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import type { FlinkJob } from "../../src/api/objects.ts";
import { eventually } from "../support/eventually.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { Numbers } from "../support/numbers.ts";
import { scenario, World } from "../support/world.ts";

const RETAINED = {
  "execution.checkpointing.interval": "200ms",
  "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
  "restart-strategy.type": "none",
};

describe.each(flinkTargets())("the life of a job, on Flink $version", (target) => {
  let world: World;
  let jars: JarServer;
  const made: string[] = [];

  beforeAll(async () => {
    world = await World.open("life");
    jars = await JarServer.start(target.jobsJar);
    world.onClose(() => jars.close());
    await world.operator();
    // It is stable when it has run for half a minute, and does so beside the others.
    await createLasting("back", { upgradeMode: "savepoint", rollback: { deadline: "2m" } });
  });
  afterAll(() => world.close());
  // Slots are few.
  afterEach(async () => {
    for (const name of made.splice(0)) {
      if (!(await world.exists(name))) continue;
      await world.editJob(name, { deletionPolicy: "Cancel" });
      await world.deleteJob(name);
      await world.untilGone(name, 40_000);
    }
  });

  const numbers = (name: string) => new Numbers(`${world.dir}/${name}.numbers`);
  const args = (name: string, ...more: string[]) => [
    ...["count", "--name", name, "--numbers", numbers(name).file, "--delay", "10", ...more],
  ];

  function create(name: string, spec: Partial<FlinkJobSpecInput>, ...more: string[]): Promise<FlinkJob> {
    made.push(name);
    return createLasting(name, spec, ...more);
  }

  function createLasting(
    name: string,
    spec: Partial<FlinkJobSpecInput>,
    ...more: string[]
  ): Promise<FlinkJob> {
    const job = scenario(args(name, ...more), { uri: jars.uri() });
    return world.createJob(name, { cluster: { url: target.url }, ...job, ...spec } as FlinkJobSpecInput);
  }

  const runs = (name: string, id: string, attempt = 1) =>
    world.until(
      name,
      ({ status }) =>
        status?.trigger?.id === id &&
        status.trigger.attempt === attempt &&
        status.trigger.reason === "TasksRunning",
      40_000,
    );

  async function counts(name: string, more: number): Promise<void> {
    const before = (await numbers(name).all()).length;
    await eventually(async () => (await numbers(name).all()).length >= before + more, 20_000);
  }

  async function live(jobId: string): Promise<string[]> {
    const { jobs } = (await (await fetch(`${target.url}/jobs/overview`)).json()) as {
      jobs: { jid: string; state: string }[];
    };
    const over = ["FINISHED", "CANCELED", "FAILED"];
    return jobs
      .filter(({ jid, state }) => jid.startsWith(jobId.slice(0, 16)) && !over.includes(state))
      .map(({ jid }) => jid);
  }

  test("an upgrade whose main() throws leaves the state, and taking it back brings the job back from there", async () => {
    await create("throws", { upgradeMode: "savepoint" });
    await runs("throws", "g1");
    await counts("throws", 20);
    await world.editJob("throws", { args: ["throw", "--message", "no luck"] });
    const { status } = await world.untilReason("throws", "MainFailed", 40_000);
    expect(status).toMatchObject({
      trigger: { id: "g2", failure: { message: expect.stringContaining("no luck") } },
    });
    await world.editJob("throws", { args: args("throws") });
    await runs("throws", "g3");
    await counts("throws", 20);
    expect(await numbers("throws").lost()).toEqual([]);
    expect(await numbers("throws").repeated()).toEqual([]);
  });

  test("state that does not fit is refused by Flink, told, and not lost", async () => {
    await create("misfit", { upgradeMode: "savepoint" });
    await runs("misfit", "g1");
    await counts("misfit", 20);
    await world.editJob("misfit", { args: args("misfit", "--uid", "other") });
    const { status } = await world.until(
      "misfit",
      ({ status }) => status?.trigger?.state === "failed",
      40_000,
    );
    expect(status?.trigger).toMatchObject({
      ...{ id: "g2", reason: "StateMismatch" },
      savepointPath: expect.stringContaining("savepoint-"),
    });
    await world.editJob("misfit", { args: args("misfit") });
    await runs("misfit", "g3");
    await counts("misfit", 20);
    expect(await numbers("misfit").repeated()).toEqual([]);
    expect(await numbers("misfit").torn()).toEqual([]);
  });

  test("a job that fails gets a new attempt from its newest checkpoint", async () => {
    const spec = {
      upgradeMode: "last-state",
      restartPolicy: "OnFailure",
      restart: { backoff: "1s", limit: 1 },
    } as const;
    await create("fails", { ...spec, flinkConfiguration: RETAINED }, "--fail-at", "150");
    const { status } = await world.until(
      "fails",
      ({ status }) => status?.trigger?.state === "failed" && status.trigger.attempt === 2,
      60_000,
    );
    expect(status?.trigger).toMatchObject({ restarts: 1, savepointPath: expect.stringContaining("chk-") });
    expect(status?.history).toMatchObject([{ id: "g1", attempt: 1, state: "failed" }]);
    expect(await numbers("fails").lost()).toEqual([]);
    expect(await numbers("fails").torn()).toEqual([]);
    expect(status?.conditions?.find(({ type }) => type === "Stalled")?.status).toBe("True");
  });

  test("Flink restarts it: how often, and why, stands in the status", async () => {
    const flinkConfiguration = {
      "restart-strategy.type": "fixed-delay",
      "restart-strategy.fixed-delay.attempts": 1000,
      "restart-strategy.fixed-delay.delay": "1s",
    };
    await create("restarts", { flinkConfiguration }, "--fail-at", "10");
    const { status } = await world.until(
      "restarts",
      ({ status }) => (status?.job?.restarts ?? 0) > 0,
      60_000,
    );
    expect(status?.job?.lastException?.message).toContain("the user's code says no at 10");
    expect(status?.trigger).toMatchObject({ state: "running", attempt: 1 });
  });

  test("a JobManager without high availability is lost: Resubmit goes on from the newest checkpoint", async () => {
    // What the operator knows of is up to 13 s old: Flink must keep as many. It reads this from the cluster alone.
    const config = { "execution.checkpointing.num-retained": "40" };
    const flink = await world.flink({ version: target.version, config });
    const spec = { upgradeMode: "last-state", lostPolicy: "Resubmit", cluster: { url: flink.url } } as const;
    const flinkConfiguration = { ...RETAINED, "execution.checkpointing.interval": "1s" };
    await create("lost", { ...spec, flinkConfiguration });
    await runs("lost", "g1");
    const known = await world.until(
      "lost",
      ({ status }) => status?.restorePoint?.kind === "checkpoint",
      40_000,
    );
    await flink.killJobManager();
    await flink.startJobManager();
    const { status } = await runs("lost", "g1", 2);
    await counts("lost", 20);
    expect(status?.trigger?.savepointPath).toMatch(/chk-/);
    expect(Date.parse(known.status!.restorePoint!.takenAt!)).toBeGreaterThan(0);
    expect(status?.history).toMatchObject([{ attempt: 1, failure: { reason: "JobLost" } }]);
    expect(await numbers("lost").lost()).toEqual([]);
    expect(await numbers("lost").torn()).toEqual([]);
  });

  test("deletionPolicy Savepoint: its path outlives the FlinkJob in an event", async () => {
    await create("kept", { deletionPolicy: "Savepoint" });
    const { status } = await runs("kept", "g1");
    await world.deleteJob("kept");
    await world.untilGone("kept", 40_000);
    const { note } = await world.untilEvent("kept", "SavepointCompleted");
    expect(note).toMatch(/savepoint-/);
    expect(await live(status!.trigger!.jobId)).toEqual([]);
  });

  test("stopped by hand with a savepoint: the next run starts from there", async () => {
    await create("by-hand", { upgradeMode: "savepoint" });
    const { status } = await runs("by-hand", "g1");
    await counts("by-hand", 20);
    await fetch(`${target.url}/jobs/${status!.trigger!.jobId}/stop`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ drain: false }),
    });
    const stopped = await world.until(
      "by-hand",
      ({ status }) => status?.result?.accumulators !== undefined,
      40_000,
    );
    expect(stopped.status).toMatchObject({
      trigger: { state: "finished" },
      restorePoint: { kind: "savepoint" },
    });
    await world.editJob("by-hand", { trigger: { id: "again" } });
    await runs("by-hand", "again");
    await counts("by-hand", 20);
    expect(await numbers("by-hand").repeated()).toEqual([]);
    expect(await numbers("by-hand").lost()).toEqual([]);
  });

  test("a job that runs already is adopted by its JobID, and its upgrade keeps its state", async () => {
    const other = await World.open("other");
    await other.operator();
    const spec = { cluster: { url: target.url }, deletionPolicy: "Orphan" } as const;
    await other.createJob("old", { ...spec, ...scenario(args("adopted"), { uri: jars.uri() }) });
    const { status } = await other.untilReason("old", "TasksRunning", 40_000);
    const { jobId } = status!.trigger!;
    await other.deleteJob("old");
    await other.untilGone("old");
    await create("adopted", { upgradeMode: "savepoint", trigger: { jobId } });
    const adopted = await runs("adopted", "g1");
    expect(adopted.status?.trigger).toMatchObject({
      jobId,
      sends: 1,
      adoptedBy: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    await world.untilEvent("adopted", "Adopted");
    await world.editJob("adopted", { parallelism: 1 });
    await runs("adopted", "g2");
    await counts("adopted", 20);
    expect(await numbers("adopted").repeated()).toEqual([]);
    expect(await numbers("adopted").lost()).toEqual([]);
    await other.close();
  });

  test("rollback: an upgrade that fails goes back to the last stable version and the state it had", async () => {
    made.push("back");
    await world.until("back", ({ status }) => status?.stable !== undefined, 60_000);
    await world.editJob("back", { args: ["throw"] });
    const { status } = await runs("back", "g2.rollback");
    await counts("back", 20);
    expect(status?.rolledBack).toMatchObject({ triggerId: "g2", generation: 1, reason: "MainFailed" });
    const is = Object.fromEntries(
      status!.conditions!.map((one) => [one.type, `${one.status} ${one.reason}`]),
    );
    expect(is).toMatchObject({ Stalled: "True RolledBack", Ready: "False RolledBack" });
    expect(await numbers("back").repeated()).toEqual([]);
    await world.untilEvent("back", "RolledBack");
  });
});
