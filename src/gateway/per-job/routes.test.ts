import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { BOUNDARY, PlanStage, planBody, planOf } from "../../../test/support/plan-stage.ts";
import { flinkClusters } from "../../kube/resources.ts";
import { GatewayError } from "../gateway-error.ts";

let stage: PlanStage;
beforeEach(async () => {
  stage = await PlanStage.open();
});
afterEach(() => stage.close());

const plan = planOf("a1b2c3d4e5f60718293a4b5c6d7e8f90");
const path = (what: string) => `/jobs/${plan.jobId}/${what}`;
const inProgress = { status: { id: "IN_PROGRESS" } };

test("one job's whole way: taken, waiting, handed over, running, over", async () => {
  expect(await stage.post(plan)).toEqual({ status: 202, body: { jobUrl: `/jobs/${plan.jobId}` } });
  const { metadata, spec } = await stage.job(plan);
  expect(metadata).toMatchObject({
    name: expect.stringMatching(/^orders-a1b2c3d4-[0-9a-f]{10}$/),
    labels: { "app.kubernetes.io/managed-by": "flinkjob-gateway", "flinkjob.dev/template": "orders" },
    annotations: { "flinkjob.dev/submitted-by": "jane" },
  });
  expect(spec).toMatchObject({
    cluster: { perJob: { mode: "session", flinkVersion: "2.3", image: "flink:2.3" } },
    plan: { file: plan.file },
    trigger: { jobId: plan.jobId },
    submission: { timeout: "10m" },
    ttlSecondsAfterFinished: 3600,
    restartPolicy: "Never",
  });
  for (const reason of [undefined, "ClusterDeploying", "ImagePullFailed"] as const) {
    if (reason !== undefined) await stage.write(plan, { reason, cluster: { name: "own", mode: "session" } });
    expect((await stage.ask(path("status"))).body).toEqual({ status: "INITIALIZING" });
    expect((await stage.ask(path("execution-result"))).body).toEqual(inProgress);
  }
  expect(stage.manager.seen).toEqual([]);

  await stage.await(plan);
  await eventually(() => stage.handed.length === 1);
  expect(stage.handed).toEqual([`${metadata.name} taken`]);
  const [taken] = stage.manager.taken;
  expect(taken?.body.equals(planBody(plan))).toBe(true);
  expect(taken?.contentType).toBe(`multipart/form-data; boundary="${BOUNDARY}"`);
  // Its JobManager knows it before the operator does.
  expect((await stage.ask(path("status"))).body).toEqual({ status: "RUNNING" });

  await stage.write(plan, { state: "running", reason: "TasksRunning", acceptedAt: new Date().toISOString() });
  await eventually(async () => (await stage.planning.waiting()) === 0);
  expect((await stage.ask(path("execution-result"))).body).toEqual(inProgress);
  const told = `{"status":{"id":"COMPLETED"}, "job-execution-result":{"id":"${plan.jobId}","accumulator-results":{"n":"rO0A"}}}`;
  stage.manager.results.set(plan.jobId, told);
  expect((await stage.ask(path("execution-result"))).text).toBe(told);

  const releasedAt = new Date().toISOString();
  const cluster = { name: "own", mode: "session" as const, releasedAt };
  await stage.write(
    plan,
    { state: "finished", reason: "Finished", cluster },
    { executionResult: { text: told } },
  );
  const { length } = stage.manager.seen;
  expect((await stage.ask(path("status"))).body).toEqual({ status: "FINISHED" });
  expect((await stage.ask(path("execution-result"))).text).toBe(told);
  expect((await stage.ask(path("accumulators?includeSerializedValue=true"))).body).toEqual({
    "job-accumulators": [],
    "user-task-accumulators": [],
    "serialized-user-task-accumulators": { n: "rO0A" },
  });
  expect(stage.manager.seen).toHaveLength(length);
});

test("the same again, whenever, is the same job; another of its JobID is refused", async () => {
  await Promise.all([stage.post(plan), stage.post(plan)]);
  await stage.stop();
  await stage.start();
  expect((await stage.post(plan)).status).toBe(202);
  expect(await stage.jobs()).toHaveLength(1);
  const other = planOf(plan.jobId, "456");
  expect(await stage.post(other)).toEqual({
    status: 409,
    body: { errors: [expect.stringContaining("DuplicateJobSubmissionException")] },
  });
  expect(await stage.planning.waiting()).toBe(1);
  await stage.await(plan);
  await eventually(() => stage.handed.length === 1);
  await stage.write(plan, { state: "finished", reason: "Finished" });
  await eventually(async () => (await stage.planning.waiting()) === 0);
  expect((await stage.post(plan)).status).toBe(202);
  // What was handed over is not kept once more.
  expect(await stage.planning.waiting()).toBe(0);
  expect(stage.manager.taken).toHaveLength(1);
});

