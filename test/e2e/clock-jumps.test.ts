import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../src/kube/clock.ts";
import { startInProcess } from "../crash/in-process-operator.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { jobsOf, listedJobs } from "../support/listed-jobs.ts";
import { scenario, World } from "../support/world.ts";

const HOUR = 3_600_000;
const targets = flinkTargets();
const versions = targets.map(({ version }) => version);
const kinds = ["in-main", "out-of-reach", "backing-off", "running"];

/** Somebody sets the clock. What it measures goes on as before, what it calls the time does not. */
class SetClock implements Clock {
  offset = 0;
  now = () => systemClock.now() + this.offset;
  monotonic = () => systemClock.monotonic();
  setTimeout = (run: () => void, ms: number) => systemClock.setTimeout(run, ms);
}

describe.each([
  ["forward", HOUR],
  ["back", -HOUR],
])("the operator's clock is set %s by an hour", (way, jump) => {
  let world: World;
  const clock = new SetClock();
  const open = new Map<string, FlinkGate>();
  const shut = new Map<string, FlinkGate>();
  const at = (version: string, kind: string) => `v${version.replace(".", "-")}-${kind}`;
  const each = async (act: (version: string) => Promise<unknown>) => {
    await Promise.all(versions.map(act));
  };

  beforeAll(async () => {
    world = await World.open(`clock-${way}`);
    const { gate } = await world.kubeGate();
    const operator = startInProcess({ server: gate.url, namespace: world.namespace, clock });
    world.onClose(() => operator.discard());
  });
  afterAll(() => world.close());

  test("in the middle of everything, and one job comes of each wish", async () => {
    await each(async (version) => {
      const { url, jobsJar } = targets.find((target) => target.version === version)!;
      const jars = await JarServer.start(jobsJar);
      world.onClose(() => jars.close());
      for (const gates of [open, shut]) {
        const gate = await new FlinkGate(url).open();
        world.onClose(() => gate.close());
        gates.set(version, gate);
      }
      await shut.get(version)!.close();
      const create = (kind: string, gate: FlinkGate, args: string[], uri: string) => {
        const traced = ["stream", ...args, "--trace", world.trace(at(version, kind)).file];
        return world.createJob(at(version, kind), {
          cluster: { url: gate.url },
          ...scenario(traced, { uri }),
        });
      };
      await create("in-main", open.get(version)!, ["--wait-for", join(world.dir, "gate")], jars.uri());
      await create("running", open.get(version)!, [], jars.uri());
      await create("out-of-reach", shut.get(version)!, [], jars.uri());
      await create("backing-off", open.get(version)!, [], jars.uri("busy", { kind: "busyFirst", times: 4 }));
      await world.untilReason(at(version, "in-main"), "MainRunning");
      await world.untilReason(at(version, "running"), "TasksRunning");
      await world.untilReason(at(version, "out-of-reach"), "ClusterUnreachable");
      await world.until(at(version, "backing-off"), ({ status }) => (status?.trigger?.tries ?? 0) > 0);
    });

    clock.offset = jump;
    await writeFile(join(world.dir, "gate"), "");
    await each(async (version) => {
      await shut.get(version)!.open();
      for (const kind of kinds) await world.untilReason(at(version, kind), "TasksRunning", 30_000);
    });

    for (const { version, url } of targets) {
      const rows = await listedJobs(url);
      for (const kind of kinds) {
        const { metadata, status } = await world.job(at(version, kind));
        expect(status?.trigger, kind).toMatchObject({ attempt: 1, sends: 1 });
        expect(jobsOf(rows, metadata.uid ?? ""), kind).toMatchObject([{ state: "RUNNING" }]);
        expect(await world.trace(at(version, kind)).mains(), kind).toBe(1);
      }
    }
  });
});
