import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { smallCluster } from "../../dev/node/small-cluster.ts";
import { JarServer } from "../support/jar-server.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import { scenario, World } from "../support/world.ts";
import { Pods } from "./pods.ts";

// A session cluster for one job, which gets it by a run request: it comes and goes with the job, on a real kubelet.
let world: World;
let hostPath: string;

beforeAll(async () => {
  world = await World.open("per-job-session");
  const pods = await Pods.open(world.namespace);
  await world.operator();
  hostPath = await pods.node.sharedDirectory(world.namespace);
});
afterAll(() => world.close());

test.concurrent.each(["2.3", "1.20"] as const)(
  "Flink %s: it is made, runs the job, and is gone when it has finished",
  async (version) => {
    const jars = await JarServer.start(await buildJobsJar(version));
    world.onClose(() => jars.close());
    const job = `counts-${version.replace(".", "-")}`;
    const managed = smallCluster(version, inject("images")[version]!, hostPath);
    await world.createJob(job, {
      cluster: { perJob: { mode: "session", ...managed } as never },
      ...scenario(["batch"], { uri: jars.uri(), sha256: jars.sha256 }),
    });
    const { status: made } = await world.until(job, ({ status }) => status?.trigger?.cluster !== undefined);
    const name = made?.trigger?.cluster?.name ?? "";
    expect(name).toMatch(new RegExp(`^${job}-[0-9a-f]{10}$`));
    expect(made).toMatchObject({ cluster: name, trigger: { state: "pending", sends: 0 } });
    const finished = await world.untilReason(job, "Finished", 200_000);
    expect(finished.status?.trigger).toMatchObject({ sends: 1, attempt: 1, protection: "Durable" });
    expect(finished.status?.result?.runTime).toMatch(/^\d/);
    const subject = new ManagedSubject(world, name);
    await subject.untilGone(60_000);
    const { status } = await world.job(job);
    expect(status?.result?.accumulators).toEqual({ elements: "100" });
    expect(status?.trigger?.state).toBe("finished");
    expect([await subject.objects(), await subject.pods()]).toEqual([[], []]);
  },
  300_000,
);
