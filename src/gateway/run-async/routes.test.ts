import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aTrigger } from "../../../test/support/builders.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { InProcessGateway } from "../../../test/support/in-process-gateway.ts";
import { flinkJobSpec } from "../../api/flinkjob.ts";
import type { FlinkJob } from "../../api/objects.ts";
import { flinkJobs } from "../../kube/resources.ts";
import { flinkJobName } from "./naming.ts";

const base = "/clusters/team/main/run-async";
const nightly = { triggerId: "nightly", jarId: "u_job.jar", programArgsList: ["a"], parallelism: 2 };
const name = flinkJobName("main", "nightly");

let house: InProcessGateway;
beforeEach(async () => {
  house = await InProcessGateway.open({ defaultCluster: { namespace: "team", name: "main" } });
});
afterEach(() => house.close());

describe("POST", () => {
  test("records a FlinkJob, whose name can be read, and answers 202 with the trigger ID", async () => {
    const answer = await house.submit(nightly);
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual({ triggerId: "nightly" });
    expect(answer.headers.location).toBe(`${base}/nightly`);
    const { metadata, spec } = await house.job(name);
    expect(metadata).toMatchObject({
      labels: { "app.kubernetes.io/managed-by": "flinkjob-gateway", "flinkjob.dev/cluster": "main" },
      annotations: { "flinkjob.dev/submitted-by": "jane" },
    });
    const wanted = {
      cluster: { name: "main" },
      jar: { id: "u_job.jar" },
      args: ["a"],
      parallelism: 2,
      trigger: { id: "nightly" },
      restartPolicy: "Never",
    };
    expect(spec).toEqual(flinkJobSpec.parse(wanted));
  });

  test("makes a trigger ID of 32 hexadecimal digits for a client that chose none", async () => {
    const answer = await house.submit({ jarId: "u_job.jar" }, "/v1/run-async");
    expect(answer.json().triggerId).toMatch(/^[0-9a-f]{32}$/);
    const again = await house.submit({ jarId: "u_job.jar" }, "/run-async");
    expect(again.json().triggerId).not.toBe(answer.json().triggerId);
  });

  test("the same again is answered the same way and processed once, by however many at once", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => house.submit(nightly)));
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ payload }) => payload)).size).toBe(1);
    expect((await house.kube.list(flinkJobs)).items).toHaveLength(1);
  });

  test("the same in other words is the same", async () => {
    await house.submit({ ...nightly, allowNonRestoredState: false, flinkConfiguration: {} });
    const { programArgsList: _, ...rest } = nightly;
    const again = await house.submit({ ...rest, programArgs: "a", savepointPath: null });
    expect(again.statusCode).toBe(202);
  });

  test("another request under the same trigger ID is a conflict that names what differs", async () => {
    await house.submit(nightly);
    const answer = await house.submit({ ...nightly, jarId: "other.jar", parallelism: 3, entryClass: "a.B" });
    expect(answer.statusCode).toBe(409);
    expect(answer.json().errors).toEqual([
      "triggerId: nightly was submitted before with another request; these differ: jarId, entryClass, parallelism. " +
        "Choose another triggerId, or delete that submission first",
    ]);
  });

  test("a FlinkJob of somebody else's under that name is left alone", async () => {
    const theirs = { cluster: { name: "main" }, jar: { id: "their.jar" } };
    const foreign = {
      metadata: { namespace: "team", name },
      spec: { ...theirs, trigger: { id: "nightly" } },
    };
    await house.kube.create(flinkJobs, foreign as never);
    const answer = await house.submit(nightly);
    expect(answer.statusCode).toBe(409);
    expect(answer.json().errors[0]).toMatch(
      /^triggerId: the FlinkJob team\/main-nightly-\w+, which is no submission/,
    );
    expect((await house.gateway.inject(`${base}/nightly`)).statusCode).toBe(404);
  });

  test.each([
    [{}, /^jarId: missing; name a JAR .* part jarfile/],
    [{ jarId: "x.jar", entryclass: "a.B" }, /^entryclass: unknown field; known are triggerId, jarId, /],
    [{ jarId: "x.jar", jobId: "0".repeat(32) }, /^jobId: the JobID follows from the trigger ID/],
    [{ jarId: "no-jar" }, /^jarId: must match /],
    [{ jarId: "x.jar", triggerId: "-a" }, /^triggerId: must match /],
    [{ jarId: "x.jar", triggerId: "g7" }, /^triggerId: must not look like an ID that the operator makes/],
    [{ jarId: "x.jar", parallelism: 0 }, /^parallelism: /],
    [{ jarId: "x.jar", flinkConfiguration: { a: { b: 1 } } }, /^flinkConfiguration\.a: /],
    [
      { jarId: "x.jar", programArgs: "a", programArgsList: ["a"] },
      /^programArgs: programArgsList says the same/,
    ],
    [{ jarId: "x.jar", claimMode: "CLAIM", restoreMode: "NO_CLAIM" }, /^restoreMode: /],
    [[], /^The run request must be a JSON object/],
  ])("refuses %j at once", async (body, want) => {
    const answer = await house.submit(body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors[0]).toMatch(want);
    expect((await house.kube.list(flinkJobs)).items).toEqual([]);
  });

  test("names everything that is wrong, in one answer", async () => {
    const answer = await house.submit({ entryClass: "1", parallelism: -1, x: 1 });
    expect(
      answer
        .json()
        .errors.map((error: string) => error.split(":", 1)[0])
        .sort(),
    ).toEqual(["entryClass", "parallelism", "x"]);
  });

  test.each([
    ["", 400, /^The body is empty/],
    ["{", 400, /^The body is not JSON: /],
    [`{"entryClass":"${"a".repeat(1024 ** 2)}"}`, 413, /^The body is larger than 1048576 bytes/],
  ])("refuses a body that is none: %.10s", async (payload, status, want) => {
    const headers = { "content-type": "application/json" };
    const answer = await house.gateway.inject({ method: "POST", url: base, headers, payload });
    expect(answer.statusCode).toBe(status);
    expect(answer.json().errors[0]).toMatch(want);
  });

  test("an answer of the API server that is lost is not taken for a failure", async () => {
    let lost = 0;
    house.api.fault = ({ method }) => (method === "POST" && lost++ === 0 ? "lose-answer" : undefined);
    const answer = await house.submit({ jarId: "u_job.jar" });
    expect(answer.statusCode).toBe(202);
    const { items } = await house.kube.list(flinkJobs);
    expect(items.map(({ spec }) => spec.trigger?.id)).toEqual([answer.json().triggerId]);
  });

  test.each([
    ['flinkjobs "x" is forbidden: exceeded quota: team', 403, /exceeded quota: team/],
    ['flinkjobs is forbidden: User "gateway" cannot create resource "flinkjobs"', 503, /own rights/],
  ])("a refusal of the API server is told for what it is: %s", async (message, status, want) => {
    house.api.fault = ({ method }) =>
      method === "POST" ? { status: 403, reason: "Forbidden", message } : undefined;
    const answer = await house.submit(nightly);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().errors[0]).toMatch(want);
  });

  test.each([
    ["was answered", undefined],
    ["lost its answer", "lose-answer" as const],
  ])(
    "a quota that a submission has filled itself, which %s, does not refuse the same again",
    async (_what, first) => {
      const refused = { status: 403, reason: "Forbidden", message: "exceeded quota: team" };
      let posts = 0;
      house.api.fault = ({ method }) => (method !== "POST" ? undefined : posts++ === 0 ? first : refused);
      expect((await house.submit(nightly)).statusCode).toBe(202);
      expect((await house.submit(nightly)).statusCode).toBe(202);
      expect((await house.kube.list(flinkJobs)).items).toHaveLength(1);
      expect((await house.submit({ ...nightly, triggerId: "another" })).statusCode).toBe(403);
    },
  );

  test("an API server that does not answer is a 503 that says to come again", async () => {
    house.api.fault = ({ method }) => (method === "POST" ? { status: 500 } : undefined);
    const answer = await house.submit(nightly);
    expect(answer.statusCode).toBe(503);
    expect(answer.headers["retry-after"]).toBe("1");
  });
});

