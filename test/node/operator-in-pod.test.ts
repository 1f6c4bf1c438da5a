import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { buildJobsJar, scenarioClass } from "../../dev/flink/jobs.ts";
import { smallCluster } from "../../dev/node/small-cluster.ts";
import { FlinkCli } from "../support/flink-cli.ts";
import { JarServer } from "../support/jar-server.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import { scenario, World } from "../support/world.ts";
import { Pods } from "./pods.ts";
import { sessionCluster } from "./session-cluster.ts";

const manifests = fileURLToPath(new URL("../../manifests", import.meta.url));

let world: World;
let pods: Pods;
let system: Pods;
let jars: JarServer;
let storage: string;

// Operator and gateway as they are installed: their image, their manifests, their rights; they find Flink by the names of Services.
beforeAll(async () => {
  world = await World.open("in-pod");
  pods = await Pods.open(world.namespace);
  system = await Pods.open("flinkjob-system");
  const image = inject("images")["2.3"]!;
  storage = await pods.node.sharedDirectory(world.namespace);
  await pods.apply(sessionCluster({ name: "flink", namespace: world.namespace, image, storage }));
  await pods.apply([await volumeOfPlans()]);
  const { stdout } = await system.kubectl(["kustomize", await installation()]);
  await system.kubectl(
    ["apply", "--server-side", "-f", "-"],
    stdout.replaceAll("flinkjob-operator:0.1.0", inject("images").operator!),
  );
  jars = await JarServer.start(await buildJobsJar("2.3"), pods.node.addresses.host);
});
afterAll(async () => {
  await jars.close();
  // It looks after all namespaces, the next test's too.
  await system.kubectl(["delete", "deployment/flinkjob-operator", "--cascade=foreground", "--timeout=60s"]);
  await world.close();
  await system.close();
});

/** A kustomization of whoever wants all of it. */
async function installation(): Promise<string> {
  const dir = join(world.dir, "installation");
  const at = (name: string) => relative(dir, join(manifests, name));
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [at("base"), at("managed-clusters"), at("gateway")],
    components: [at("gateway/plans")],
  };
  await mkdir(dir);
  await writeFile(join(dir, "kustomization.yaml"), JSON.stringify(kustomization));
  return dir;
}

/** What a provisioner would make for the gateway's claim: root's, until the kubelet gives it to the pod's group. */
async function volumeOfPlans(): Promise<object> {
  const path = join(storage, "plans");
  await mkdir(path, { mode: 0o755 });
  const here = { key: "kubernetes.io/hostname", operator: "In", values: [pods.node.name] };
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `${world.namespace}-plans` },
    spec: {
      capacity: { storage: "10Gi" },
      accessModes: ["ReadWriteOnce"],
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [here] }] } },
      claimRef: { namespace: "flinkjob-system", name: "flinkjob-gateway-plans" },
    },
  };
}

test.each(["operator", "gateway"])("the %s becomes ready in its pod", async (name) => {
  const args = ["rollout", "status", `deployment/flinkjob-${name}`, "--timeout=60s"];
  expect((await system.kubectl(args)).stdout).toContain("successfully rolled out");
});

test.concurrent("the operator brings a FlinkJob to running tasks", async () => {
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

test.concurrent("Flink's own client, with a token, gets a cluster for its job through the gateway, which is gone after it", async () => {
  const managed = smallCluster("2.3", inject("images")["2.3"]!, storage);
  await world.createCluster("orders", { managed, perJob: {} });
  await pods.kubectl(["create", "serviceaccount", "client"]);
  const rights = ["--verb=create,get", "--resource=flinkjobs.flinkjob.dev"];
  await pods.kubectl(["create", "role", "client", ...rights]);
  const whose = ["--role=client", `--serviceaccount=${world.namespace}:client`];
  await pods.kubectl(["create", "rolebinding", "client", ...whose]);
  const token = (await pods.kubectl(["create", "token", "client"])).stdout.trim();
  const address = await system.serviceAddress("flinkjob-gateway");
  const path = `/per-job/${world.namespace}/orders`;
  expect((await fetch(`http://${address}:8090${path}/jobs/overview`)).status).toBe(401);
  const cli = await FlinkCli.install({
    version: "2.3",
    dir: join(world.dir, "client"),
    configuration: {
      "execution.target": "remote",
      "rest.address": address,
      "rest.port": 8090,
      "rest.path": path,
    },
    environment: { FLINK_REST_CLIENT_HEADERS: `Authorization:Bearer ${token}` },
  });
  const { code, stdout, stderr } = await cli.run(
    ...["run", "-c", scenarioClass, await buildJobsJar("2.3"), "result"],
  );
  expect(code, stdout + stderr).toBe(0);
  expect(stderr).toContain("elements: 100");
  const [, jobId] = /submitted with JobID ([0-9a-f]{32})/.exec(stdout) ?? [];
  const ofPlan = world.recording.versions.find(({ spec }) => spec.trigger?.jobId === jobId);
  const { status } = await world.until(
    ofPlan?.metadata.name ?? "",
    (job) => job.status?.executionResult !== undefined,
  );
  expect(status?.trigger).toMatchObject({ state: "finished", jobId });
  const subject = new ManagedSubject(world, status?.trigger?.cluster?.name ?? "");
  await subject.untilGone(60_000);
  expect(await subject.left()).toEqual([]);
}, 300_000);
