import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";

const targets = flinkTargets();
const label = (version: string) => `v${version.replace(".", "-")}`;

describe("an operator that is killed at any moment", () => {
  let world: World;
  let operator: Operator;
  const gates = new Map<string, FlinkGate>();
  const jars = new Map<string, JarServer>();

  beforeAll(async () => {
    world = await World.open("killed");
    for (const { version, url, jobsJar } of targets) {
      const gate = await new FlinkGate(url).open();
      const server = await JarServer.start(jobsJar);
      world.onClose(() => gate.close());
      world.onClose(() => server.close());
      gates.set(version, gate);
      jars.set(version, server);
    }
    operator = await world.operator("--submission-backoff", "1s");
  });
  afterAll(() => world.close());

  test("while main() runs: the next one finds it out and waits", async () => {
    for (const { version } of targets) await create(version, "main", ["stream", "--sleep", "5000"]);
    for (const { version } of targets)
      await eventually(async () => (await trace(version, "main").mains()) === 1, 10_000);
    await operator.restart();
    for (const { version } of targets) {
      const waiting = await world.untilReason(`${label(version)}-main`, "MainRunning", 10_000);
      expect(waiting.status?.trigger).toMatchObject({ state: "pending", sends: 1 });
    }
    for (const { version } of targets) await runsOnce(version, "main");
    for (const { version } of targets) expect(gates.get(version)?.runs).toHaveLength(1);
  });

  test("while it fetches the JAR: nothing had been sent, and it is sent once", async () => {
    for (const { version } of targets) {
      const uri = jars.get(version)!.uri("slow", { kind: "slow", ms: 3_000 });
      await create(version, "fetching", ["stream"], uri);
    }
    for (const { version } of targets) await eventually(() => jars.get(version)?.requests("slow") === 1);
    const sent = targets.map(({ version }) => gates.get(version)!.runs.length);
    await operator.restart();
    for (const { version } of targets) await runsOnce(version, "fetching");
    expect(targets.map(({ version }) => gates.get(version)!.runs.length)).toEqual(
      sent.map((count) => count + 1),
    );
  });

  test("when the job is over before the next operator is there", async () => {
    for (const { version } of targets) await create(version, "short", ["batch", "--sleep", "1000"]);
    for (const { version } of targets)
      await eventually(async () => (await trace(version, "short").mains()) === 1, 10_000);
    await operator.kill();
    for (const { version } of targets)
      await eventually(async () => (await trace(version, "short").events("executed")).length === 1, 10_000);
    await operator.start();
    for (const { version } of targets) {
      const name = `${label(version)}-short`;
      const { status } = await world.until(name, ({ status }) => status?.trigger?.state === "finished");
      expect(status?.trigger).toMatchObject({ attempt: 1, sends: 1 });
      expect(await trace(version, "short").mains()).toBe(1);
    }
  });

  test("again and again, wherever it is, with jobs coming in", async () => {
    const kills = [0, 60, 150, 300];
    for (const [round, delay] of kills.entries()) {
      for (const { version } of targets) await create(version, `round-${round}`, ["stream"]);
      await new Promise((resolve) => setTimeout(resolve, delay));
      await operator.restart();
    }
    for (const { version } of targets)
      for (const round of kills.keys()) await runsOnce(version, `round-${round}`);
  });

  test("and when the answer to the run request is lost: it is found by looking", async () => {
    for (const gate of gates.values())
      gate.loses = ({ method, path }) => method === "POST" && path.includes("/run");
    const sent = targets.map(({ version }) => gates.get(version)!.runs.length);
    for (const { version } of targets) await create(version, "unheard", ["stream"]);
    for (const { version } of targets) await runsOnce(version, "unheard");
    expect(targets.map(({ version }) => gates.get(version)!.runs.length)).toEqual(
      sent.map((count) => count + 1),
    );
  });

  const trace = (version: string, what: string) => world.trace(`${label(version)}-${what}`);

  function create(version: string, what: string, args: string[], uri = jars.get(version)!.uri()) {
    return world.createJob(`${label(version)}-${what}`, {
      cluster: { url: gates.get(version)!.url },
      ...scenario([...args, "--trace", trace(version, what).file], { uri }),
    });
  }

  async function runsOnce(version: string, what: string): Promise<void> {
    const { status } = await world.untilReason(`${label(version)}-${what}`, "TasksRunning", 30_000);
    const { jobId } = status!.trigger!;
    expect(status?.trigger).toMatchObject({ id: "g1", attempt: 1 });
    expect(await trace(version, what).events("main")).toMatchObject([{ jobId }]);
    const { url } = targets.find((target) => target.version === version)!;
    const { jobs } = (await (await fetch(`${url}/jobs/overview`)).json()) as { jobs: { jid: string }[] };
    expect(jobs.filter(({ jid }) => jid.startsWith(jobId.slice(0, 16)))).toMatchObject([{ jid: jobId }]);
  }
});
