import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkJob } from "../../src/api/objects.ts";
import { eventually } from "../support/eventually.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { jobsOf, listedJobs } from "../support/listed-jobs.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";

const targets = flinkTargets();
const versions = targets.map(({ version }) => version);
const live = ["watched", "unwatched", "set-back", "main", "main-alone"];

/** A backup restored without its status, or kubectl replace --subresource=status: docs/guarantees.md, "statusWiped". */
describe("a status that is taken away", () => {
  let world: World;
  let operator: Operator;
  const flinks = new Map<string, FlinkGate>();
  const before = new Map<string, FlinkJob>();
  let sent: Map<string, number>;

  const at = (version: string, what: string) => `v${version.replace(".", "-")}-${what}`;
  const each = async (act: (version: string) => Promise<unknown>) => {
    await Promise.all(versions.map(act));
  };
  const mainGate = () => join(world.dir, "gate");

  beforeAll(async () => {
    world = await World.open("wiped");
    operator = await world.operator();
    await each(async (version) => {
      const { url, jobsJar } = targets.find((target) => target.version === version)!;
      const gate = await new FlinkGate(url).open();
      const jars = await JarServer.start(jobsJar);
      world.onClose(() => gate.close());
      world.onClose(() => jars.close());
      flinks.set(version, gate);
      const create = (what: string, args: string[]) =>
        world.createJob(at(version, what), {
          cluster: { url: gate.url },
          ...scenario([...args, "--trace", world.trace(at(version, what)).file], { uri: jars.uri() }),
        });
      for (const what of ["watched", "unwatched", "set-back"]) await create(what, ["stream"]);
      await create("ended", ["batch"]);
      for (const what of ["main", "main-alone"]) await create(what, ["stream", "--wait-for", mainGate()]);
      for (const what of ["watched", "unwatched", "set-back"])
        await world.untilReason(at(version, what), "TasksRunning", 30_000);
      await world.untilReason(at(version, "ended"), "Finished", 30_000);
      for (const what of ["main", "main-alone"]) await world.untilReason(at(version, what), "MainRunning");
      for (const what of [...live, "ended"])
        before.set(at(version, what), await world.job(at(version, what)));
    });
    sent = counts();
  });
  afterAll(() => world.close());

  test("a job that runs is adopted, and nothing is sent", async () => {
    await each(async (version) => {
      await wipe(at(version, "watched"));
      await adopted(version, "watched");
    });
    expect(counts()).toEqual(sent);
  });

  test("a main() that this operator sent is awaited", async () => {
    await each(async (version) => {
      await wipe(at(version, "main"));
      await world.untilReason(at(version, "main"), "MainRunning");
    });
    // Flink 2.3 has answered already; asked again, it refuses.
    for (const version of versions) expect(more(version)).toBe(version === "2.3" ? 1 : 0);
    sent = counts();
  });

  test("while no operator is there: what runs and what has ended is known by its JobID", async () => {
    await operator.kill();
    await each(async (version) => {
      for (const what of ["unwatched", "ended", "main-alone"]) await wipe(at(version, what));
      await setBack(at(version, "set-back"));
    });
    await operator.start();
    await each(async (version) => {
      await adopted(version, "unwatched");
      await adopted(version, "set-back");
      const { status } = await world.untilReason(at(version, "ended"), "Finished");
      expect(status?.trigger?.jobId).toBe(jobIdBefore(version, "ended"));
      expect(await world.trace(at(version, "ended")).mains()).toBe(1);
    });
  });

  test("a main() that nobody knows of any more: one more request at the most, under the same JobID", async () => {
    await each((version) => world.untilReason(at(version, "main-alone"), "MainRunning"));
    // Flink 2.3 refuses it at once. Before, main() begins a second time, and its job is refused.
    for (const version of versions) expect(more(version)).toBe(1);
    await writeFile(mainGate(), "");
    await each(async (version) => {
      for (const what of ["main", "main-alone"]) await adopted(version, what);
      expect(await world.trace(at(version, "main")).mains()).toBe(1);
      expect(await world.trace(at(version, "main-alone")).mains()).toBe(version === "2.3" ? 1 : 2);
    });
  });

  test("each FlinkJob has had one job", async () => {
    for (const { version, url } of targets) {
      const rows = await listedJobs(url);
      for (const what of [...live, "ended"]) {
        const { uid = "" } = (await world.job(at(version, what))).metadata;
        expect(jobsOf(rows, uid), what).toMatchObject([{ jid: jobIdBefore(version, what) }]);
      }
    }
  });

  const counts = () => new Map(versions.map((version) => [version, flinks.get(version)!.runs.length]));
  const more = (version: string) => counts().get(version)! - sent.get(version)!;
  const jobIdBefore = (version: string, what: string) =>
    before.get(at(version, what))?.status?.trigger?.jobId;

  /** As `kubectl get fj -o json | jq 'del(.status)' | kubectl replace --subresource=status -f -` does. */
  async function wipe(name: string): Promise<void> {
    const { status: _, ...rest } = await world.job(name);
    await replaceStatus(rest);
  }

  /** A backup from before the first run request. */
  async function setBack(name: string): Promise<void> {
    const early = world.recording.of(name).find(({ status }) => !status?.trigger);
    await replaceStatus({ ...(await world.job(name)), status: early!.status });
  }

  async function replaceStatus(job: object): Promise<void> {
    const args = ["replace", "--subresource=status", "-f", "-"];
    await eventually(async () => {
      expect(await world.kubectl(args, JSON.stringify(job))).toMatchObject({ code: 0 });
    });
  }

  async function adopted(version: string, what: string): Promise<void> {
    const name = at(version, what);
    const { status } = await world.untilReason(name, "TasksRunning", 30_000);
    expect(status?.trigger).toMatchObject({
      state: "running",
      attempt: 1,
      jobId: jobIdBefore(version, what),
    });
  }
});
