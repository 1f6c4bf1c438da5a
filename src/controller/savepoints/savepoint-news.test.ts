import { describe, expect, test } from "vitest";
import { checkpoints } from "../../../test/support/savepoint-builders.ts";
import type { DisposalOperation, SavepointOperation } from "../../core/snapshots.ts";
import { FakeClock } from "../../kube/fake-clock.ts";
import { type FlinkEffect, SavepointsNews } from "./savepoint-news.ts";

const common = { url: "http://a", jobId: "j" };
const trigger: FlinkEffect = {
  kind: "triggerSavepoint",
  ...common,
  operationId: "o",
  directory: "s3://b",
  formatType: "NATIVE",
};
const read: FlinkEffect = { kind: "readOperation", ...common, operationId: "o" };
const readDisposal: FlinkEffect = { kind: "readDisposal", url: "http://a", requestId: "r" };
const { signal } = new AbortController();

class FakeJobManager {
  readonly requests: unknown[] = [];
  refusal: Error | undefined;
  operation: SavepointOperation = { state: "inProgress" };
  disposal: DisposalOperation = { state: "inProgress" };

  triggerSavepoint = async (jobId: string, request: object) => {
    this.requests.push({ jobId, ...request });
    if (this.refusal) throw this.refusal;
  };
  checkpoints = async () => checkpoints();
  savepointOperation = async () => this.operation;
  disposeSavepoint = async (path: string) => {
    this.requests.push(path);
    return "r";
  };
  disposalOperation = async () => this.disposal;
}

/** What is known after one effect. */
async function told(jobManager: FakeJobManager, effect: FlinkEffect): Promise<unknown> {
  const news = new SavepointsNews(new FakeClock());
  await news.perform("uid", jobManager, effect, String, signal);
  const { at, endedAt, ...rest } = news.get("uid")!;
  expect(at).toBeLessThanOrEqual(endedAt);
  return "result" in rest ? rest.result : rest;
}

test("of what failed only what may be told is known", async () => {
  const news = new SavepointsNews(new FakeClock());
  const jobManager = new FakeJobManager();
  jobManager.operation = { state: "failed", className: "X", message: "not hunter2" };
  jobManager.disposal = { state: "failed", className: "X", message: "not hunter2" };
  const told = (message: string) => message.replaceAll("hunter2", "[hidden]");
  const effects: FlinkEffect[] = [
    { kind: "readOperation", jobId: "j", url: "http://flink", operationId: "o" },
    { kind: "readDisposal", url: "http://flink", requestId: "r" },
  ];
  for (const effect of effects) {
    await news.perform("uid", jobManager, effect, told, signal);
    expect(news.get("uid")).toMatchObject({ result: { state: "failed", message: "not [hidden]" } });
  }
});

describe("a request", () => {
  test("carries the ID that is on record", async () => {
    const jobManager = new FakeJobManager();
    expect(await told(jobManager, trigger)).toEqual({ state: "requested" });
    expect(jobManager.requests).toEqual([
      { jobId: "j", triggerId: "o", directory: "s3://b", formatType: "NATIVE" },
    ]);
  });

  test.each([
    ["NoSavepointDirectory", true],
    ["BadRequest", false],
  ])("that is refused with %s has failed", async (code, hopeless) => {
    const jobManager = new FakeJobManager();
    jobManager.refusal = Object.assign(new Error("no"), { code });
    expect(await told(jobManager, trigger)).toEqual({ state: "failed", message: "no", hopeless });
  });

  test("whose answer is lost says nothing", async () => {
    const jobManager = new FakeJobManager();
    jobManager.refusal = Object.assign(new Error("reset"), { code: "Reset" });
    const news = new SavepointsNews(new FakeClock());
    await expect(news.perform("uid", jobManager, trigger, String, signal)).rejects.toThrow("reset");
    expect(news.get("uid")).toBeUndefined();
  });
});

test.each<[SavepointOperation, object]>([
  [{ state: "inProgress" }, { state: "inProgress" }],
  [
    { state: "completed", location: "s3://b/1" },
    { state: "completed", path: "s3://b/1" },
  ],
  [
    { state: "failed", className: "java.io.IOException", message: "disk full" },
    { state: "failed", message: "disk full" },
  ],
  [{ state: "unknown" }, { state: "unknown", checkpoints: checkpoints() }],
])("what became of it: %o", async (operation, want) => {
  const jobManager = Object.assign(new FakeJobManager(), { operation });
  expect(await told(jobManager, read)).toEqual(want);
});

test.each<[DisposalOperation, object]>([
  [{ state: "inProgress" }, { state: "inProgress", requestId: "r" }],
  [{ state: "completed" }, { state: "disposed" }],
  [
    { state: "failed", className: "java.io.FileNotFoundException", message: "no file" },
    { state: "disposed" },
  ],
  [
    { state: "failed", className: "java.io.IOException", message: "no rights" },
    { state: "failed", message: "no rights" },
  ],
  [{ state: "unknown" }, { state: "unknown" }],
])("what became of a disposal: %o", async (disposal, want) => {
  const jobManager = Object.assign(new FakeJobManager(), { disposal });
  expect(await told(jobManager, readDisposal)).toEqual(want);
});

test("a disposal is read under the ID that Flink gave it", async () => {
  const jobManager = new FakeJobManager();
  expect(await told(jobManager, { kind: "dispose", url: "http://a", path: "s3://b/1" })).toEqual({
    state: "inProgress",
    requestId: "r",
  });
  expect(jobManager.requests).toEqual(["s3://b/1"]);
});
