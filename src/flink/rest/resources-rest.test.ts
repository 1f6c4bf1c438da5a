import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Destinations } from "./destinations.ts";
import { FlinkRest } from "./flink-rest.ts";

// Answers as Flink 1.20.5 and 2.3.0 gave them; stacks are shortened.

const jobId = "8197e6ab444c16c1c1d7d02ec6d72519";
const source = "8e438e001276993a86ff80dcf02e0237";
const count = "b71731f1c0df9c3076c4a455334d0ad6";
const url = `/jobs/${jobId}/resource-requirements`;
let server: Server | undefined;
let rest: FlinkRest | undefined;
afterEach(async () => {
  await rest?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

/** A Flink that gives this answer to everything, and what it was asked. */
async function flink(status: number, answer: unknown) {
  const seen: { method: string | undefined; url: string | undefined; body: unknown }[] = [];
  const asked = async (request: IncomingMessage) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    seen.push({ method: request.method, url: request.url, body: text === "" ? undefined : JSON.parse(text) });
  };
  const listening = createServer((request, response) => {
    void asked(request).then(() => response.writeHead(status).end(JSON.stringify(answer)));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as AddressInfo;
  rest = new FlinkRest({
    url: `http://127.0.0.1:${port}`,
    destinations: new Destinations({ loopback: true }),
  });
  return { resources: rest.resources, seen };
}

const inFlinksWords = (lower: number, upper: number) => ({
  parallelism: { lowerBound: lower, upperBound: upper },
});
const wanted = new Map([
  [source, { lower: 1, upper: 2 }],
  [count, { lower: 2, upper: 4 }],
]);

test("are read by vertex", async () => {
  const { resources, seen } = await flink(200, {
    [source]: inFlinksWords(1, 2),
    [count]: inFlinksWords(2, 4),
  });
  expect(await resources.requirements(jobId)).toEqual(wanted);
  expect(seen).toEqual([{ method: "GET", url, body: undefined }]);
});

test("are asked for in Flink's words", async () => {
  const { resources, seen } = await flink(200, {});
  await resources.require(jobId, wanted);
  const body = { [source]: inFlinksWords(1, 2), [count]: inFlinksWords(2, 4) };
  expect(seen).toEqual([{ method: "PUT", url, body }]);
});

test.each([
  ["a vertex that is no ID", { "../x": inFlinksWords(1, 2) }],
  ["bounds that are no numbers", { [source]: { parallelism: { lowerBound: 1, upperBound: "2" } } }],
  ["no bounds", { [source]: {} }],
  ["something else", []],
])("an answer with %s is none of Flink's", async (_, answer) => {
  const { resources } = await flink(200, answer);
  await expect(resources.requirements(jobId)).rejects.toMatchObject({ code: "BadReply" });
});

const thrown = (exception: string, frame: string) => [
  "Internal server error.",
  `<Exception on server side:\n${exception}\n\tat ${frame}\n\nEnd of exception on server side>`,
];
const restHandlerException = (message: string) => [
  `org.apache.flink.runtime.rest.handler.RestHandlerException: ${message}\n\tat org.apache.flink.runtime.dispatcher.Dispatcher.validateMaxParallelism(Dispatcher.java:2130)\n`,
];
const aboveMaximum = [source, count]
  .map(
    (id) =>
      `The newly requested parallelism 129 for the job vertex ${id} exceeds its maximum parallelism 128.`,
  )
  .join("\n");

describe("refusals", () => {
  test.each([
    [
      "another scheduler",
      500,
      thrown(
        "java.lang.UnsupportedOperationException: The DefaultScheduler does not support changing the parallelism without a job restart. This feature is currently only expected to work with the AdaptiveScheduler.",
        "org.apache.flink.runtime.scheduler.SchedulerNG.updateJobResourceRequirements(SchedulerNG.java:237)",
      ),
      { code: "Unsupported", retry: "never", status: 500 },
    ],
    [
      "an unknown job",
      500,
      thrown(
        `org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job (${jobId})`,
        "org.apache.flink.runtime.dispatcher.Dispatcher.getJobMasterGateway(Dispatcher.java:2432)",
      ),
      { code: "ServerError", causes: [{ message: `Could not find Flink job (${jobId})` }] },
    ],
    [
      "more than the maximum parallelism",
      400,
      restHandlerException(aboveMaximum),
      { code: "BadRequest", retry: "never", causes: [{ message: aboveMaximum }] },
    ],
    [
      "vertices of another job graph",
      400,
      restHandlerException(`Job vertex [${source}] was not found in the JobGraph.`),
      { code: "Unavailable", retry: "backoff", status: 400 },
    ],
    [
      "too few vertices",
      400,
      restHandlerException(`The request is incomplete, missing job vertex [${count}] resource requirements.`),
      { code: "Unavailable", retry: "backoff", status: 400 },
    ],
    [
      "another update under way",
      409,
      restHandlerException(`Another update to the job [${jobId}] resource requirements is in progress.`),
      { code: "Unavailable", retry: "backoff", status: 409 },
    ],
  ])("%s", async (_, status, errors, want) => {
    const { resources } = await flink(status, { errors });
    await expect(resources.require(jobId, wanted)).rejects.toMatchObject(want);
    await expect(resources.requirements(jobId)).rejects.toMatchObject(want);
  });

  test("a 409 of somebody else's is no update under way", async () => {
    const { resources } = await flink(409, { message: "no" });
    await expect(resources.require(jobId, wanted)).rejects.toMatchObject({ code: "Conflict" });
  });
});
