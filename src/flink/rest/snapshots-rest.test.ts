import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Destinations } from "./destinations.ts";
import { FlinkRest } from "./flink-rest.ts";

// Answers as Flink 1.20.5 and 2.3.0 gave them; stacks are shortened.

const jobId = "8197e6ab444c16c1c1d7d02ec6d72519";
const triggerId = "b724d2f2b02e44ece9b91203b9e24603";
let server: Server | undefined;
let rest: FlinkRest | undefined;
afterEach(async () => {
  await rest?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

interface Seen {
  method: string | undefined;
  url: string | undefined;
  body: unknown;
}

/** A Flink that gives this answer to everything, and what it was asked. */
async function flink(status: number, body: unknown): Promise<{ rest: FlinkRest; seen: Seen[] }> {
  const seen: Seen[] = [];
  const asked = async (request: IncomingMessage) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    seen.push({ method: request.method, url: request.url, body: text === "" ? undefined : JSON.parse(text) });
  };
  const listening = createServer((request, response) => {
    void asked(request).then(() => response.writeHead(status).end(JSON.stringify(body)));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  rest = new FlinkRest({ url, destinations: new Destinations({ loopback: true }) });
  return { rest, seen };
}

const errors = (...lines: string[]) => ({ errors: [lines.join("\n")] });
const restHandlerException = "org.apache.flink.runtime.rest.handler.RestHandlerException";

describe("requests carry what was asked for, in Flink's words", () => {
  const reply = { "request-id": triggerId };

  test("a savepoint", async () => {
    const { rest, seen } = await flink(202, reply);
    await rest.snapshots.triggerSavepoint(jobId, { triggerId });
    await rest.snapshots.triggerSavepoint(jobId, {
      triggerId,
      directory: "s3://b/sp",
      formatType: "NATIVE",
    });
    expect(seen).toEqual([
      { method: "POST", url: `/jobs/${jobId}/savepoints`, body: { triggerId, "cancel-job": false } },
      {
        method: "POST",
        url: `/jobs/${jobId}/savepoints`,
        body: { triggerId, "cancel-job": false, "target-directory": "s3://b/sp", formatType: "NATIVE" },
      },
    ]);
  });

  test("a stop, whose directory has another name", async () => {
    const { rest, seen } = await flink(202, reply);
    await rest.snapshots.stop(jobId, { triggerId, drain: true, directory: "s3://b/sp" });
    expect(seen).toEqual([
      {
        method: "POST",
        url: `/jobs/${jobId}/stop`,
        body: { triggerId, drain: true, targetDirectory: "s3://b/sp" },
      },
    ]);
  });
});

describe("requests that Flink refuses, or does not understand", () => {
  test("no directory", async () => {
    const said =
      "Config key [execution.checkpointing.savepoint-dir] is not set. Property [target-directory] must be provided.";
    const { rest } = await flink(400, errors(`${restHandlerException}: ${said}`));
    await expect(rest.snapshots.triggerSavepoint(jobId, { triggerId })).rejects.toMatchObject({
      code: "NoSavepointDirectory",
      retry: "never",
      status: 400,
    });
  });

  test("no directory for a stop, as Flink says it there", async () => {
    const said =
      "Config key [execution.checkpointing.savepoint-dir] is not set. Property [targetDirectory] must be provided.";
    const { rest } = await flink(400, errors(`${restHandlerException}: ${said}`));
    await expect(rest.snapshots.stop(jobId, { triggerId, drain: false })).rejects.toMatchObject({
      code: "NoSavepointDirectory",
    });
  });

  test("any other 400 stays what it is", async () => {
    const { rest } = await flink(
      400,
      errors(`${restHandlerException}: Request did not match expected format`),
    );
    await expect(rest.snapshots.triggerSavepoint(jobId, { triggerId })).rejects.toMatchObject({
      code: "BadRequest",
    });
  });

  test("Flink before 1.15 takes an ID of its own: every repetition would take another savepoint", async () => {
    const { rest } = await flink(202, { "request-id": "0".repeat(32) });
    await expect(rest.snapshots.triggerSavepoint(jobId, { triggerId })).rejects.toMatchObject({
      code: "BadReply",
      message: expect.stringMatching(/takes no trigger ID/),
    });
  });
});

describe("what became of it", () => {
  const operation = async (body: unknown, status = 200) => {
    const { rest } = await flink(status, body);
    return rest.snapshots.savepointOperation(jobId, triggerId);
  };

  test("in progress", async () => {
    expect(await operation({ status: { id: "IN_PROGRESS" }, operation: null })).toEqual({
      state: "inProgress",
    });
  });

  test("completed", async () => {
    const location = "file:/tmp/savepoints/savepoint-8197e6-540c39804aa2";
    expect(await operation({ status: { id: "COMPLETED" }, operation: { location } })).toEqual({
      state: "completed",
      location,
    });
  });

  test("COMPLETED, that is: failed; without stack and Java object", async () => {
    const cause = "org.apache.flink.runtime.checkpoint.CheckpointException";
    const io = "An Exception occurred while triggering the checkpoint. IO-problem detected.";
    const thrown = {
      class: "java.util.concurrent.CompletionException",
      "stack-trace": [
        `java.util.concurrent.CompletionException: ${cause}: ${io}`,
        "\tat java.base/java.util.concurrent.CompletableFuture.encodeRelay(CompletableFuture.java:368)",
        `Caused by: ${cause}: ${io}`,
        "\tat org.apache.flink.runtime.checkpoint.CheckpointCoordinator.onTriggerFailure(CheckpointCoordinator.java:1021)",
        "Caused by: java.io.IOException: Failed to create savepoint directory at file:/proc/nowhere",
        "\t... 13 more",
      ].join("\n"),
      "serialized-throwable": "rO0ABXNy".repeat(5000),
    };
    expect(await operation({ status: { id: "COMPLETED" }, operation: { "failure-cause": thrown } })).toEqual({
      state: "failed",
      className: "java.io.IOException",
      message: `${cause}: ${io}; caused by java.io.IOException: Failed to create savepoint directory at file:/proc/nowhere`,
    });
  });

  test("neither a location nor a cause is no answer of Flink's", async () => {
    await expect(operation({ status: { id: "COMPLETED" }, operation: {} })).rejects.toMatchObject({
      code: "BadReply",
    });
    await expect(operation({ status: { id: "DONE" }, operation: null })).rejects.toMatchObject({
      code: "BadReply",
    });
  });

  test("forgotten, in Flink's own words", async () => {
    const said = `There is no savepoint operation with triggerId=${triggerId} for job ${jobId}.`;
    expect(await operation(errors(`${restHandlerException}: ${said}`), 404)).toEqual({ state: "unknown" });
  });

  test.each([[{ errors: ["Not found: /jobs"] }], ["<html>nginx</html>"]])(
    "a 404 of somebody else says nothing: %j",
    async (body) => {
      await expect(operation(body, 404)).rejects.toMatchObject({ code: "NotFound" });
    },
  );

  test("a checkpoint's failure has another name", async () => {
    const thrown = { class: "x.Y", "stack-trace": "x.Y: declined", "serialized-throwable": "" };
    const { rest } = await flink(200, { status: { id: "COMPLETED" }, operation: { failureCause: thrown } });
    expect(await rest.snapshots.checkpointOperation(jobId, triggerId)).toEqual({
      state: "failed",
      className: "x.Y",
      message: "x.Y: declined",
    });
  });

  test("a disposal's success is empty, and forgetting has yet other words", async () => {
    const { rest } = await flink(200, { status: { id: "COMPLETED" }, operation: {} });
    expect(await rest.snapshots.disposalOperation(triggerId)).toEqual({ state: "completed" });
  });

  test("a forgotten disposal", async () => {
    const said =
      "org.apache.flink.runtime.rest.NotFoundException: Operation not found under key: org.apache.flink.runtime.rest.handler.async.OperationKey@4b928935";
    const { rest } = await flink(404, errors(said));
    expect(await rest.snapshots.disposalOperation(triggerId)).toEqual({ state: "unknown" });
  });
});

test("no such job has no checkpoints", async () => {
  const said = `org.apache.flink.runtime.rest.NotFoundException: Job ${jobId} not found`;
  const { rest } = await flink(404, errors(said));
  expect(await rest.snapshots.checkpoints(jobId)).toBeUndefined();
});
