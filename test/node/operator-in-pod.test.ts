import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { JarServer } from "../support/jar-server.ts";
import { scenario, World } from "../support/world.ts";
import { Pods } from "./pods.ts";
import { sessionCluster } from "./session-cluster.ts";

const manifests = fileURLToPath(new URL("../../manifests", import.meta.url));

let world: World;
let pods: Pods;
let system: Pods;
let jars: JarServer;

// The operator as it is installed: its image, its manifests, its rights; it finds Flink by the name of a Service.
beforeAll(async () => {
  world = await World.open("in-pod");
  pods = await Pods.open(world.namespace);
  system = await Pods.open("flinkjob-system");
  const image = inject("images")["2.3"]!;
  const storage = await pods.node.sharedDirectory(world.namespace);
  await pods.apply(sessionCluster({ name: "flink", namespace: world.namespace, image, storage }));
  const { stdout } = await system.kubectl(["kustomize", join(manifests, "base")]);
  await system.kubectl(
    ["apply", "--server-side", "-f", "-"],
    stdout.replaceAll("flinkjob-operator:0.1.0", inject("images").operator!),
  );
  jars = await JarServer.start(await buildJobsJar("2.3"), pods.node.addresses.host);
});
afterAll(async () => {
  await jars.close();
  await world.close();
  await system.close();
});

test("the operator becomes ready in its pod", async () => {
  const args = ["rollout", "status", "deployment/flinkjob-operator", "--timeout=60s"];
  expect((await system.kubectl(args)).stdout).toContain("successfully rolled out");
});

test("it brings a FlinkJob to running tasks", async () => {
  const url = `http://flink-jobmanager.${world.namespace}:8081`;
  await world.createCluster("local", { url });
  const job = {
    apiVersion: "flinkjob.dev/v1alpha1",
    kind: "FlinkJob",
    metadata: { name: "orders", namespace: world.namespace },
    spec: {
      cluster: { name: "local" },
      ...scenario(["stream"], { uri: jars.uri(), sha256: jars.sha256 }),
    },
  };
  await pods.apply([job]);
  await pods.kubectl(["wait", "--for=condition=Ready", "--timeout=90s", "flinkjob/orders"]);
  const { status } = await world.job("orders");
  expect(status).toMatchObject({
    trigger: { state: "running", reason: "TasksRunning" },
    job: { state: "RUNNING" },
  });
});
