import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";

const MAIN_MS = 20_000;

// The two versions share the long wait.
describe("a main() that takes its time", () => {
  const targets = flinkTargets();
  let world: World;
  const gates = new Map<string, FlinkGate>();
  const jars = new Map<string, JarServer>();

  beforeAll(async () => {
    world = await World.open("slow");
    for (const { version, url, jobsJar } of targets) {
      const gate = await new FlinkGate(url).open();
      const server = await JarServer.start(jobsJar);
      world.onClose(() => gate.close());
      world.onClose(() => server.close());
      gates.set(version, gate);
      jars.set(version, server);
    }
    // One place for a beginning run request: a slow main() may not keep it.
    await world.operator("--submission-concurrency", "1");
    for (const { version } of targets)
      await world.createJob(name(version), spec(version, "slow", ["stream", "--sleep", String(MAIN_MS)]));
  });
  afterAll(() => world.close());

  test.each(targets)("is pending with a reason, on Flink $version", async ({ version }) => {
    const waiting = await world.untilReason(name(version), "MainRunning");
    expect(waiting.status).toMatchObject({ state: "Pending", trigger: { state: "pending", sends: 1 } });
    expect(waiting.status?.trigger?.message).toMatch(/main\(\)/);
    const { status } = waiting;
    const is = Object.fromEntries(status!.conditions!.map((one) => [one.type, one.status]));
    expect(is).toMatchObject({ Ready: "False", Reconciling: "True", Stalled: "False" });
  });

  test.each(targets)("does not hold up another FlinkJob, on Flink $version", async ({ version }) => {
    await world.createJob(`${name(version)}-quick`, spec(version, "quick", ["stream"]));
    await world.untilReason(`${name(version)}-quick`, "TasksRunning", 10_000);
    expect((await world.job(name(version))).status?.trigger).toMatchObject({
      state: "pending",
      reason: "MainRunning",
    });
  });

  test.each(targets)("runs in the end: one job, main() ran once, on Flink $version", async (target) => {
    const { version, url } = target;
    const { status } = await world.untilReason(name(version), "TasksRunning", MAIN_MS + 10_000);
    expect(status?.trigger).toMatchObject({ attempt: 1, sends: 1, tries: 1 });
    const { jobId } = status!.trigger!;
    const trace = world.trace(`${version}-slow`);
    expect(await trace.events("main")).toMatchObject([{ jobId }]);
    expect(await trace.events("task")).toMatchObject([{ jobId }]);
    const { jobs } = (await (await fetch(`${url}/jobs/overview`)).json()) as { jobs: { jid: string }[] };
    expect(jobs.filter(({ jid }) => jid.startsWith(jobId.slice(0, 16)))).toHaveLength(1);
    // The slow one and the quick one.
    expect(gates.get(version)?.runs).toHaveLength(2);
    const story = world.recording.story(name(version)).filter((word) => word !== "running WaitingForTasks");
    expect(story.slice(-2)).toEqual(["pending MainRunning", "running TasksRunning"]);
    const written = world.recording.of(name(version)).map(({ status }) => JSON.stringify(status?.trigger));
    expect(written.length, written.join("\n")).toBeLessThanOrEqual(6);
  });

  function spec(version: string, what: string, args: string[]) {
    const trace = world.trace(`${version}-${what}`);
    return {
      cluster: { url: gates.get(version)!.url },
      ...scenario([...args, "--trace", trace.file], { uri: jars.get(version)!.uri() }),
    };
  }
});

/** Each takes a thread of the JobManager: eight of them on a machine of two processors, and it answers nobody. */
describe("many main()s that take their time, on Flink 2.3", () => {
  const { url, jobsJar } = flinkTargets().find(({ version }) => version === "2.3")!;
  const names = ["a", "b", "c", "d", "e"];
  let world: World;
  let jars: JarServer;
  let operator: Operator;

  beforeAll(async () => {
    world = await World.open("many-mains");
    jars = await JarServer.start(jobsJar);
    world.onClose(() => jars.close());
    operator = await world.operator("--main-concurrency", "2");
  });
  afterAll(() => world.close());

  const go = (what: string) => join(world.dir, `${what}.go`);
  const create = (what: string) => {
    const args = ["stream", "--wait-for", go(what), "--trace", world.trace(what).file];
    return world.createJob(what, { cluster: { url }, ...scenario(args, { uri: jars.uri() }) });
  };
  const reasons = async () =>
    Promise.all(names.map(async (what) => (await world.job(what)).status?.trigger?.reason));
  const begun = async () => {
    const mains = await Promise.all(names.map((what) => world.trace(what).mains()));
    return mains.filter((count) => count > 0).length;
  };

  test("two run, the others say what they wait for, also to another operator", async () => {
    await Promise.all(names.map(create));
    await eventually(
      async () =>
        expect((await reasons()).sort()).toEqual([
          "MainRunning",
          "MainRunning",
          ...names.slice(2).fill("WaitingForMains"),
        ]),
      30_000,
      100,
    );
    // What the one before has sent counts for the next one.
    await operator.restart();
    names.push("late");
    await create("late");
    await world.untilReason("late", "WaitingForMains");
    expect(await begun()).toBe(2);
  });

  test("and each comes to its turn as the ones before come to their end", async () => {
    for (let done = 0; done < names.length; done++) {
      const running = await eventually(
        async () => {
          const all = await reasons();
          const mains = names.filter((_, i) => all[i] === "MainRunning");
          return mains.length === Math.min(2, names.length - done) ? mains : false;
        },
        30_000,
        100,
      );
      expect(await begun()).toBe(Math.min(names.length, done + 2));
      await writeFile(go(running[0]!), "");
      await world.untilReason(running[0]!, "TasksRunning", 30_000);
    }
    for (const what of names) {
      const { status } = await world.job(what);
      expect(status?.trigger, what).toMatchObject({ reason: "TasksRunning", attempt: 1, sends: 1 });
      expect(await world.trace(what).mains(), what).toBe(1);
    }
  });
});

const name = (version: string) => `slow-${version.replace(".", "-")}`;