test("without a template's name, the namespace's only one is meant", async () => {
  expect((await stage.post(plan, "/per-job/team/v1/jobs")).status).toBe(202);
  expect((await stage.ask(`/per-job/team${path("status")}`)).body).toEqual({ status: "INITIALIZING" });
  await stage.template("bookings", { keepClusterFor: "30m" }, "1.20");
  const other = planOf("b".repeat(32), "1", "jobgraph");
  await eventually(async () => (await stage.post(other, "/per-job/team/jobs")).status === 404);
  expect((await stage.post(other, "/per-job/team/jobs")).body).toEqual({
    errors: [expect.stringContaining("bookings, orders. Name one: /per-job/team/NAME")],
  });
  expect((await stage.post(other, "/per-job/team/bookings/jobs")).status).toBe(202);
  expect((await stage.job(other, "bookings")).spec.cluster.perJob?.keepClusterFor).toBe("30m");
  // A job that is known needs no template's name.
  expect((await stage.ask(`/per-job/team/jobs/${other.jobId}/status`)).body).toEqual({
    status: "INITIALIZING",
  });
  expect((await stage.ask(`/per-job/team/orders/jobs/${other.jobId}/status`)).status).toBe(404);
});

test.each([
  ["/per-job/team/none/jobs", 404, "There is no FlinkCluster team/none"],
  ["/per-job/other/jobs", 404, "There is no FlinkCluster with spec.perJob in the namespace other"],
  ["/per-job/team/orders/jars/upload", 404, "POST /jobs"],
])("POST %s: %s", async (where, status, why) => {
  expect(await stage.post(plan, where)).toEqual({ status, body: { errors: [expect.stringContaining(why)] } });
  expect(await stage.planning.waiting()).toBe(0);
});

test("a plan of a Flink that the template's clusters cannot read is refused at once", async () => {
  const older = planOf("c".repeat(32), "1", "jobgraph");
  expect(await stage.post(older)).toMatchObject({
    status: 400,
    body: {
      errors: [
        "The client is of Flink before 2.0, and orders makes clusters of Flink 2.3: use a client of that version",
      ],
    },
  });
  expect(await stage.jobs()).toEqual([]);
});

test("list: what the FlinkJobs say, with all that Flink's client breaks without", async () => {
  await stage.post(plan);
  const second = planOf("d".repeat(32));
  await stage.post(second);
  const job = { id: second.jobId, name: "lab", state: "RUNNING", startTime: "2026-11-26T10:00:00.000Z" };
  await stage.write(second, { state: "running", reason: "TasksRunning" }, { job });
  const { jobs } = (await stage.ask("/jobs/overview")).body as { jobs: Record<string, unknown>[] };
  expect(jobs.map(({ jid, state }) => [jid, state]).sort()).toEqual([
    [plan.jobId, "INITIALIZING"],
    [second.jobId, "RUNNING"],
  ]);
  expect(jobs.find(({ jid }) => jid === second.jobId)).toMatchObject({
    ...{ name: "lab", "start-time": Date.UTC(2026, 10, 26, 10), "end-time": -1, "pending-operators": 0 },
    tasks: { running: 0, total: 0, failed: 0 },
  });
});

test("what only the JobManager knows passes through while it lives", async () => {
  await stage.post(plan);
  const ask = () => stage.ask(`/jobs/${plan.jobId}/vertices/abc?x=1`);
  expect((await ask()).status).toBe(503);
  await stage.await(plan);
  await eventually(() => stage.handed.length === 1);
  expect(await ask()).toMatchObject({
    status: 200,
    body: { asked: `/v1/jobs/${plan.jobId}/vertices/abc?x=1` },
  });
  await stage.write(plan, { state: "canceled", reason: "Canceled" });
  await stage.kube.delete(flinkClusters, { namespace: "team", name: `own-${plan.jobId.slice(0, 8)}` });
  await eventually(async () => (await ask()).status === 404);
});

test("rights are asked for before anything of the body is read", async () => {
  const intents: string[] = [];
  const careful = await PlanStage.open({
    access: {
      authorize: async (_request, { verb, namespace }) => {
        intents.push(`${verb} ${namespace}`);
        throw new GatewayError("Forbidden", "no");
      },
    },
  });
  try {
    expect((await careful.post(plan)).status).toBe(403);
    for (const method of ["GET", "PATCH", "POST"] as const)
      expect((await careful.ask(path("stop"), { method })).status).toBe(403);
    expect(intents).toEqual(["create team", "get team", "patch team", "create team"]);
    expect(await careful.planning.waiting()).toBe(0);
  } finally {
    await careful.close();
  }
});
