import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { PlanStage, planOf } from "../../../test/support/plan-stage.ts";
import { initializationFailure } from "./serialized-failure.ts";

let stage: PlanStage;
beforeEach(async () => {
  stage = await PlanStage.open();
});
afterEach(() => stage.close());

const plan = planOf("a1b2c3d4e5f60718293a4b5c6d7e8f90");
const path = (what: string) => `/jobs/${plan.jobId}/${what}`;
const inProgress = { status: { id: "IN_PROGRESS" } };

test("a job that never came to be ends its client with our words, also one that waits for nothing but INITIALIZING", async () => {
  await stage.post(plan);
  const failure = { reason: "PodsRefused", message: "no quota for pods", retryable: false };
  await stage.write(plan, { state: "failed", reason: "PodsRefused", failure });
  expect((await stage.ask(path("status"))).body).toEqual({ status: "FAILED" });
  expect((await stage.ask(path("execution-result"))).body).toEqual({
    status: { id: "COMPLETED" },
    "job-execution-result": {
      id: plan.jobId,
      "application-status": "FAILED",
      "accumulator-results": {},
      "net-runtime": 0,
      "failure-cause": initializationFailure(plan.jobId, "PodsRefused: no quota for pods"),
    },
  });
});

test("a result that was too large to be kept is told so", async () => {
  await stage.post(plan);
  const absent = "it has 40000 bytes, and 32768 are kept";
  await stage.write(plan, { state: "finished", reason: "Finished" }, { executionResult: { absent } });
  const { body } = await stage.ask(path("execution-result"));
  expect(body["job-execution-result"]).toMatchObject({
    "application-status": "FAILED",
    "failure-cause": { "stack-trace": expect.stringContaining(`its result is not to be had: ${absent}`) },
  });
  expect(await stage.ask(path("accumulators"))).toMatchObject({
    status: 404,
    body: { errors: [expect.stringContaining(absent)] },
  });
});

test("a result that was too large to be kept is its JobManager's to tell, until the cluster is let go", async () => {
  await stage.post(plan);
  await stage.await(plan);
  await eventually(() => stage.handed.length === 1);
  const result = { status: { id: "COMPLETED" }, "job-execution-result": { id: plan.jobId } };
  stage.manager.results.set(plan.jobId, JSON.stringify(result));
  stage.manager.states.set(plan.jobId, "FINISHED");
  const ended = { state: "finished", reason: "Finished", acceptedAt: new Date().toISOString() } as const;
  const asked = `/v1/jobs/${plan.jobId}/accumulators?includeSerializedValue=true`;
  for (const more of [{}, { executionResult: { absent: "it is larger" } }]) {
    await stage.write(plan, ended, more);
    expect((await stage.ask(path("execution-result"))).body).toEqual(result);
    expect((await stage.ask(path("accumulators?includeSerializedValue=true"))).body).toEqual({ asked });
  }
  const { cluster } = (await stage.job(plan)).status?.trigger ?? {};
  await stage.write(plan, { cluster: { ...cluster!, releasedAt: new Date().toISOString() } });
  expect((await stage.ask(path("execution-result"))).body).toMatchObject({
    "job-execution-result": { "application-status": "FAILED" },
  });
  expect((await stage.ask(path("accumulators"))).status).toBe(404);
});

test("as long as nobody knows the result of a job that has finished, it is asked for again", async () => {
  await stage.post(plan);
  await stage.await(plan);
  stage.manager.isAway = true;
  await stage.write(plan, { state: "finished", reason: "Finished", acceptedAt: new Date().toISOString() });
  for (const what of ["execution-result", "accumulators"])
    expect([what, (await stage.ask(path(what))).status]).toEqual([what, 503]);
});