describe("GET and DELETE", () => {
  const track = async () => (await house.gateway.inject(`${base}/nightly`)).json();
  const remove = () => house.gateway.inject({ method: "DELETE", url: `${base}/nightly` });

  test("tracking follows the FlinkJob", async () => {
    await house.submit(nightly);
    expect(await track()).toEqual({
      triggerId: "nightly",
      status: { id: "IN_PROGRESS" },
      operation: null,
      trigger: { state: "pending", message: "The operator has not seen it yet." },
      flinkJob: { namespace: "team", name, createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) },
    });
    const running = aTrigger({ id: "nightly" }).running().with({ reason: "TasksRunning" }).build();
    await house.trigger(name, running);
    await eventually(async () => (await track()).status.id === "COMPLETED");
    expect(await track()).toMatchObject({
      operation: { jobId: running.jobId },
      trigger: { state: "running", reason: "TasksRunning", jobId: running.jobId },
    });
  });

  test("a failure has the shape of Flink's own, with the reason in one word", async () => {
    await house.submit(nightly);
    const failure = { reason: "MainFailed", message: "no such table", retryable: false };
    await house.trigger(name, aTrigger().sent().with({ state: "failed", failure }).build());
    await eventually(async () => (await track()).status.id === "COMPLETED");
    expect((await track()).operation).toEqual({
      "failure-cause": { class: "MainFailed", "stack-trace": "no such table" },
    });
  });

  test("a job that failed after Flink had accepted it was submitted", async () => {
    await house.submit(nightly);
    const { jobId, ...accepted } = aTrigger().running().build();
    const failure = { reason: "JobFailed", message: "a task fell over", retryable: false };
    await house.trigger(name, { ...accepted, jobId, state: "failed", failure });
    await eventually(async () => (await track()).status.id === "COMPLETED");
    expect(await track()).toMatchObject({
      operation: { jobId },
      trigger: { state: "failed", message: "a task fell over" },
    });
  });

  test("what nobody submitted is unknown", async () => {
    for (const method of ["GET", "DELETE"] as const) {
      const answer = await house.gateway.inject({ method, url: `${base}/nightly` });
      expect(answer.statusCode).toBe(404);
      expect(answer.json().errors).toEqual(["There is no submission nightly to the FlinkCluster team/main"]);
    }
    const malformed = await house.gateway.inject(`${base}/-x`);
    expect(malformed.statusCode).toBe(400);
  });

  test("a deletion with an outcome leaves the job alone, one without ends it", async () => {
    const policies: unknown[] = [];
    house.api.storage.onEvent = ((tell) => (event) => {
      if (event.type === "DELETED")
        policies.push((event.object as { spec?: { deletionPolicy?: string } }).spec?.deletionPolicy);
      tell(event);
    })(house.api.storage.onEvent);
    await house.submit(nightly);
    await house.trigger(name, aTrigger().running().build());
    expect((await remove()).statusCode).toBe(200);
    expect((await remove()).statusCode).toBe(404);
    await house.submit(nightly);
    // The operator's: it ends the job before the FlinkJob goes.
    const body = { metadata: { finalizers: ["flinkjob.dev/cancel"] } };
    await house.kube.patch(flinkJobs, { namespace: "team", name }, { type: "merge", body });
    expect((await remove()).statusCode).toBe(202);
    expect(policies).toEqual(["Orphan"]);
    const { metadata, spec } = await house.job(name);
    expect([metadata.deletionTimestamp, spec.deletionPolicy]).toEqual([expect.any(String), "Cancel"]);
  });

  test("a submission that is accepted while it is deleted is decided on again", async () => {
    await house.submit(nightly);
    await house.trigger(name, aTrigger().sent().build());
    let accepted = false;
    house.api.fault = ({ method, path }) => {
      // Between the look and the deletion.
      if (method !== "DELETE" || accepted) return undefined;
      accepted = true;
      const collection = path.replace(/\/namespaces\/team/, "").replace(`/${name}`, "");
      const job = house.api.storage.get(collection, `team/${name}`) as FlinkJob;
      house.api.storage.update(collection, `team/${name}`, {
        ...job,
        status: { ...job.status, trigger: aTrigger().running().build() },
      } as FlinkJob);
      return undefined;
    };
    const policies: unknown[] = [];
    house.api.storage.onEvent = ((tell) => (event) => {
      if (event.type === "DELETED")
        policies.push((event.object as { spec?: { deletionPolicy?: string } }).spec?.deletionPolicy);
      tell(event);
    })(house.api.storage.onEvent);
    expect((await remove()).statusCode).toBe(200);
    expect(policies).toEqual(["Orphan"]);
  });
});
