import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import { ClusterClient } from "../../src/flink/clients/cluster-client.ts";
import { Destinations } from "../../src/flink/rest/destinations.ts";
import { eventually } from "../support/eventually.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { jobsOf, listedJobs } from "../support/listed-jobs.ts";
import { LiveJobs } from "../support/live-jobs.ts";
import { Numbers } from "../support/numbers.ts";
import { scenario, World } from "../support/world.ts";

/** How far the upgrade has come: Flink is about to hear of the stop; the old job has ended; main() of the new one runs. */
const MOMENTS = ["stopping", "between", "main"] as const;
const POLICIES = ["Cancel", "Savepoint"] as const;
const OVER = ["FINISHED", "CANCELED", "FAILED"];

/** Every moment with every policy, all at once. */
describe.each(flinkTargets())(
  "a FlinkJob deleted while its upgrade is under way, on Flink $version",
  (target) => {
    const all = MOMENTS.flatMap((moment) =>
      POLICIES.map((policy) => ({ moment, policy, name: `${moment}-${policy.toLowerCase()}` })),
    );
    const witnesses = new Map<string, LiveJobs>();
    const uids = new Map<string, string>();
    const held = new Map<string, () => void>();
    /** JobIDs whose main() runs when the FlinkJob is deleted. */
    const mains: string[] = [];
    let world: World;
    let gate: FlinkGate;
    let jars: JarServer;

    beforeAll(async () => {
      world = await World.open("delete-upgrade");
      jars = await JarServer.start(target.jobsJar);
      world.onClose(() => jars.close());
      gate = await new FlinkGate(target.url).open();
      world.onClose(() => gate.close());
      await world.operator();
    });
    afterAll(async () => {
      for (const witness of witnesses.values()) await witness.close();
      await world.close();
    });

    const each = (act: (one: (typeof all)[number]) => Promise<unknown>) => Promise.all(all.map(act));
    const file = (name: string) => `${world.dir}/${name}.go`;
    const numbers = (name: string) => new Numbers(`${world.dir}/${name}.numbers`);

    function spec({ name, moment, policy }: (typeof all)[number], version: number): FlinkJobSpecInput {
      const args = ["count", "--name", `v${version}`, "--numbers", numbers(name).file, "--delay", "10"];
      if (version === 2 && moment === "main") args.push("--wait-for", file(name));
      const slow = version === 2 && moment === "between";
      return {
        cluster: { url: gate.url },
        upgradeMode: "savepoint",
        deletionPolicy: policy,
        savepoints: { directory: `file:${world.dir}/savepoints` },
        ...scenario(args, { uri: slow ? jars.uri(name, { kind: "slow", ms: 120_000 }) : jars.uri() }),
      };
    }

    test("is caught in the middle of it", async () => {
      await each((one) => world.createJob(one.name, spec(one, 1)));
      await each(async ({ name, moment }) => {
        const { metadata, status } = await world.untilReason(name, "TasksRunning", 60_000);
        await eventually(async () => (await numbers(name).all()).length > 20, 20_000);
        const { jobId } = status!.trigger!;
        uids.set(name, metadata.uid ?? "");
        witnesses.set(name, new LiveJobs(target.url, jobId));
        if (moment === "stopping") held.set(jobId, () => {});
      });
      gate.holds = ({ method, path }) => {
        const jobId = /\/jobs\/([0-9a-f]{32})\/stop$/u.exec(path)?.[1] ?? "";
        return method === "POST" && held.has(jobId)
          ? new Promise<void>((resolve) => held.set(jobId, resolve))
          : undefined;
      };
      const stops = () =>
        gate.requests.filter(({ path }) => held.has(path.split("/")[2] ?? "") && path.endsWith("/stop"));
      await each((one) => world.editJob(one.name, spec(one, 2)));
      await eventually(() => stops().length === POLICIES.length, 60_000);
      await each(async ({ name, moment }) => {
        if (moment === "main") {
          const { status } = await world.untilReason(name, "MainRunning", 60_000);
          mains.push(status!.trigger!.jobId);
        }
        if (moment === "between") await eventually(() => jars.requests(name) === 1, 60_000);
      });
    });

    test("and goes: nothing of it runs or will", async () => {
      await each(({ name }) => world.deleteJob(name));
      for (const release of held.values()) release();
      // Before 2.3 a main() cannot be cancelled, so that of the new version is awaited, and its job cancelled.
      await each(async ({ name, moment }) => {
        if (moment !== "main") return;
        if (target.version === "1.20") await world.untilReason(name, "Deleting");
        if (target.version === "1.20") await writeFile(file(name), "");
      });
      await each(({ name }) => world.untilGone(name, 60_000));
      const rows = await listedJobs(target.url);
      for (const { name } of all) {
        const live = jobsOf(rows, uids.get(name)!).filter(({ state }) => !OVER.includes(state));
        expect(live, name).toEqual([]);
      }
      const destinations = new Destinations({ loopback: true });
      const cluster = new ClusterClient({ url: target.url, destinations });
      for (const jobId of mains) {
        const seen = await cluster.lookUp(jobId);
        // Flink 2.3.0 leaves some applications in CANCELING for ever; their main() has ended all the same.
        expect(seen.mains, jobId).toBe(0);
        expect([...OVER, "CANCELING"], jobId).toContain(seen.application?.state ?? seen.state);
      }
      await cluster.close();
      await each(async ({ name }) => {
        await witnesses.get(name)?.close();
        expect(witnesses.get(name)?.crowds, name).toEqual([]);
        expect(await numbers(name).lost(), name).toEqual([]);
        expect(await numbers(name).repeated(), name).toEqual([]);
      });
    });

    test("with deletionPolicy Savepoint, an event says where its state is", async () => {
      await each(async ({ name, policy }) => {
        if (policy !== "Savepoint") return;
        const { note } = await world.untilEvent(name, "SavepointCompleted");
        const path = /file:(\S+)/u.exec(note)?.[1] ?? "";
        expect(existsSync(`${path}/_metadata`), note).toBe(true);
      });
    });
  },
);
