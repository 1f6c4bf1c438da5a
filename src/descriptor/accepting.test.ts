import { afterEach, beforeEach, expect, test } from "vitest";
import {
  aSession,
  DescriptorStage,
  onItsWay,
  perJobSpec,
  stalled,
} from "../../test/support/descriptor-stage.ts";
import { eventually } from "../../test/support/eventually.ts";
import type { PerJobSpec } from "./specs.ts";

let stage: DescriptorStage;
beforeEach(async () => {
  stage = await DescriptorStage.open();
});
afterEach(() => stage.close());

const jobId = "8197e6ab444c16c1c1d7d02ec6d72519";
const url = "http://counts-1f00-rest.team-a.svc:8081";
const waits = { ...onItsWay, Submitted: "Unknown" } as const;
const runs = { ...onItsWay, Submitted: "True" } as const;

/** A status whose trigger stands so. */
const at = (state: "pending" | "running" | "canceled", reason: string, more: object = {}) => ({
  status: {
    trigger: {
      ...{ id: "g1", state, reason, jobId, attempt: 1, generation: 1, runHash: "h", sends: 1, tries: 1 },
      requestedAt: "2026-11-26T12:00:00Z",
      sentTo: { url, incarnation: "", flinkVersion: "2.3" },
      cluster: { name: "counts-1f00", mode: "application" },
      ...more,
    },
  },
});

const looks = () =>
  stage.api.requests.filter(({ path }) => path.endsWith("/flinkclusters/counts-1f00")).length;

test("a FlinkJob is created; its client comes once Flink has accepted it", async () => {
  const deploying = stage.descriptor.deployPerJob("counts", perJobSpec);
  const job = await stage.job("counts");
  expect(job.spec).toMatchObject({ cluster: { perJob: { mode: "application", image: "flink:2.3" } } });
  await stage.tell(job, "ClusterDeploying", waits, at("pending", "ClusterDeploying"));
  await stage.tell(job, "WaitingForTasks", runs, at("running", "WaitingForTasks"));
  expect((await deploying).jobId).toBe(jobId);
  expect(stage.asked).toEqual([url]);
});

test("the same again is the same job; another spec is none", async () => {
  const first = stage.descriptor.deployPerJob("counts", perJobSpec);
  const job = await stage.job("counts");
  await stage.tell(job, "WaitingForTasks", runs, at("running", "WaitingForTasks"));
  await first;
  expect((await stage.descriptor.deployPerJob("counts", perJobSpec)).jobId).toBe(jobId);
  expect((await stage.descriptor.retrieve({ job: "counts" })).jobId).toBe(jobId);
  const other = stage.descriptor.deployPerJob("counts", { ...perJobSpec, parallelism: 2 });
  await expect(other).rejects.toMatchObject({ code: "SpecDiffers", differences: ["spec.parallelism"] });
});

test("what only the attempt's FlinkCluster says ends the wait: its image cannot be pulled", async () => {
  const deploying = stage.descriptor.deployPerJob("counts", perJobSpec);
  const refused = expect(deploying).rejects.toMatchObject({
    code: "DeploymentFailed",
    reason: "ImagePullFailed",
    message: "FlinkCluster team-a/counts-1f00: no such image",
  });
  const cluster = aSession("counts-1f00");
  await stage.put(cluster);
  const made = await stage.cluster("counts-1f00");
  await stage.tell(made, "ImagePullFailed", stalled, { message: "no such image" });
  await stage.tell(await stage.job("counts"), "ImagePullFailed", waits, at("pending", "ImagePullFailed"));
  await refused;
});

test.each(["RightMissing", "ObjectRefused"])(
  "a cluster that cannot be made ends the wait: %s",
  async (reason) => {
    const deploying = stage.descriptor.deployPerJob("counts", perJobSpec);
    const refused = expect(deploying).rejects.toMatchObject({
      code: "DeploymentFailed",
      reason,
      jobId,
      message: `FlinkJob team-a/counts: It is ${reason}.`,
    });
    await stage.tell(await stage.job("counts"), reason, waits, at("pending", reason));
    await refused;
  },
);

test("a trouble that may pass is waited out", async () => {
  const deploying = stage.descriptor.deployPerJob("counts", perJobSpec);
  const cluster = aSession("counts-1f00");
  await stage.put(cluster);
  await stage.tell(
    { ...cluster, metadata: { ...cluster.metadata, generation: 1 } },
    "Unschedulable",
    onItsWay,
  );
  stage.api.requests.length = 0;
  const job = await stage.job("counts");
  await stage.tell(job, "Unschedulable", waits, at("pending", "Unschedulable"));
  await eventually(() => looks() > 0);
  await stage.tell(job, "WaitingForTasks", runs, at("running", "WaitingForTasks"));
  await deploying;
  expect(looks()).toBe(1);
});

test("main() that throws", async () => {
  const deploying = stage.descriptor.deployPerJob("counts", perJobSpec);
  const refused = expect(deploying).rejects.toMatchObject({
    code: "DeploymentFailed",
    reason: "MainFailed",
    jobId,
    message: "FlinkJob team-a/counts: no topic",
  });
  const words = { ...stalled, Submitted: "False" } as const;
  const told = at("pending", "MainFailed");
  await stage.tell(await stage.job("counts"), "MainFailed", words, { message: "no topic", ...told });
  await refused;
});

test("a job that is not to run is not waited for", async () => {
  const deploying = stage.descriptor.deployPerJob("counts", { ...perJobSpec, state: "suspended" });
  const refused = expect(deploying).rejects.toMatchObject({
    code: "DeploymentFailed",
    reason: "Suspended",
  });
  await stage.tell(await stage.job("counts"), "Suspended", { Ready: "True", Submitted: "Unknown" });
  await refused;
});

test("a job that is nowhere yet", async () => {
  const deploying = stage.descriptor.deployPerJob("counts", perJobSpec);
  const job = await stage.job("counts");
  await stage.tell(job, "Pending", waits, at("pending", "Pending", { sentTo: null }));
  await expect(stage.descriptor.retrieve({ job: "counts" })).rejects.toMatchObject({
    code: "NotDeployed",
    jobId,
    retry: "backoff",
    message: "FlinkJob team-a/counts is on no cluster yet: Pending: It is Pending.",
  });
  await stage.tell(job, "WaitingForTasks", runs, at("running", "WaitingForTasks"));
  await deploying;
});

test("what asks for no cluster of its own", async () => {
  const spec = { cluster: { name: "orders" }, jar: { uri: "http://jars/a.jar" } };
  const deploying = stage.descriptor.deployPerJob("counts", spec as unknown as PerJobSpec);
  await expect(deploying).rejects.toThrow(TypeError);
});
