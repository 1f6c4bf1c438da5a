import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import type { FlinkSavepoint } from "../../src/api/objects.ts";
import { eventually } from "../support/eventually.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";

describe.each(flinkTargets())("FlinkSavepoints on Flink $version", (target) => {
  let world: World;
  let operator: Operator;
  let gate: FlinkGate;
  let jars: JarServer;

  beforeAll(async () => {
    world = await World.open("savepoints");
    jars = await JarServer.start(target.jobsJar);
    world.onClose(() => jars.close());
    gate = await new FlinkGate(target.url).open();
    world.onClose(() => gate.close());
    operator = await world.operator();
  });
  afterAll(() => world.close());

  const createJob = (name: string, spec: Partial<FlinkJobSpecInput> = {}) =>
    world.createJob(name, {
      cluster: { url: gate.url },
      ...scenario(["count", "--delay", "10", "--trace", world.trace(name).file], { uri: jars.uri() }),
      savepoints: { directory: directory(name) },
      ...spec,
    } as FlinkJobSpecInput);
  const directory = (name: string) => `file:${world.dir}/${name}`;
  const taken = async (name: string) => {
    const path = `${world.dir}/${name}`;
    return existsSync(path) ? (await readdir(path)).filter((entry) => entry.startsWith("savepoint-")) : [];
  };
  const isComplete = ({ status }: FlinkSavepoint) => status?.state === "completed";
  const asked = () =>
    gate.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/savepoints")).length;
  const conditions = ({ status }: FlinkSavepoint) =>
    Object.fromEntries(status!.conditions!.map((one) => [one.type, one.status]));
  const fileOf = (path = "") => path.replace("file:", "");

  test("waits for its FlinkJob, is taken once, and applying it again does nothing", async () => {
    await world.createSavepoint("first", { job: { name: "counter" } });
    await world.untilSavepoint("first", ({ status }) => status?.reason === "FlinkJobNotFound");
    await createJob("counter");
    const first = await world.untilSavepoint("first", isComplete, 40_000);
    const { jobId } = (await world.job("counter")).status!.trigger!;
    expect(first.status).toMatchObject({ reason: "SavepointCompleted", jobId, number: 1 });
    expect(conditions(first)).toEqual({ Ready: "True", Reconciling: "False", Stalled: "False" });
    expect(existsSync(`${fileOf(first.status?.path)}/_metadata`)).toBe(true);
    expect(await taken("counter")).toHaveLength(1);
    const again = { ...first, metadata: { name: "first" }, status: undefined };
    expect(await world.apply([again])).toMatchObject({ code: 0 });
    await operator.restart();
    await world.createSavepoint("second", { job: { name: "counter" } });
    await world.untilSavepoint("second", isComplete);
    const { metadata, status } = await world.savepoint("first");
    expect(status).toEqual(first.status);
    expect(metadata.generation).toBe(1);
    expect(await taken("counter")).toHaveLength(2);
    expect(asked()).toBe(2);
    await eventually(async () =>
      (await world.events("first", world.namespace, "FlinkSavepoint")).some(
        ({ reason }) => reason === "SavepointCompleted",
      ),
    );
  });

  test("takes no second one when the operator is killed between the request and its record", async () => {
    let killed: Promise<void> | undefined;
    gate.loses = ({ method, path }) => {
      if (method !== "POST" || !path.endsWith("/savepoints") || killed) return false;
      killed = operator.kill();
      return true;
    };
    const before = await taken("counter");
    await world.createSavepoint("killed", { job: { name: "counter" } });
    await eventually(() => killed !== undefined);
    await killed;
    const left = await world.savepoint("killed");
    expect(left.status).toMatchObject({ state: "inProgress", number: 1 });
    await operator.start();
    const { status } = await world.untilSavepoint("killed", isComplete);
    expect(status).toMatchObject({ operationId: left.status?.operationId, number: 1 });
    const after = (await taken("counter")).filter((name) => !before.includes(name));
    expect(after).toEqual([fileOf(status?.path).split("/").at(-1)]);
  });

  test("says why where it cannot be written, and the job goes on", async () => {
    const impossible = { directory: "file:/proc/nowhere", backoffLimit: 0 };
    await world.createSavepoint("impossible", { job: { name: "counter" }, ...impossible });
    const failed = await world.untilSavepoint("impossible", ({ status }) => status?.state === "failed");
    expect(failed.status).toMatchObject({ reason: "SavepointFailed", failures: 1 });
    expect(failed.status?.message).toContain("/proc/nowhere");
    expect(conditions(failed)).toEqual({ Ready: "False", Reconciling: "False", Stalled: "True" });
    expect((await world.job("counter")).status?.trigger?.reason).toBe("TasksRunning");
  });

  test("names one that is there already, and its files go with it if that is wanted", async () => {
    const { path = "" } = (await world.savepoint("second")).status!;
    const wish = { job: { name: "counter" }, alreadyExists: { path } };
    const sent = asked();
    await world.createSavepoint("kept", wish);
    await world.createSavepoint("named", { ...wish, disposeOnDelete: true });
    await world.createSavepoint("twice", { ...wish, disposeOnDelete: true });
    for (const name of ["kept", "named", "twice"]) {
      const { status } = await world.untilSavepoint(name, isComplete);
      expect(status).toMatchObject({ reason: "Imported", path });
    }
    expect(asked()).toBe(sent);
    await world.deleteSavepoint("kept");
    expect(existsSync(fileOf(path))).toBe(true);
    // Two others name it.
    await world.deleteSavepoint("named");
    expect(existsSync(fileOf(path))).toBe(true);
    await world.deleteSavepoint("second");
    expect(existsSync(fileOf(path))).toBe(true);
    await world.deleteSavepoint("twice");
    expect(existsSync(fileOf(path))).toBe(false);
    // Gone already: that is as good.
    await world.createSavepoint("late", { ...wish, disposeOnDelete: true });
    await world.untilSavepoint("late", isComplete);
    await world.deleteSavepoint("late");
  });

  test("periodic ones are taken while the job runs, and older ones go", async () => {
    const every = { directory: directory("periodic"), interval: "1s", historyLimit: 2 };
    await createJob("periodic", { savepoints: every });
    const periodic = async () =>
      (await world.savepoints()).filter(
        ({ metadata }) => metadata.labels?.["flinkjob.dev/job"] === "periodic",
      );
    const seen = new Set<string>();
    await eventually(
      async () => {
        const all = await periodic();
        for (const { metadata } of all) seen.add(metadata.name);
        return seen.size >= 4 && all.filter(isComplete).length === 2;
      },
      40_000,
      100,
    );
    await world.editJob("periodic", {
      savepoints: { interval: null },
    } as unknown as Partial<FlinkJobSpecInput>);
    const left = await eventually(async () => {
      const all = await periodic();
      return all.length === 2 && all.every(isComplete) ? all : false;
    }, 20_000);
    // Nothing but what they name is left on disk.
    const named = left.map(({ status }) => fileOf(status?.path).split("/").at(-1));
    await eventually(async () => expect((await taken("periodic")).sort()).toEqual(named.sort()));
    expect(new Set(left.map(({ status }) => status?.operationId)).size).toBe(2);
  });

  test("a FlinkJob that is deleted with a savepoint leaves a record of it, if that is wanted", async () => {
    const savepoints = { directory: directory("recorded"), recordOnDeletion: true };
    await createJob("recorded", { deletionPolicy: "Savepoint", savepoints });
    const { status } = await world.untilReason("recorded", "TasksRunning", 40_000);
    await world.deleteJob("recorded");
    await world.untilGone("recorded");
    const [record] = (await world.savepoints()).filter(({ spec }) => spec.job.name === "recorded");
    expect(record?.metadata.ownerReferences).toBeUndefined();
    const { metadata } = await world.untilSavepoint(record?.metadata.name ?? "", isComplete);
    const { path, jobId } = (await world.savepoint(metadata.name)).status!;
    expect(jobId).toBe(status?.trigger?.jobId);
    expect(existsSync(`${fileOf(path)}/_metadata`)).toBe(true);
  });

  test("of a job that has ended is given up, and nothing is asked of Flink", async () => {
    await world.deleteJob("counter");
    await world.untilGone("counter");
    await world.createJob("short", {
      cluster: { url: gate.url },
      ...scenario(["batch", "--trace", world.trace("short").file], { uri: jars.uri() }),
    });
    await world.until("short", ({ status }) => status?.trigger?.state === "finished", 40_000);
    const sent = asked();
    await world.createSavepoint("after", { job: { name: "short" } });
    const after = await world.untilSavepoint("after", ({ status }) => status?.state === "abandoned");
    expect(after.status).toMatchObject({ reason: "JobEnded" });
    expect(asked()).toBe(sent);
  });
});
