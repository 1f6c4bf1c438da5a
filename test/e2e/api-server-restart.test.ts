import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KubeInstance, startKube } from "../../dev/kube/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { kubectl } from "../support/kubectl.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";

/** From the API server's return to the operator's next write. */
const BACK_WITHIN_MS = 2_000;
const crds = fileURLToPath(new URL("../../crds", import.meta.url));
const { url, jobsJar } = flinkTargets()[0]!;

describe("an API server that is started again under the operator", () => {
  let world: World;
  let kube: KubeInstance;
  let operator: Operator;
  let jars: JarServer;
  let gate: FlinkGate;
  let watchedSince: number;

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), "flinkjob-api-"));
    kube = await startKube({ dir, ownerPid: process.pid });
    const { kubeconfig } = kube;
    try {
      const args = ["apply", "-k", crds];
      expect(await kubectl({ kubeconfig, namespace: "default", args })).toMatchObject({ code: 0 });
      world = await World.open("api", { kubeconfig });
    } catch (error) {
      await kube.stop();
      await rm(dir, { recursive: true });
      throw error;
    }
    world.onClose(async () => {
      await kube.stop();
      await rm(dir, { recursive: true });
    });
    jars = await JarServer.start(jobsJar);
    gate = await new FlinkGate(url).open();
    world.onClose(() => jars.close());
    world.onClose(() => gate.close());
    operator = await world.operator();
    watchedSince = performance.now();
  });
  afterAll(() => world.close());

  test.each(["SIGTERM", "SIGKILL"] as const)("after %s it goes on within two seconds", async (signal) => {
    const word = signal.toLowerCase();
    await create(`steady-${word}`, ["stream"]);
    await world.untilReason(`steady-${word}`, "TasksRunning");
    const steady = await world.job(`steady-${word}`);
    // Two more whose story goes on while nobody can be told.
    await create(`slow-${word}`, ["stream", "--sleep", "4000"]);
    await create(`brief-${word}`, ["batch", "--elements", "150", "--delay", "20"]);
    await world.untilReason(`slow-${word}`, "MainRunning");
    await world.untilReason(`brief-${word}`, "TasksRunning");
    const sent = gate.runs.length;
    // A watch that is cut within seconds would be a sign of an ill server.
    await eventually(() => performance.now() - watchedSince > 5_500);

    await kube.restart(signal);
    const back = performance.now();
    watchedSince = back + BACK_WITHIN_MS;
    await create(`new-${word}`, ["stream"]);
    await world.until(`new-${word}`, ({ status }) => status?.trigger?.sentAt !== undefined, BACK_WITHIN_MS);
    expect(performance.now() - back).toBeLessThan(BACK_WITHIN_MS);

    await world.untilReason(`new-${word}`, "TasksRunning");
    await world.untilReason(`slow-${word}`, "TasksRunning");
    await world.untilReason(`brief-${word}`, "Finished");
    expect((await world.job(`steady-${word}`)).status).toEqual(steady.status);
    expect(operator.runs).toBe(true);
    expect(gate.runs).toHaveLength(sent + 1);
    for (const what of ["steady", "slow", "brief", "new"])
      expect(await world.trace(`${what}-${word}`).mains(), what).toBe(1);
    // Events that could not be written at the time are written later.
    await eventually(async () => {
      const reasons = (await world.events(`slow-${word}`)).map(({ reason }) => reason);
      expect(reasons).toEqual(expect.arrayContaining(["MainRunning", "Submitted", "TasksRunning"]));
    });
  });

  function create(name: string, args: string[]) {
    const spec = scenario([...args, "--trace", world.trace(name).file], { uri: jars.uri() });
    return world.createJob(name, { cluster: { url: gate.url }, ...spec });
  }
});
