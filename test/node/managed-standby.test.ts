import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { smallCluster } from "../../dev/node/small-cluster.ts";
import { eventually } from "../support/eventually.ts";
import { JarServer } from "../support/jar-server.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import { scenario, World } from "../support/world.ts";
import { Pods } from "./pods.ts";

let world: World;
let pods: Pods;
let jars: JarServer;
let subject: ManagedSubject;

beforeAll(async () => {
  world = await World.open("standby");
  pods = await Pods.open(world.namespace);
  jars = await JarServer.start(await buildJobsJar("2.3"));
  world.onClose(() => jars.close());
  await world.operator();
  subject = new ManagedSubject(world, "orders");
});
afterAll(() => world.close());

test("two JobManagers: FlinkJobs run, whichever of them answers", async () => {
  const hostPath = await pods.node.sharedDirectory(world.namespace);
  const small = smallCluster("2.3", inject("images")["2.3"]!, hostPath);
  await world.createCluster("orders", {
    managed: {
      ...small,
      jobManager: { ...small.jobManager, replicas: 2 },
      taskManager: { ...small.taskManager, slots: 4 },
    },
  });
  await subject.untilReason("Reachable", 90_000);
  for (const name of ["first", "second", "third"]) {
    await world.createJob(name, { cluster: { name: "orders" }, ...scenario(["stream"], jar()) });
  }
  for (const name of ["first", "second", "third"]) {
    const job = await world.untilReason(name, "TasksRunning", 60_000);
    expect(job.status?.trigger?.sends).toBe(1);
  }
});

test("the leader and the standby take a run request alike", async () => {
  const all = await pods.list({ "app.kubernetes.io/component": "jobmanager" });
  expect(all).toHaveLength(2);
  for (const [i, { address }] of all.entries()) {
    const url = `http://${address}:8081`;
    await world.createJob(`through-${i}`, { cluster: { url }, ...scenario(["batch"], jar()) });
  }
  for (const i of all.keys()) {
    const job = await world.untilReason(`through-${i}`, "Finished", 60_000);
    expect(job.status?.trigger).toMatchObject({ sends: 1, attempt: 1 });
  }
});

test("and go on when the leader's pod is deleted: the standby takes over", async () => {
  const leader = await leadersAddress();
  const all = await pods.list({ "app.kubernetes.io/component": "jobmanager" });
  const pod = all.find(({ address }) => address === leader);
  const standby = all.find(({ address }) => address !== leader);
  // The pod that is made in its place may be quick enough to win: here it cannot start.
  await pods.withoutNewPods(async () => {
    await pods.kubectl(["delete", "pod", pod!.name, "--force", "--grace-period=0"]);
    const next = await eventually(async () => {
      const now = await leadersAddress();
      return now !== undefined && now !== leader ? now : false;
    }, 60_000);
    expect(next).toBe(standby?.address);
    for (const name of ["first", "second", "third"]) {
      const job = await world.untilReason(name, "TasksRunning", 60_000);
      expect(job.status?.trigger).toMatchObject({ sends: 1, attempt: 1 });
    }
  });
  await subject.untilReason("Reachable", 90_000);
});

function jar() {
  return { uri: jars.uri(), sha256: jars.sha256 };
}

/** As Flink's ConfigMap has it. */
async function leadersAddress(): Promise<string | undefined> {
  const { stdout } = await pods.kubectl(["get", "configmap", "orders-cluster-config-map", "--output=json"]);
  const { data = {} } = JSON.parse(stdout) as { data?: Record<string, string> };
  return /@([0-9.]+):6123/.exec(
    data["leader.dispatcher"] ?? data["org.apache.flink.k8s.leader.dispatcher"] ?? "",
  )?.[1];
}
