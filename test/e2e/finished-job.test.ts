import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkInstance } from "../../dev/flink/cluster.ts";
import type { FlinkJob } from "../../src/api/objects.ts";
import { eventually } from "../support/eventually.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import type { Operator } from "../support/operator.ts";
import type { Trace } from "../support/trace.ts";
import { scenario, World } from "../support/world.ts";

describe.each(flinkTargets())("a job that finished is never run again, on Flink $version", (target) => {
  let world: World;
  let flink: FlinkInstance;
  let operator: Operator;
  let trace: Trace;
  let finished: FlinkJob;

  beforeAll(async () => {
    world = await World.open("finished");
    const jars = await JarServer.start(target.jobsJar);
    world.onClose(() => jars.close());
    flink = await world.flink({ version: target.version });
    operator = await world.operator();
    trace = world.trace("once");
    await world.createCluster("local", { url: flink.url });
    await world.createJob("once", {
      cluster: { name: "local" },
      ...scenario(["batch", "--trace", trace.file], { uri: jars.uri() }),
      // The one that is tempted most.
      lostPolicy: "Resubmit",
    });
  });
  afterAll(() => world.close());

  test("it is finished and ready", async () => {
    const done = ({ status }: FlinkJob) => status?.result?.accumulators !== undefined;
    finished = await world.until("once", done);
    const { status } = finished;
    expect(status).toMatchObject({
      state: "Finished",
      trigger: {
        state: "finished",
        reason: "Finished",
        attempt: 1,
        sends: 1,
        finishedAt: expect.any(String),
      },
      job: { state: "FINISHED" },
    });
    const is = Object.fromEntries(status!.conditions!.map((one) => [one.type, one.status]));
    expect(is).toMatchObject({ Ready: "True", Reconciling: "False", Stalled: "False", Succeeded: "True" });
    await world.untilEvent("once", "Finished");
  });

  test("not when the operator starts again", async () => {
    await operator.restart();
    await clusterSeen();
    await unchanged();
  });

  test("not when Flink starts again and has forgotten it", async () => {
    await flink.killJobManager();
    await eventually(async () => (await clusterReady()) === "False");
    await flink.startJobManager("process");
    await clusterSeen();
    const { jobs } = (await (await fetch(`${flink.url}/jobs/overview`)).json()) as { jobs: unknown[] };
    expect(jobs).toEqual([]);
    await operator.restart();
    await clusterSeen();
    await unchanged();
  });

  test("but when its status is taken away as well, nothing guards it here any more (docs/guarantees.md, statusWiped)", async () => {
    const { status: _, ...rest } = await world.job("once");
    const args = ["replace", "--subresource=status", "-f", "-"];
    expect(await world.kubectl(args, JSON.stringify(rest))).toMatchObject({ code: 0 });
    await eventually(async () => (await trace.mains()) === 2, 20_000);
    const { status } = await world.until("once", ({ status }) => status?.trigger !== undefined);
    // The same run all the same, under the same JobID.
    expect(status?.trigger).toMatchObject({ attempt: 1, jobId: finished.status?.trigger?.jobId });
  });

  async function clusterReady(): Promise<string | undefined> {
    const { stdout } = await world.kubectl([
      "get",
      "fc",
      "local",
      "-o",
      "jsonpath={.status.conditions[0].status}",
    ]);
    return stdout;
  }

  /** The operator sees the JobManager of now. */
  async function clusterSeen(): Promise<void> {
    await eventually(async () => (await clusterReady()) === "True", 30_000, 200);
    const reconciles = () =>
      operator.metric("controller_runtime_reconcile_total", { controller: "flinkjob" });
    const before = await reconciles();
    // A label queues the FlinkJob once more, with all that is known by now.
    await world.kubectl(["label", "fj", "once", "--overwrite", `seen=${before}`]);
    await eventually(async () => (await reconciles()) > before);
  }

  async function unchanged(): Promise<void> {
    const { status } = await world.job("once");
    expect(status).toEqual(finished.status);
    expect(await trace.mains()).toBe(1);
    expect(await trace.events("task")).toHaveLength(1);
  }
});
