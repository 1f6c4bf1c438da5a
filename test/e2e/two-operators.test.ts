import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { jobsOf, listedJobs, overlaps } from "../support/listed-jobs.ts";
import { scenario, World } from "../support/world.ts";

const targets = flinkTargets();
const versions = targets.map(({ version }) => version);

/** No election stands between them: all that keeps them apart is what they write before they act. */
describe("two operators that both believe that they lead", () => {
  let world: World;
  const flinks = new Map<string, FlinkGate>();
  const jars = new Map<string, JarServer>();

  const at = (version: string, what: string) => `v${version.replace(".", "-")}-${what}`;
  const each = async (act: (version: string) => Promise<unknown>) => {
    await Promise.all(versions.map(act));
  };

  beforeAll(async () => {
    world = await World.open("two");
    for (const { version, url, jobsJar } of targets) {
      const flink = await new FlinkGate(url).open();
      const server = await JarServer.start(jobsJar);
      world.onClose(() => flink.close());
      world.onClose(() => server.close());
      flinks.set(version, flink);
      jars.set(version, server);
    }
    await Promise.all([world.operator(), world.operator()]);
  });
  afterAll(() => world.close());

  test("run one job for each wish", async () => {
    const plain = ["a", "b", "c", "replaced", "deleted"];
    await each(async (version) => {
      await Promise.all([
        ...plain.map((what) => create(version, what, ["stream"])),
        create(version, "slow", ["stream", "--sleep", "2500"]),
        create(version, "ended", ["batch"]),
      ]);
      for (const what of [...plain, "slow"])
        await world.untilReason(at(version, what), "TasksRunning", 40_000);
      await world.untilReason(at(version, "ended"), "Finished", 40_000);
      const args = ["stream", "--delay", "21", "--trace", world.trace(at(version, "replaced")).file];
      await world.editJob(at(version, "replaced"), { args });
      await world.deleteJob(at(version, "deleted"));
      await world.untilGone(at(version, "deleted"));
      await world.until(
        at(version, "replaced"),
        ({ status }) => {
          const { id, reason } = status?.trigger ?? {};
          return id === "g2" && reason === "TasksRunning";
        },
        40_000,
      );
    });
    for (const { version, url } of targets) {
      const rows = await listedJobs(url);
      expect(overlaps(rows, world.uids)).toEqual([]);
      for (const what of ["a", "b", "c", "slow", "ended"]) {
        const { uid = "" } = (await world.job(at(version, what))).metadata;
        expect(jobsOf(rows, uid), what).toHaveLength(1);
        expect(await world.trace(at(version, what)).mains(), what).toBe(1);
      }
      // Seven FlinkJobs, one of them asked for twice.
      expect(flinks.get(version)?.runs).toHaveLength(8);
    }
  });

  function create(version: string, what: string, args: string[]) {
    const traced = [...args, "--trace", world.trace(at(version, what)).file];
    const spec = scenario(traced, { uri: jars.get(version)!.uri() });
    return world.createJob(at(version, what), { cluster: { url: flinks.get(version)!.url }, ...spec });
  }
});
