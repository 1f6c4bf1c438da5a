import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkInstance } from "../../dev/flink/cluster.ts";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import type { FlinkJob } from "../../src/api/objects.ts";
import { eventually } from "../support/eventually.ts";
import { FlinkGate, type GateRequest } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { listedJobs } from "../support/listed-jobs.ts";
import { LiveJobs } from "../support/live-jobs.ts";
import { Numbers } from "../support/numbers.ts";
import { scenario, World } from "../support/world.ts";

const MODES = ["savepoint", "last-state"] as const;
/** Frequent checkpoints: what a failover costs by itself stays small. */
const RETAINED = {
  "execution.checkpointing.interval": "200ms",
  "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
};
const stops = ({ method, path }: GateRequest) =>
  (method === "POST" && path.endsWith("/stop")) || (method === "PATCH" && path.includes("mode=cancel"));
const runs = ({ method, path }: GateRequest) => method === "POST" && /\/run(-application)?(\?|$)/u.test(path);

/** High availability, and both kinds of upgrade at once: each moment costs one failover. */
describe.each(flinkTargets())(
  "the JobManager is killed in the middle of an upgrade, on Flink $version",
  (target) => {
    let world: World;
    let flink: FlinkInstance;
    let gate: FlinkGate;
    let jars: JarServer;
    const witnesses = new Map<string, LiveJobs>();

    beforeAll(async () => {
      world = await World.open("failover");
      jars = await JarServer.start(target.jobsJar);
      world.onClose(() => jars.close());
      flink = await world.flink({ version: target.version, ha: true, slots: 4 });
      gate = await new FlinkGate(flink.url).open();
      world.onClose(() => gate.close());
      await world.operator();
      for (const mode of MODES) {
        await world.createJob(mode, spec(mode, 1));
        const { status } = await counting(mode, 1);
        witnesses.set(mode, new LiveJobs(flink.url, status!.trigger!.jobId));
      }
    });
    afterAll(async () => {
      for (const witness of witnesses.values()) await witness.close();
      await world.close();
    });

    const numbers = (mode: string) => new Numbers(`${world.dir}/${mode}.numbers`);
    const spec = (upgradeMode: (typeof MODES)[number], version: number): FlinkJobSpecInput => ({
      cluster: { url: gate.url },
      upgradeMode,
      flinkConfiguration: RETAINED,
      savepoints: { directory: `file:${world.dir}/savepoints` },
      ...scenario(
        ["count", "--name", `v${version}`, "--numbers", numbers(upgradeMode).file, "--delay", "10"],
        { uri: jars.uri() },
      ),
    });

    /** Its tasks run, as the version that is asked for, and it has worked on. */
    async function counting(mode: string, generation: number) {
      const job = await world.until(
        mode,
        ({ status }) =>
          status?.trigger?.generation === generation && status.trigger.reason === "TasksRunning",
        60_000,
      );
      const { jobId } = job.status!.trigger!;
      const mine = async () => (await numbers(mode).all()).filter((one) => one.jobId === jobId).length;
      const before = await mine();
      await eventually(async () => (await mine()) > before + 20, 30_000);
      return job;
    }

    /** Both jobs are changed, and the JobManager dies when such a request of each is about to reach it. */
    async function killBefore(wanted: typeof stops, version: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      let held = 0;
      gate.holds = (request) => {
        if (!wanted(request)) return undefined;
        held++;
        return promise;
      };
      for (const mode of MODES) await world.editJob(mode, spec(mode, version));
      await eventually(() => held === MODES.length, 30_000);
      await flink.killJobManager();
      gate.holds = () => undefined;
      resolve();
      await flink.startJobManager("process");
    }

    /** The new version goes on where the one before stopped: after a savepoint exactly there. */
    async function goesOn(mode: (typeof MODES)[number], from: string, to: string): Promise<void> {
      const all = await numbers(mode).all();
      const last = all.findLast(({ jobId }) => jobId === from)!;
      const first = all.find(({ jobId }) => jobId === to)!;
      if (mode === "savepoint") expect(first.number).toBe(last.number + 1);
      else expect(first.number).toBeLessThanOrEqual(last.number + 1);
      expect(first.number).toBeGreaterThan(20);
    }

    async function isWhole(): Promise<void> {
      for (const mode of MODES) {
        expect(await numbers(mode).lost(), mode).toEqual([]);
        expect(await numbers(mode).torn(), mode).toEqual([]);
        expect(witnesses.get(mode)?.crowds, mode).toEqual([]);
        expect(witnesses.get(mode)?.looks).toBeGreaterThan(20);
      }
    }

    /** A JobManager that is killed while it writes one leaves an empty file, and none starts there any more. */
    async function untilResultsAreKept(jobIds: readonly string[]): Promise<void> {
      const stores = ["job-result-store", ...(target.version === "1.20" ? [] : ["application-result-store"])];
      await eventually(async () => {
        const files = await readdir(join(flink.dir, "ha"), { recursive: true });
        return stores.every((store) =>
          jobIds.every((id) => files.some((file) => file.includes(store) && basename(file) === `${id}.json`)),
        );
      }, 30_000);
    }

    const jobIdOf = async (mode: string) => (await world.job(mode)).status!.trigger!.jobId;

    test.each([
      ["before it hears of the stop", stops, 2],
      ["before it hears of the new job", runs, 3],
    ] as const)("%s: state kept, one job", async (_, wanted, version) => {
      const before = new Map(await Promise.all(MODES.map(async (m) => [m, await jobIdOf(m)] as const)));
      await killBefore(wanted, version);
      for (const mode of MODES) {
        const { status } = await counting(mode, version);
        expect(status?.history?.[0]).toMatchObject({ jobId: before.get(mode), state: "canceled" });
        await goesOn(mode, before.get(mode)!, status!.trigger!.jobId);
      }
      await isWhole();
    });

    test("when the job has ended and nobody was told: state kept, or the status says why not and what to do", async () => {
      const before = new Map(await Promise.all(MODES.map(async (m) => [m, await jobIdOf(m)] as const)));
      // Once it has heard of the stop, nobody hears of the job any more.
      const heard = new Set<string>();
      const never = new Promise<never>(() => {});
      gate.holds = (request) => {
        const jobId = /\/jobs\/([0-9a-f]{32})/u.exec(request.path)?.[1] ?? "";
        const silent = heard.has(jobId) && request.method === "GET";
        if (stops(request)) heard.add(jobId);
        return silent ? never : undefined;
      };
      for (const mode of MODES) await world.editJob(mode, spec(mode, 4));
      await eventually(async () => {
        const mine = (await listedJobs(flink.url)).filter(({ jid }) => heard.has(jid));
        return (
          mine.length === MODES.length && mine.every(({ state }) => ["FINISHED", "CANCELED"].includes(state))
        );
      }, 30_000);
      await untilResultsAreKept([...heard]);
      await flink.killJobManager();
      gate.holds = () => undefined;
      await flink.startJobManager("process");
      for (const mode of MODES) {
        const { status, metadata } = await world.until(mode, (job) => restsOrRuns(job), 60_000);
        const old = before.get(mode)!;
        if (status?.trigger?.state !== "running") {
          const { reason, message } = status!.conditions!.find(({ type }) => type === "Stalled")!;
          expect(["SavepointLost", "RestorePointMissing"], message).toContain(reason);
          expect(status?.trigger?.jobId).toBe(old);
          // What the message tells to look for.
          await world.editJob(mode, { savepointPath: await newestOf(mode, old) });
        }
        const told = status?.trigger?.reason;
        const next = await counting(mode, (await world.job(mode)).metadata.generation ?? 0);
        process.stdout.write(
          `${target.version}, ${mode}: ${told}, then ${next.status?.trigger?.savepointPath}\n`,
        );
        expect(metadata.generation).toBeGreaterThan(3);
        await goesOn(mode, old, next.status!.trigger!.jobId);
      }
      await isWhole();
    });

    /** The new version runs, or the status says that nothing will until something is done. */
    function restsOrRuns({ status, metadata }: FlinkJob): boolean {
      if (status?.trigger?.generation === 4 && status.trigger.reason === "TasksRunning") return true;
      const stalled = status?.conditions?.find(({ type }) => type === "Stalled");
      return stalled?.status === "True" && status?.observedGeneration === metadata.generation;
    }

    /** What a person finds on disk. */
    async function newestOf(mode: string, jobId: string): Promise<string> {
      if (mode === "savepoint") {
        const all = await readdir(`${world.dir}/savepoints`);
        const mine = all.filter((name) => name.startsWith(`savepoint-${jobId.slice(0, 6)}-`));
        const made = await Promise.all(
          mine.map(async (n) => (await stat(`${world.dir}/savepoints/${n}`)).mtimeMs),
        );
        return `file:${world.dir}/savepoints/${mine[made.indexOf(Math.max(...made))]}`;
      }
      const dir = `${flink.dir}/checkpoints/${jobId}`;
      // One that was being taken when the job ended has a directory, too.
      const files = await readdir(dir, { recursive: true });
      const ids = files.flatMap((name) => /^chk-(\d+)\/_metadata$/u.exec(name)?.[1] ?? []);
      return `file:${dir}/chk-${Math.max(...ids.map(Number))}`;
    }
  },
);
