import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { jobsJarPath } from "../../dev/image/flink.ts";
import { smallCluster } from "../../dev/node/small-cluster.ts";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import { STORAGE_MOUNT } from "../../src/core/cluster/design.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { eventually } from "../support/eventually.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";
import { Pods } from "./pods.ts";

// A cluster for one job alone, whose JobManager runs main() itself, on a real kubelet. Each starts pods: what can be told by
// one job is told by one.
const START_MS = 110_000;
const LIMIT_MS = 300_000;

let world: World;
let operator: Operator;
let hostPath: string;

beforeAll(async () => {
  world = await World.open("per-job");
  const pods = await Pods.open(world.namespace);
  operator = await world.operator("--operator-image", inject("images").operator!);
  hostPath = await pods.node.sharedDirectory(world.namespace);
});
afterAll(() => world.close());

type Version = "1.20" | "2.3";

function run(version: Version, args: string[], patch: object = {}): FlinkJobSpecInput {
  const perJob = { ...smallCluster(version, inject("images")[version]!, hostPath), ...patch };
  return { cluster: { perJob }, ...scenario(args, { local: jobsJarPath }) } as FlinkJobSpecInput;
}

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
  const name = (what: string) => `${what}-${version.replace(".", "-")}`;

  test(
    "runs main() once, and is gone with its result on record, whenever the operator is killed",
    async () => {
      const job = name("batch");
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

  test(
    "tells why main() failed, and goes",
    async () => {
      const job = name("throws");
      await world.createJob(job, run(version, ["throw"]));
      const subject = await ownCluster(job);
      const { status } = await world.until(
        job,
        ({ status }) => status?.trigger?.state === "failed",
        START_MS,
      );
      const message = "java.lang.IllegalStateException: the user's code says no";
      expect(status?.trigger?.failure).toEqual({ reason: "MainFailed", message, retryable: false });
      await leavesNothing(subject);
    },
    LIMIT_MS,
  );
});

test(
  "goes before its FlinkJob, after its job was cancelled",
  async () => {
    await world.createJob("stream", run("2.3", ["stream"]));
    const subject = await ownCluster("stream");
    const { metadata } = await world.untilReason("stream", "TasksRunning", START_MS);
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

test(
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
