import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, expectTypeOf, test } from "vitest";
import { aTrigger } from "../../../test/support/builders.ts";
import { fakeJar } from "../../../test/support/fake-flink/index.ts";
import { InProcessGateway } from "../../../test/support/in-process-gateway.ts";
import type * as api from "../../api/run-async.ts";
import { RunAsyncClient } from "./run-async-client.ts";
import type { RunAsyncRequest, Submission, SubmissionPage } from "./run-async-facts.ts";

let house: InProcessGateway;
let client: RunAsyncClient;
beforeEach(async () => {
  house = await InProcessGateway.open();
  client = new RunAsyncClient({ url: house.url, cluster: { namespace: "team", name: "main" }, token: "t" });
});
afterEach(async () => {
  await client.close();
  await house.close();
});

const jarId = "u_job.jar";
const only = async () => (await client.list()).submissions[0]!;

test("submit, track, list, delete", async () => {
  const triggerId = await client.submit({ jarId, triggerId: "nightly" });
  expect(triggerId).toBe("nightly");
  expect(await client.track(triggerId)).toMatchObject({
    triggerId,
    status: { id: "IN_PROGRESS" },
    operation: null,
  });
  const { name } = (await client.track(triggerId))!.flinkJob;
  await house.trigger(name, aTrigger({ id: triggerId }).running().build());
  expect(await client.outcome(triggerId)).toMatchObject({ operation: { jobId: expect.any(String) } });
  expect((await only()).triggerId).toBe(triggerId);
  expect(await client.delete(triggerId)).toBe(true);
  expect(await client.delete(triggerId)).toBe(false);
  expect(await client.track(triggerId)).toBeUndefined();
});

test("an answer that is lost is asked for again, under the same trigger ID", async () => {
  let failures = 0;
  house.api.fault = ({ method }) => (method === "POST" && failures++ < 2 ? { status: 500 } : undefined);
  const triggerId = await client.submit({ jarId });
  expect(failures).toBe(3);
  expect(await client.track(triggerId)).toMatchObject({ triggerId });
});

test.each([
  ["a buffer", () => fakeJar("a.Main")],
  ["a stream", () => Readable.from([fakeJar("a.Main")], { objectMode: false })],
  ["a function", () => () => Readable.from([fakeJar("a.Main")], { objectMode: false })],
])("the JAR comes along: %s", async (_, content) => {
  const triggerId = await client.submit({ programArgsList: ["Größe"] }, { jar: { content: content() } });
  const job = await house.job((await client.track(triggerId))!.flinkJob.name);
  expect(job.spec.args).toEqual(["Größe"]);
  expect(await house.jarsOnFlink()).toEqual([job.spec.jar?.id]);
});

test("a JAR that breaks off is the caller's failure, and leaves nothing", async () => {
  async function* broken() {
    yield fakeJar("a.Main");
    throw new Error("the disk is gone");
  }
  const sent = client.submit({}, { jar: { content: Readable.from(broken(), { objectMode: false }) } });
  await expect(sent).rejects.toMatchObject({ code: "Aborted", cause: { message: "the disk is gone" } });
  expect(await house.jarsOnFlink()).toEqual([]);
});

test("what is wrong with a request is told at once, whole", async () => {
  const sent = client.submit({ jarId: "no-jar", parallelism: 0 });
  await expect(sent).rejects.toMatchObject({
    code: "BadRequest",
    flinkText: expect.stringMatching(/^jarId: must match .*\nparallelism: /),
  });
  await client.submit({ jarId, triggerId: "a" });
  await expect(client.submit({ jarId, triggerId: "a", parallelism: 2 })).rejects.toMatchObject({
    code: "Conflict",
    message: expect.stringContaining("these differ: parallelism."),
  });
});

test("a submission that failed rejects with the gateway's reason", async () => {
  const triggerId = await client.submit({ jarId });
  const { name } = (await only()).flinkJob;
  const failure = { reason: "MainFailed", message: "no such table", retryable: false };
  await house.trigger(name, aTrigger().sent().with({ state: "failed", failure }).build());
  await expect(client.outcome(triggerId)).rejects.toMatchObject({
    code: "SubmissionFailed",
    reason: "MainFailed",
    message: "no such table",
  });
  await expect(client.outcome("unheard-of")).rejects.toMatchObject({ code: "SubmissionUnknown" });
});

test("an unknown cluster is no unknown submission", async () => {
  await using other = new RunAsyncClient({ url: house.url, cluster: { namespace: "team", name: "other" } });
  await expect(other.track("nightly")).rejects.toMatchObject({ code: "NotFound" });
});

test("its types are those of the API", () => {
  expectTypeOf<api.Submission>().toExtend<Submission>();
  expectTypeOf<api.SubmissionPage>().toExtend<SubmissionPage>();
  expectTypeOf<Submission>().toExtend<api.Submission>();
  expectTypeOf<RunAsyncRequest["flinkConfiguration"]>().toExtend<
    api.RunAsyncRequestInput["flinkConfiguration"]
  >();
  expectTypeOf<keyof RunAsyncRequest>().toExtend<keyof api.RunAsyncRequestInput>();
});
