import { readdir } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { BOUNDARY, PlanStage, planBody, planOf } from "../../../test/support/plan-stage.ts";
import { JOB_ID_LABEL, JOB_UID_LABEL, PLAN_REFUSED_ANNOTATION } from "../../api/group.ts";
import { FakeClock } from "../../kube/fake-clock.ts";
import { flinkClusters, flinkJobs } from "../../kube/resources.ts";
import { HandOver, type HandOverOptions } from "./hand-over.ts";
import { PlanStore } from "./plan-store.ts";

const plan = planOf("a1b2c3d4e5f60718293a4b5c6d7e8f90");
let stage: PlanStage;
beforeEach(async () => {
  stage = await PlanStage.open();
});
afterEach(() => stage.close());

const refusal = async () => (await stage.job(plan)).metadata.annotations?.[PLAN_REFUSED_ANNOTATION];
const sends = () => stage.manager.seen.filter((one) => one === "POST /v1/jobs").length;

/** One with a clock of its own, asked by hand: what it does depends on nothing that passes by. */
async function byHand(options: Partial<HandOverOptions> = {}) {
  const { own, jobs, jobManagers } = stage.planning.parts;
  const store = await PlanStore.open({ directory: stage.directory, space: 1024 ** 2 });
  const clock = new FakeClock(Date.now());
  const handOver = new HandOver({ own, jobs, jobManagers, store, clock, timeoutMs: 600_000, ...options });
  const { name } = (await stage.job(plan)).metadata;
  return {
    clock,
    store,
    handOver,
    reconcile: () => handOver.reconcile(`team/${name}`, AbortSignal.timeout(5_000)),
  };
}

describe("what the JobManager says", () => {
  test.each([
    ["a connection that breaks before", "break before" as const],
    ["a connection that breaks after it took the job", "break after" as const],
    ["a leader that is being elected", { status: 503, errors: ["leader election"] }],
    ["an error that passes", { status: 500, errors: ["No space left"] }],
  ])("%s: sent again until the job is there, once", async (_what, mishap) => {
    stage.manager.mishaps.push(mishap);
    await stage.post(plan);
    await stage.await(plan);
    await eventually(() => stage.handed.length === 1);
    expect(stage.manager.taken.map(({ jobId }) => jobId)).toEqual([plan.jobId]);
    expect(await refusal()).toBeUndefined();
  });

  test.each([
    [
      "for good",
      [{ status: 400, errors: ["executionPlanFileName field must not be omitted"] }],
      "executionPlanFileName field must not be omitted",
    ],
    [
      "three times with a fault of its own",
      [1, 2, 3].map((n) => ({ status: 500, errors: [`fault ${n}`] })),
      "fault 3",
    ],
  ])(
    "refused %s: the FlinkJob says why",
    async (_what, mishaps, why) => {
      stage.manager.mishaps.push(...mishaps);
      await stage.post(plan);
      await stage.await(plan);
      await eventually(async () => (await refusal()) !== undefined, 20_000);
      expect(await refusal()).toContain(why);
      expect(stage.handed).toEqual([
        expect.stringContaining(` refused its JobManager answers ${mishaps[0]?.status}`),
      ]);
      await stage.write(plan, { state: "failed", reason: "PlanRefused" });
      await eventually(async () => (await stage.planning.waiting()) === 0);
      expect(sends()).toBe(mishaps.length);
    },
    20_000,
  );
});

test.each([
  ["of another job", { [JOB_ID_LABEL]: "f".repeat(32) }],
  ["of another FlinkJob of its name", { [JOB_UID_LABEL]: "another" }],
])("nothing is sent to a cluster %s", async (_whose, labels) => {
  await stage.post(plan);
  await stage.await(plan, labels);
  const { reconcile } = await byHand();
  expect(await reconcile()).toMatchObject({ requeueAfterMs: expect.any(Number) });
  expect(stage.manager.seen).toEqual([]);
});

test.each([
  [
    "is suspended",
    () => stage.kube.patch(flinkJobs, ref(), { type: "merge", body: { spec: { state: "suspended" } } }),
  ],
  ["was refused", async () => stage.planning.parts.jobs.refuse(await stage.job(plan), "no")],
  [
    "has let its cluster go",
    () =>
      stage.write(plan, {
        cluster: { name: "own-a1b2c3d4", mode: "session", releasedAt: "2026-11-26T10:00:00Z" },
      }),
  ],
])("nothing is sent once the FlinkJob %s", async (_what, change) => {
  await stage.post(plan);
  stage.manager.isAway = true;
  await stage.await(plan);
  const { reconcile } = await byHand();
  const before = (await stage.job(plan)).metadata.resourceVersion;
  await change();
  const known = () => stage.planning.parts.jobs.known(`team/${ref().name}`)?.metadata.resourceVersion;
  await eventually(() => known() !== undefined && known() !== before);
  const count = stage.manager.seen.length;
  expect(await reconcile()).toEqual({});
  expect(stage.manager.seen.length).toBe(count);
});

