import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { smallCluster } from "../../dev/node/small-cluster.ts";
import { JarServer } from "../support/jar-server.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import { scenario, World } from "../support/world.ts";
import { Pods } from "./pods.ts";

// A cluster for one job alone, which gets it by a run request: it comes and goes with the job, on a real kubelet.
describe.each(["2.3"] as const)("a session cluster of Flink %s for one job", (version) => {
  let world: World;
  let pods: Pods;
  let jars: JarServer;
  let perJob: object;

  beforeAll(async () => {
    world = await World.open(`per-job-${version.replace(".", "-")}`);
    pods = await Pods.open(world.namespace);
    jars = await JarServer.start(await buildJobsJar(version));
    world.onClose(() => jars.close());
    await world.operator();
    const hostPath = await pods.node.sharedDirectory(world.namespace);
    perJob = { mode: "session", ...smallCluster(version, inject("images")[version]!, hostPath) };
  });
  afterAll(() => world.close());

  test("is made, runs the job, and is gone when it has finished", async () => {
    await world.createJob("counts", {
      cluster: { perJob: perJob as never },
      ...scenario(["batch"], { uri: jars.uri(), sha256: jars.sha256 }),
    });
    const { status: made } = await world.until(
      "counts",
      ({ status }) => status?.trigger?.cluster !== undefined,
    );
    const name = made?.trigger?.cluster?.name ?? "";
    expect(name).toMatch(/^counts-[0-9a-f]{10}$/);
    expect(made).toMatchObject({ cluster: name, trigger: { state: "pending", sends: 0 } });
    const finished = await world.untilReason("counts", "Finished", 200_000);
    expect(finished.status?.trigger).toMatchObject({ sends: 1, attempt: 1, protection: "Durable" });
    expect(finished.status?.result?.runTime).toMatch(/^\d/);
    const subject = new ManagedSubject(world, name);
    await subject.untilGone(60_000);
    const { status } = await world.job("counts");
    expect(status?.result?.accumulators).toEqual({ elements: "100" });
    expect(status?.trigger?.state).toBe("finished");
    expect([await subject.objects(), await subject.pods()]).toEqual([[], []]);
  }, 300_000);
});
