import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkInstance } from "../../dev/flink/cluster.ts";
import type { FlinkSavepoint } from "../../src/api/objects.ts";
import { eventually } from "../support/eventually.ts";
import { FlinkGate, type GateRequest } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { scenario, World } from "../support/world.ts";

const requests = ({ method, path }: GateRequest) => method === "POST" && path.endsWith("/savepoints");
const asks = ({ method, path }: GateRequest) => method === "GET" && path.includes("/savepoints/");
const isComplete = ({ status }: FlinkSavepoint) => status?.state === "completed";
const never = new Promise<never>(() => {});

/** Flink forgets at once what became of a savepoint, as it does after five minutes, and when its JobManager dies. */
describe.each(flinkTargets())(
  "a FlinkSavepoint whose JobManager cannot tell, on Flink $version",
  (target) => {
    let world: World;
    let flink: FlinkInstance;
    let gate: FlinkGate;

    beforeAll(async () => {
      world = await World.open("savepoint-failover");
      const jars = await JarServer.start(target.jobsJar);
      world.onClose(() => jars.close());
      const config = { "rest.async.store-duration": "1 s" };
      flink = await world.flink({ version: target.version, ha: true, slots: 2, config });
      gate = await new FlinkGate(flink.url).open();
      world.onClose(() => gate.close());
      await world.operator();
      await world.createJob("counter", {
        cluster: { url: gate.url },
        ...scenario(["count", "--delay", "10"], { uri: jars.uri() }),
        savepoints: { directory: `file:${world.dir}/savepoints` },
        flinkConfiguration: { "execution.checkpointing.interval": "200ms" },
      });
      await world.untilReason("counter", "TasksRunning", 60_000);
    });
    afterAll(() => world.close());

    const take = (name: string) => world.createSavepoint(name, { job: { name: "counter" } });
    const onDisk = async () =>
      existsSync(`${world.dir}/savepoints`) ? (await readdir(`${world.dir}/savepoints`)).sort() : [];
    const whole = async () =>
      (await onDisk()).filter((name) => existsSync(`${world.dir}/savepoints/${name}/_metadata`));
    const nameOf = ({ status }: FlinkSavepoint) => status?.path?.split("/").at(-1);

    /** The savepoint is taken, and nobody hears of it. */
    async function takenUntold(name: string): Promise<FlinkSavepoint> {
      const before = (await whole()).length;
      const silent = new Set<string>();
      const { holds } = gate;
      gate.holds = (request) =>
        asks(request) && silent.has(request.path.split("/").at(-1) ?? "") ? never : holds(request);
      const recorded = world.untilSavepoint(name, ({ status }) => status?.operationId !== undefined);
      await take(name);
      silent.add((await recorded).status!.operationId!);
      await eventually(async () => (await whole()).length === before + 1, 20_000);
      return recorded;
    }

    test("it has forgotten: the history of checkpoints tells, and no second one is taken", async () => {
      gate.holds = (request) => (asks(request) ? gone(request) : undefined);
      /** Until Flink itself knows nothing of it any more. */
      const gone = ({ path }: GateRequest) =>
        eventually(async () => (await fetch(`${flink.url}${path}`)).status === 404, 20_000, 50);
      await take("forgotten");
      const savepoint = await world.untilSavepoint("forgotten", isComplete);
      expect(await onDisk()).toEqual([nameOf(savepoint)]);
      expect(savepoint.status).toMatchObject({ number: 1 });
      expect(gate.requests.filter(requests)).toHaveLength(1);
      gate.holds = () => undefined;
    });

    test("it was killed before and after", async () => {
      const first = (await world.savepoint("forgotten")).status;
      const untold = await takenUntold("untold");
      const held: (() => void)[] = [];
      const { holds } = gate;
      gate.holds = (request) =>
        requests(request) ? new Promise<void>((resolve) => held.push(resolve)) : holds(request);
      await take("unasked");
      await eventually(() => held.length === 1, 20_000);
      const asked = await world.savepoint("unasked");
      const before = await whole();
      await flink.killJobManager();
      gate.holds = () => undefined;
      held[0]?.();
      await flink.startJobManager("process");
      const done = [
        await world.untilSavepoint("untold", isComplete, 60_000),
        await world.untilSavepoint("unasked", isComplete, 60_000),
      ];
      for (const savepoint of done) {
        expect(savepoint.status).toMatchObject({ number: 1 });
        expect(await whole()).toContain(nameOf(savepoint));
      }
      // Each was asked for once more, of the JobManager that took over; the one that was taken untold is on disk still, and
      // nobody can tell of it any more.
      expect((await onDisk()).sort()).toEqual([...before, ...done.map((one) => nameOf(one) ?? "")].sort());
      expect(done.map(({ status }) => status?.operationId)).toEqual([
        untold.status?.operationId,
        asked.status?.operationId,
      ]);
      expect((await world.savepoint("forgotten")).status).toEqual(first);
    });
  },
);