const ref = () => ({
  namespace: "team",
  name: stage.planning.parts.jobs.list("team", "orders")[0]!.metadata.name,
});

test("a cluster that does not come to be in time: refused with the words of the operator", async () => {
  await stage.post(plan);
  await stage.write(plan, { reason: "ImagePullFailed", message: "FlinkCluster x: no such image" });
  const { clock, reconcile } = await byHand();
  const { requeueAfterMs = 0 } = await reconcile();
  expect(requeueAfterMs).toBeGreaterThan(590_000);
  await clock.advance(requeueAfterMs);
  await reconcile();
  expect(await refusal()).toBe(
    "its cluster did not come to be in time: ImagePullFailed: FlinkCluster x: no such image",
  );
});

test("a FlinkJob that has lost its status, long after its plan was handed over, is left to the operator", async () => {
  await stage.post(plan);
  await stage.write(plan, { state: "running", reason: "TasksRunning" });
  await eventually(async () => (await stage.planning.waiting()) === 0);
  await stage.write(plan, { state: "pending", reason: "ClusterUnreachable", message: "it fails over" });
  const known = () => stage.planning.parts.jobs.known(`team/${ref().name}`)?.status?.trigger?.state;
  await eventually(() => known() === "pending");
  const { clock, reconcile } = await byHand();
  await clock.advance(601_000);
  expect(await reconcile()).toEqual({});
  expect(await refusal()).toBeUndefined();
});

test("a volume that has lost the plan: refused after a while, unless the job is there", async () => {
  await stage.post(plan);
  stage.manager.isAway = true;
  await stage.await(plan);
  const { clock, store, reconcile } = await byHand();
  await store.discard({ namespace: "team", file: plan.file });
  await reconcile();
  await clock.advance(119_000);
  await reconcile();
  expect(await refusal()).toBeUndefined();
  stage.manager.states.set(plan.jobId, "RUNNING");
  stage.manager.isAway = false;
  await clock.advance(2_000);
  await reconcile();
  expect(await refusal()).toBeUndefined();
  stage.manager.states.clear();
  await reconcile();
  expect(await refusal()).toBe("the gateway's volume has lost it");
});

test("a plan goes from the volume with its FlinkJob, and one that never had one after a while", async () => {
  await stage.post(plan);
  const other = planOf("d".repeat(32));
  await stage.post(other);
  const { clock, handOver } = await byHand();
  await stage.kube.delete(flinkJobs, { namespace: "team", name: (await stage.job(other)).metadata.name });
  await eventually(async () => (await readdir(stage.directory)).length === 1);
  const { store } = await byHand();
  {
    await using arriving = await store.begin();
    await arriving.write(Buffer.from("x"));
    await arriving.keep({ namespace: "team", file: planOf("e".repeat(32)).file });
  }
  await handOver.sweep();
  expect(await readdir(stage.directory)).toHaveLength(2);
  await clock.advance(960_000);
  await handOver.sweep();
  expect(await readdir(stage.directory)).toEqual([`team.${plan.file}`]);
});

test("another gateway on the same volume goes on where one has ended", async () => {
  await stage.post(plan);
  await stage.stop();
  await stage.start();
  await stage.await(plan);
  await eventually(() => stage.handed.length === 1);
  await stage.stop();
  await stage.start();
  // It sends the plan once more, and hears that the job is there.
  await eventually(() => stage.handed.length === 2);
  expect(stage.manager.taken).toHaveLength(1);
  await stage.kube.delete(flinkClusters, { namespace: "team", name: "own-a1b2c3d4" });
});

test("two gateways on one volume at once: one job, whoever gets the plan and hands it over", async () => {
  const { url } = stage;
  await stage.start();
  const headers = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
  const sent = [url, stage.url, url, stage.url].map((address) =>
    fetch(`${address}/per-job/team/orders/v1/jobs`, { method: "POST", headers, body: planBody(plan) }),
  );
  expect((await Promise.all(sent)).map(({ status }) => status)).toEqual([202, 202, 202, 202]);
  expect(await readdir(stage.directory)).toEqual([`team.${plan.file}`]);
  await stage.await(plan);
  await eventually(() => stage.handed.length === 2);
  expect(stage.handed.map((told) => told.split(" ")[1])).toEqual(["taken", "taken"]);
  expect(stage.manager.taken.map(({ jobId }) => jobId)).toEqual([plan.jobId]);
  await stage.write(plan, { state: "running", reason: "TasksRunning" });
  await eventually(async () => (await readdir(stage.directory)).length === 0);
  expect(await refusal()).toBeUndefined();
});

test("what the JobManager has taken is not sent again while the operator has not seen it, only asked for", async () => {
  await stage.post(plan);
  await stage.await(plan);
  const asked = () => stage.manager.seen.filter((one) => one === `GET /v1/jobs/${plan.jobId}/status`).length;
  await eventually(() => asked() > 1);
  expect(sends()).toBe(1);
});
