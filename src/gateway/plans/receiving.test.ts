import { readdir } from "node:fs/promises";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { BOUNDARY, PlanStage, planBody, planOf } from "../../../test/support/plan-stage.ts";
import { systemClock } from "../../kube/clock.ts";
import { flinkClusters } from "../../kube/resources.ts";
import { GatewayError } from "../gateway-error.ts";
import { PlanStore } from "./plan-store.ts";
import { Receiving } from "./receiving.ts";

const plan = planOf("a1b2c3d4e5f60718293a4b5c6d7e8f90");
let stage: PlanStage;
afterEach(() => stage.close());

const left = () => readdir(stage.directory);

test.each([
  [{ longest: 300 }, undefined, 413, "--max-plan-size"],
  [{ space: 1 }, "first", 503, "full of plans"],
  [{}, "text", 415, "multipart/form-data"],
])("%j %s: %i, and nothing is left", async (options, how, status, why) => {
  stage = await PlanStage.open(options);
  const first = planOf("e".repeat(32));
  if (how === "first") await stage.post(first);
  const before = await left();
  const headers = { "content-type": "text/plain" };
  const answer =
    how === "text"
      ? await fetch(`${stage.url}/per-job/team/orders/jobs`, {
          method: "POST",
          headers,
          body: planBody(plan),
        }).then(async (said) => ({ status: said.status, body: await said.json() }))
      : await stage.post(plan);
  expect(answer).toEqual({ status, body: { errors: [expect.stringContaining(why)] } });
  expect(await left()).toEqual(before);
  expect((await stage.jobs()).map(({ spec }) => spec.plan?.file)).toEqual(
    how === "first" ? [first.file] : [],
  );
});

test("what the API server refuses leaves no plan, what it may have taken does", async () => {
  stage = await PlanStage.open();
  stage.api.fault = fullQuota;
  expect(await stage.post(plan)).toMatchObject({
    status: 403,
    body: { errors: [expect.stringContaining("exceeded quota")] },
  });
  expect(await left()).toEqual([]);
  stage.api.fault = ({ method, path }) =>
    method === "POST" && path.endsWith("/flinkjobs")
      ? { status: 503, reason: "ServiceUnavailable", message: "no" }
      : undefined;
  expect((await stage.post(plan)).status).toBe(503);
  expect(await left()).toEqual([`team.${plan.file}`]);
  stage.api.fault = () => undefined;
  expect((await stage.post(plan)).status).toBe(202);
});

const fullQuota: PlanStage["api"]["fault"] = ({ method, path }) =>
  method === "POST" && path.endsWith("/flinkjobs")
    ? {
        status: 403,
        reason: "Forbidden",
        message: "exceeded quota: compute, requested: count/flinkjobs.flinkjob.dev=1",
      }
    : undefined;

test("the same again, when its own FlinkJob has filled the quota, is the same job and stays whole", async () => {
  stage = await PlanStage.open();
  expect((await stage.post(plan)).status).toBe(202);
  stage.api.fault = fullQuota;
  expect(await stage.post(plan)).toEqual({ status: 202, body: { jobUrl: `/jobs/${plan.jobId}` } });
  expect(await left()).toEqual([`team.${plan.file}`]);
});

test("a plan that comes twice at once stays whole where one of the two is refused", async () => {
  stage = await PlanStage.open();
  const store = await PlanStore.open({ directory: stage.directory, space: 1024 ** 2 });
  // The other comes, and finds the quota free, while this one is being recorded.
  const create = async (): Promise<never> => {
    expect((await stage.post(plan)).status).toBe(202);
    throw new GatewayError("Forbidden", "exceeded quota");
  };
  const receiving = new Receiving({
    ...{ store, jobs: { create, same: async () => undefined }, clock: systemClock, concurrency: 1 },
    ...{ longest: 1024 ** 2, deadlineMs: 5_000, stallMs: 5_000, timeoutMs: 600_000, retentionMs: 0 },
  });
  const template = await stage.kube.get(flinkClusters, { namespace: "team", name: "orders" });
  const contentType = `multipart/form-data; boundary=${BOUNDARY}`;
  const request = { contentType, body: Readable.from([planBody(plan)]), template, user: "jane" };
  await expect(receiving.receive(request)).rejects.toThrow("exceeded quota");
  expect(await left()).toEqual([`team.${plan.file}`]);
});

test("a client that goes midway leaves nothing, and gives its place back; further ones are refused before they are read", async () => {
  stage = await PlanStage.open({ concurrency: 1 });
  const { port } = stage.gateway.server.address() as AddressInfo;
  const headers = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
  const client = request({
    host: "127.0.0.1",
    port,
    method: "POST",
    path: "/per-job/team/orders/jobs",
    headers,
  });
  client.on("error", () => undefined);
  client.write(planBody(plan).subarray(0, 300));
  await eventually(async () => (await left()).length === 1);
  expect(await stage.post(planOf("e".repeat(32)))).toMatchObject({
    status: 503,
    body: { errors: [expect.stringContaining("on their way")] },
  });
  client.destroy();
  await eventually(async () => (await left()).length === 0 && stage.planning.parts.receiving.underWay === 0);
  expect((await stage.post(plan)).status).toBe(202);
});

test("a client that is silent midway is let go", async () => {
  stage = await PlanStage.open({ stallMs: 50 });
  const { port } = stage.gateway.server.address() as AddressInfo;
  const headers = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
  const client = request({
    host: "127.0.0.1",
    port,
    method: "POST",
    path: "/per-job/team/orders/jobs",
    headers,
  });
  client.on("error", () => undefined);
  const answered = new Promise<number | undefined>((resolve) =>
    client.on("response", ({ statusCode }) => resolve(statusCode)),
  );
  client.write(planBody(plan).subarray(0, 300));
  expect(await answered).toBe(408);
  client.destroy();
  await eventually(async () => (await left()).length === 0);
});
