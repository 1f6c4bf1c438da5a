import { readdir } from "node:fs/promises";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { BOUNDARY, PlanStage, planBody, planOf } from "../../../test/support/plan-stage.ts";

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
  stage.api.fault = ({ method, path }) =>
    method === "POST" && path.endsWith("/flinkjobs")
      ? {
          status: 403,
          reason: "Forbidden",
          message: "exceeded quota: compute, requested: count/flinkjobs.flinkjob.dev=1",
        }
      : undefined;
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