describe("cancel", () => {
  const cancel = () => stage.ask(`/jobs/${plan.jobId}?mode=cancel`, { method: "PATCH" });

  test("of a job without a cluster tells the operator", async () => {
    await stage.post(plan);
    expect(await cancel()).toMatchObject({ status: 202, body: {} });
    expect((await stage.job(plan)).spec.state).toBe("suspended");
    expect((await stage.ask(path("status"))).body).toEqual({ status: "INITIALIZING" });
    await stage.write(plan, { state: "canceled", reason: "Suspended" });
    expect((await stage.ask(path("status"))).body).toEqual({ status: "CANCELED" });
    expect((await stage.ask(path("execution-result"))).body).toMatchObject({
      "job-execution-result": { "application-status": "CANCELED" },
    });
    expect(await cancel()).toMatchObject({ status: 202 });
    expect(stage.passed.map(({ user, method, status }) => [user, method, status])).toEqual([
      ["jane", "PATCH", 202],
      ["jane", "PATCH", 202],
    ]);
  });

  test("of a job that runs is its JobManager's", async () => {
    await stage.post(plan);
    await stage.await(plan);
    await eventually(() => stage.handed.length === 1);
    await stage.write(plan, {
      state: "running",
      reason: "TasksRunning",
      acceptedAt: new Date().toISOString(),
    });
    expect(await cancel()).toMatchObject({ status: 202 });
    expect(stage.manager.states.get(plan.jobId)).toBe("CANCELED");
    expect((await stage.job(plan)).spec.state).toBe("running");
    await stage.write(plan, { state: "finished", reason: "Finished" });
    expect(await cancel()).toMatchObject({ status: 409 });
  });

  test("of a job that its JobManager does not have yet tells the operator", async () => {
    await stage.post(plan);
    stage.manager.isAway = true;
    await stage.await(plan);
    expect(await cancel()).toMatchObject({ status: 202 });
    expect((await stage.job(plan)).spec.state).toBe("suspended");
  });

  test("of nobody's job is 404", async () => {
    expect(await cancel()).toMatchObject({ status: 404 });
  });
});

describe("while the JobManager fails over", () => {
  beforeEach(async () => {
    await stage.post(plan);
    await stage.await(plan);
    await eventually(() => stage.handed.length === 1);
    const job = { id: plan.jobId, name: "lab", state: "RESTARTING" };
    await stage.write(
      plan,
      { state: "running", reason: "Recovering", acceptedAt: new Date().toISOString() },
      { job },
    );
  });

  test.each(["away", "without the job"])(
    "%s: nothing is told that a client would take for the end",
    async (how) => {
      if (how === "away") stage.manager.isAway = true;
      else stage.manager.states.clear();
      expect(await stage.ask(path("status"))).toMatchObject({ status: 200, body: { status: "RESTARTING" } });
      expect(await stage.ask(path("execution-result"))).toMatchObject({ status: 200, body: inProgress });
      expect(
        await stage.ask(path("clientHeartbeat"), { method: "PATCH", body: '{"expiredTimestamp":1}' }),
      ).toMatchObject({ status: 202 });
      for (const what of ["accumulators", `savepoints/${"0".repeat(31)}1`])
        expect([what, (await stage.ask(path(what))).status]).toEqual([what, 503]);
      expect((await stage.ask(`/jobs/${plan.jobId}`, { method: "PATCH" })).status).toBe(503);
    },
  );
});

test("a savepoint that ends the job is told after its cluster has gone", async () => {
  await stage.post(plan);
  await stage.await(plan);
  await eventually(() => stage.handed.length === 1);
  await stage.write(plan, { state: "running", reason: "TasksRunning", acceptedAt: new Date().toISOString() });
  const begun = await stage.ask(path("stop"), {
    method: "POST",
    body: '{"drain":false,"triggerId":null}',
  });
  expect(begun.status).toBe(202);
  const id = begun.body["request-id"] as string;
  await eventually(() => stage.manager.seen.some((one) => one.startsWith("GET") && one.endsWith(id)));
  stage.manager.isAway = true;
  await stage.write(plan, { state: "finished", reason: "Finished" });
  expect(await stage.ask(path(`savepoints/${id}`))).toMatchObject({
    status: 200,
    body: { status: { id: "COMPLETED" }, operation: { location: `file:/savepoints/${id}` } },
  });
  expect(await stage.ask(path(`savepoints/${"f".repeat(32)}`))).toMatchObject({ status: 404 });
  expect(await stage.ask(path("savepoints"), { method: "POST" })).toMatchObject({ status: 409 });
});
