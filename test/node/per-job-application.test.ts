import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { jobsJarPath } from "../../dev/image/flink.ts";
import { smallCluster } from "../../dev/node/small-cluster.ts";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import type { FlinkJob } from "../../src/api/objects.ts";
import { STORAGE_MOUNT } from "../../src/core/cluster/design.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { eventually } from "../support/eventually.ts";
import { JarServer } from "../support/jar-server.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import type { Operator } from "../support/operator.ts";
import { SCALED_AT_ONCE } from "../support/scaled-at-once.ts";
import { scenario, World } from "../support/world.ts";
import { Pods } from "./pods.ts";

// A cluster for one job alone, whose JobManager runs main() itself, on a real kubelet. Each starts pods: what can be told by
// one job is told by one.
const START_MS = 110_000;
const LIMIT_MS = 300_000;

let world: World;
let pods: Pods;
let operator: Operator;
let hostPath: string;

beforeAll(async () => {
  world = await World.open("per-job");
  pods = await Pods.open(world.namespace);
  operator = await world.operator("--operator-image", inject("images").operator!);
  hostPath = await pods.node.sharedDirectory(world.namespace);
});
afterAll(() => world.close());

const isScaled = ({ status }: FlinkJob) =>
  status?.trigger?.reason === "TasksRunning" &&
  status.trigger.parallelism === 2 &&
  status.trigger.scaling?.reachedAt !== undefined;

type Version = "1.20" | "2.3";

function run(
  version: Version,
  args: string[],
  patch: object = {},
  jar: FlinkJobSpecInput["jar"] = { local: jobsJarPath },
): FlinkJobSpecInput {
  const perJob = { ...smallCluster(version, inject("images")[version]!, hostPath), ...patch };
  return { cluster: { perJob }, ...scenario(args, jar) } as FlinkJobSpecInput;
}

const name = (what: string, version: Version) => `${what}-${version.replace(".", "-")}`;

/** The cluster that was made for the FlinkJob. */
async function ownCluster(name: string): Promise<ManagedSubject> {
  const { status } = await world.until(name, ({ status }) => status?.trigger?.cluster !== undefined);
  return new ManagedSubject(world, status?.trigger?.cluster?.name ?? "");
}

async function leavesNothing(subject: ManagedSubject): Promise<void> {
  await subject.untilGone(60_000);
  expect([await subject.objects(), await subject.pods()]).toEqual([[], []]);
}

describe.each(["2.3", "1.20"] as const)("Flink %s", (version) => {
  test(
    "runs main() once, and is gone with its result on record, whenever the operator is killed",
    async () => {
      const job = name("batch", version);
      // In the volume that is the cluster's storage: main() waits for it.
      const go = `go-${version}`;
      await world.createJob(job, run(version, ["batch", "--wait-for", `${STORAGE_MOUNT}/${go}`]));
      const subject = await ownCluster(job);
      await operator.restart();
      await eventually(async () => (await subject.pods()).length > 0, START_MS, 50);
      await operator.restart();
      const { status } = await world.untilReason(job, "MainRunning", START_MS);
      expect(status?.trigger).toMatchObject({
        state: "pending",
        sends: 1,
        attempt: 1,
        protection: "Durable",
      });
      expect(status?.cluster).toBe(subject.name);
      await operator.restart();
      await writeFile(join(hostPath, go), "");
      await world.untilReason(job, "Finished", START_MS);
      await operator.restart();
      await leavesNothing(subject);
      const after = (await world.job(job)).status;
      expect(after?.result?.accumulators).toEqual({ elements: "100" });
      expect(after?.trigger).toMatchObject({ state: "finished", sends: 1, attempt: 1 });
      expect(after?.history).toBeUndefined();
    },
    LIMIT_MS,
  );
});

