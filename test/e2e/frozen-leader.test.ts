import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import { jobIdPrefix } from "../../src/core/identity.ts";
import { eventually } from "../support/eventually.ts";
import { at, GatedFlinks } from "../support/gated-flinks.ts";
import type { GateCall, KubeGate } from "../support/kube-gate.ts";
import { type ListedJob, listedJobs, overlaps } from "../support/listed-jobs.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";

/** The shortest that outlasts a run request on its way (docs/guarantees.md). */
const LEASE = "6s";
/** What is wished once of these; of the others before and after an edit or a deletion. */
const once = ["steady", "ahead", "half-a-jar", "in-main"];
const twice = ["replaced", "reverted", "deleted"];

/**
 * The leader is stopped as it stands (SIGSTOP), with each of its FlinkJobs at another moment between record and deed. By the
 * time it goes on, another one leads and has brought each of them where it should be.
 */
describe("a leader that sleeps past its lease", () => {
  let world: World;
  let gate: KubeGate;
  let old: Operator;
  let young: Operator;
  let flinks: GatedFlinks;
  let release: () => void;

  const trace = (version: string, what: string) => world.trace(at(version, what));

  beforeAll(async () => {
    world = await World.open("frozen");
    flinks = await GatedFlinks.open(world);
    const args = ["--leader-elect", "--lease-name", "frozen", "--lease-duration", LEASE];
    args.push("--lease-namespace", world.namespace);
    const through = await world.kubeGate();
    gate = through.gate;
    old = await world.operatorWith({ args, kubeconfig: through.kubeconfig });
    young = await world.operatorWith({ args, saying: "Filled the caches" });
  });
  afterAll(() => world.close());

  test("stands still in the middle of everything", async () => {
    const running = ["steady", "replaced", "reverted", "deleted"];
    await flinks.each(async (version) => {
      for (const what of running) await create(version, what, ["stream"]);
      await create(version, "in-main", ["stream", "--wait-for", join(world.dir, "gate")]);
      for (const what of running) await world.untilReason(at(version, what), "TasksRunning");
      await world.untilReason(at(version, "in-main"), "MainRunning");
      const uri = flinks.of(version).jars.uri("half", { kind: "slow", ms: 60_000, times: 1 });
      await create(version, "half-a-jar", ["stream"], uri);
      await eventually(() => flinks.of(version).jars.requests("half") === 1);
    });

    // From here on each of them is caught after its record and before its deed.
    const holds = flinks.versions.flatMap((version) => [
      gate.hold(recording(at(version, "ahead"), "Submitting")),
      gate.hold(recording(at(version, "replaced"), "Replacing")),
      gate.hold(recording(at(version, "reverted"), "Replacing")),
      gate.hold(recording(at(version, "deleted"), "Deleting")),
    ]);
    release = () => {
      for (const hold of holds) hold.release();
    };
    await flinks.each((version) =>
      Promise.all([
        create(version, "ahead", ["stream"]),
        edit(version, "replaced", ["stream", "--delay", "21"]),
        edit(version, "reverted", ["stream", "--delay", "21"]),
        world.deleteJob(at(version, "deleted")),
      ]),
    );
    await Promise.all(holds.map(({ arrived }) => arrived));
    old.send("SIGSTOP");

    expect(young.said("Started to work")).toBe(false);
    // The user thinks better of it; that the job is being stopped is on record already.
    await flinks.each((version) => edit(version, "reverted", ["stream"]));
  });

  test("and another one takes over, and finishes what was begun", async () => {
    await eventually(() => young.said("Started to work"), 20_000);
    await writeFile(join(world.dir, "gate"), "");
    await flinks.each(async (version) => {
      for (const what of once) await world.untilReason(at(version, what), "TasksRunning", 30_000);
      await untilSecond(version, "replaced");
      await untilSecond(version, "reverted");
      await world.untilGone(at(version, "deleted"));
      await create(version, "deleted", ["stream"]);
      await world.untilReason(at(version, "deleted"), "TasksRunning");
      // Its last deed.
      await eventually(async () => (await jarsOf(version)).length === 0, 20_000, 100);
    });
  });

  test("and nothing that it does when it wakes comes to anything: it ends", async () => {
    const mark = new Map(
      flinks.versions.map((version) => [version, flinks.of(version).gate.requests.length]),
    );
    const callsBefore = gate.calls.length;
    const before = world.recording.versions.length;
    release();
    old.send("SIGCONT");
    expect(await old.ended()).toBe(1);

    for (const version of flinks.versions) {
      const deeds = flinks
        .of(version)
        .gate.requests.slice(mark.get(version))
        .filter(({ method }) => method !== "GET");
      expect(deeds).toEqual([]);
    }
    const written = gate.calls
      .slice(callsBefore)
      .filter(({ method, status }) => method !== "GET" && status < 300);
    expect(written).toEqual([]);
    expect(world.recording.versions.slice(before)).toEqual([]);
    for (const version of flinks.versions) {
      const rows = await listOf(version);
      for (const what of [...once, ...twice]) {
        const { status } = await world.job(at(version, what));
        expect(status?.trigger, what).toMatchObject({ state: "running", reason: "TasksRunning" });
        expect(rows.find(({ jid }) => jid === status!.trigger!.jobId)?.state, what).toBe("RUNNING");
      }
    }
  });

  test("each wish brought one job, and no two of one FlinkJob lived at once", async () => {
    for (const version of flinks.versions) {
      for (const what of once) {
        expect(await jobsOf(version, what), what).toBe(1);
        expect(await trace(version, what).mains(), what).toBe(1);
      }
      for (const what of twice) expect(await jobsOf(version, what), what).toBe(2);
      expect(overlaps(await listOf(version), world.uids)).toEqual([]);
    }
  });

  function create(version: string, what: string, args: string[], uri = flinks.of(version).jars.uri()) {
    return world.createJob(at(version, what), spec(version, what, args, uri));
  }

  function spec(version: string, what: string, args: string[], uri: string): FlinkJobSpecInput {
    const traced = [...args, "--trace", trace(version, what).file];
    return { cluster: { url: flinks.of(version).gate.url }, ...scenario(traced, { uri }) };
  }

  function edit(version: string, what: string, args: string[]) {
    return world.editJob(at(version, what), { args: [...args, "--trace", trace(version, what).file] });
  }

  /** Flink jobs that ran for it, told by the tasks themselves. */
  async function jobsOf(version: string, what: string): Promise<number> {
    const started = await trace(version, what).events("task");
    return new Set(started.map(({ jobId }) => jobId)).size;
  }

  /** JARs that were brought for FlinkJobs of this test. */
  async function jarsOf(version: string): Promise<string[]> {
    const { url } = flinks.of(version);
    const { files } = (await (await fetch(`${url}/jars`)).json()) as { files: { name: string }[] };
    const prefixes = [...world.uids].map(jobIdPrefix);
    return files.map(({ name }) => name).filter((name) => prefixes.some((prefix) => name.includes(prefix)));
  }

  function listOf(version: string): Promise<ListedJob[]> {
    return listedJobs(flinks.of(version).url);
  }

  /** The second job of this FlinkJob runs. */
  function untilSecond(version: string, what: string) {
    return world.until(
      at(version, what),
      ({ status }) => status?.trigger?.reason === "TasksRunning" && status.history?.length === 1,
      30_000,
    );
  }
});

/** The write of a status with this reason. */
function recording(name: string, reason: string) {
  return ({ method, path, body, status }: GateCall) =>
    method === "PUT" &&
    status === 200 &&
    path.includes(`/${name}/status`) &&
    body.includes(`"reason":"${reason}"`);
}
