import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at, GatedFlinks } from "../support/gated-flinks.ts";
import { jobsOf, listedJobs, overlaps } from "../support/listed-jobs.ts";
import { scenario, World } from "../support/world.ts";

/** No election stands between them: all that keeps them apart is what they write before they act. */
describe("two operators that both believe that they lead", () => {
  let world: World;
  let flinks: GatedFlinks;

  beforeAll(async () => {
    world = await World.open("two");
    flinks = await GatedFlinks.open(world);
    await Promise.all([world.operator(), world.operator()]);
  });
  afterAll(() => world.close());

  test("run one job for each wish", async () => {
    const plain = ["a", "b", "c", "replaced", "deleted"];
    await flinks.each(async (version) => {
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
    for (const version of flinks.versions) {
      const { gate, url } = flinks.of(version);
      const rows = await listedJobs(url);
      expect(overlaps(rows, world.uids)).toEqual([]);
      for (const what of ["a", "b", "c", "slow", "ended"]) {
        const { uid = "" } = (await world.job(at(version, what))).metadata;
        expect(jobsOf(rows, uid), what).toHaveLength(1);
        expect(await world.trace(at(version, what)).mains(), what).toBe(1);
      }
      // Seven FlinkJobs, one of them asked for twice.
      expect(gate.runs).toHaveLength(8);
    }
  });

  function create(version: string, what: string, args: string[]) {
    const traced = [...args, "--trace", world.trace(at(version, what)).file];
    const { gate, jars } = flinks.of(version);
    const spec = scenario(traced, { uri: jars.uri() });
    return world.createJob(at(version, what), { cluster: { url: gate.url }, ...spec });
  }
});