test.concurrent.each(["2.3", "1.20"] as const)(
  "Flink %s tells that a fetched JAR is another one; with the right one, why its main() failed, and goes",
  async (version) => {
    const job = name("throws", version);
    const jars = await JarServer.start(await buildJobsJar(version), pods.node.addresses.host);
    world.onClose(() => jars.close());
    const uri = jars.uri();
    // A TaskManager that is taken away while it starts does not hear of it, and is killed 30 s later.
    const alone = { taskManager: { replicas: 0 } };
    await world.createJob(job, run(version, ["throw"], alone, { uri, sha256: "0".repeat(64) }));
    const first = await ownCluster(job);
    const { status: refused } = await world.untilReason(job, "JarChecksumMismatch", START_MS);
    expect(refused?.trigger).toMatchObject({ state: "pending", cluster: { name: first.name } });
    expect(refused?.trigger?.message).toContain(`${uri}: has SHA-256 ${jars.sha256}, not 000`);
    await world.editJob(job, { jar: { uri, sha256: jars.sha256 } });
    await world.until(job, ({ status }) => status?.trigger?.id === "g2", START_MS);
    const subject = await ownCluster(job);
    expect(subject.name).not.toBe(first.name);
    const { status } = await world.until(job, ({ status }) => status?.trigger?.state === "failed", START_MS);
    const message = "java.lang.IllegalStateException: the user's code says no";
    expect(status?.trigger?.failure).toEqual({ reason: "MainFailed", message, retryable: false });
    expect(status?.history).toMatchObject([{ id: "g1", state: "canceled" }]);
    await leavesNothing(first);
    await leavesNothing(subject);
  },
  LIMIT_MS,
);

test.concurrent(
  "is scaled as it runs, also when its JobManager is killed, and goes before its FlinkJob",
  async () => {
    const spec = run("2.3", ["stream"]);
    const perJob = spec.cluster.perJob!;
    const flinkConfiguration = { ...perJob.flinkConfiguration, ...SCALED_AT_ONCE };
    // A TaskManager for each task.
    const sized = (size: number) => ({
      parallelism: size,
      cluster: {
        perJob: {
          ...perJob,
          flinkConfiguration,
          taskManager: { ...perJob.taskManager, slots: 1, replicas: size },
        },
      },
    });
    await world.createJob("stream", { ...spec, ...sized(1) });
    const subject = await ownCluster("stream");
    const { metadata, status } = await world.untilReason("stream", "TasksRunning", START_MS);
    const first = status?.trigger;
    await world.editJob("stream", sized(2));
    // Killed at once: whether Flink has it is found out by the next one.
    await operator.restart();
    const scaled = await world.until("stream", isScaled, 60_000);
    expect(scaled.status?.trigger).toMatchObject({ id: "g1", jobId: first?.jobId, attempt: 1, sends: 1 });

    const [jobManager] = await pods.list({
      "flinkjob.dev/cluster": subject.name,
      "app.kubernetes.io/component": "jobmanager",
    });
    await pods.node.containers.kill(jobManager!.containerId);
    const { takenBy } = scaled.status?.trigger?.scaling ?? {};
    const after = await world.until(
      "stream",
      (job) => isScaled(job) && job.status?.trigger?.scaling?.takenBy !== takenBy,
      START_MS,
    );
    expect(after.status?.trigger).toMatchObject({ id: "g1", jobId: first?.jobId, attempt: 1, sends: 1 });
    expect(await subject.pods("taskmanager")).toHaveLength(2);
    await world.editJob("stream", sized(1));
    await eventually(async () => (await subject.pods("taskmanager")).length === 1, START_MS, 200);
    const fewer = await world.until(
      "stream",
      ({ status }) => status?.trigger?.parallelism === 1 && status.trigger.reason === "TasksRunning",
      60_000,
    );
    expect(fewer.status?.trigger).toMatchObject({ id: "g1", jobId: first?.jobId, attempt: 1, sends: 1 });
    const directories = () => readdir(join(hostPath, world.namespace));
    expect(await directories()).toContain(`stream.${metadata.uid}`);
    await world.deleteJob("stream");
    await world.untilGone("stream", 60_000);
    expect(await directories()).not.toContain(`stream.${metadata.uid}`);
    await expect(subject.cluster).rejects.toSatisfy((error: unknown) => isKubeError(error, "NotFound"));
    await leavesNothing(subject);
  },
  LIMIT_MS,
);

test.concurrent(
  "an image that is not there is told by the FlinkJob, and another image makes another cluster",
  async () => {
    const missing = { image: "flinkjob.invalid/flink:none", imagePullPolicy: "Never" };
    await world.createJob("no-image", run("2.3", ["batch"], missing));
    const subject = await ownCluster("no-image");
    const { status } = await world.untilReason("no-image", "ImagePullFailed", START_MS);
    expect(status?.trigger?.message).toContain("flinkjob.invalid/flink:none");
    await world.editJob(
      "no-image",
      run("2.3", ["batch"], { image: "flinkjob.invalid/flink:other", imagePullPolicy: "Never" }),
    );
    await leavesNothing(subject);
    const next = await world.until("no-image", ({ status }) => status?.trigger?.id === "g2", 30_000);
    expect(next.status?.history).toMatchObject([{ id: "g1", state: "canceled" }]);
    await world.deleteJob("no-image");
    await world.untilGone("no-image", 60_000);
  },
  LIMIT_MS,
);
