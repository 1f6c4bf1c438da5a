import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { Readable } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { classifyRun } from "../run-outcome.ts";
import type { RequestsOptions } from "./connection-options.ts";
import { Destinations } from "./destinations.ts";
import { FlinkError } from "./errors.ts";
import { FlinkRest } from "./flink-rest.ts";

const jobId = "a".repeat(32);
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(server: Server | TcpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(async () => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function flink(
  handler: RequestListener,
  options: Partial<RequestsOptions> & { prefix?: string } = {},
): Promise<FlinkRest> {
  const { prefix = "", ...rest } = options;
  return client((await listen(createServer(handler))) + prefix, rest);
}

function client(url: string, options: Partial<RequestsOptions> = {}): FlinkRest {
  const rest = new FlinkRest({ url, destinations: new Destinations({ loopback: true }), ...options });
  cleanups.push(() => rest.close());
  return rest;
}

const json =
  (body: unknown, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };

async function failure(promise: Promise<unknown>): Promise<FlinkError> {
  const error = await promise.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof FlinkError)) throw error;
  return error;
}

const row = {
  jid: jobId,
  name: "j",
  state: "RUNNING",
  "start-time": 5,
  "end-time": -1,
  "last-modification": 6,
  duration: 1,
  "new-field": { of: "a later Flink" },
  tasks: { total: 2, running: 1, finished: 0, failed: 0, canceled: 0, scheduled: 1, deploying: 0, odd: 3 },
};

describe("answers", () => {
  test("unknown fields do no harm, -1 becomes undefined", async () => {
    const rest = await flink(json({ jobs: [row], more: 1 }));
    const [job] = await rest.jobsOverview();
    expect(job).toMatchObject({ id: jobId, state: "RUNNING", startTime: 5, endTime: undefined });
    expect(job?.tasks).toMatchObject({ total: 2, running: 1 });
  });

  test("a field that we use and that is missing is a BadReply that names it", async () => {
    const rest = await flink(json({ jobs: [{ ...row, state: undefined }] }));
    const error = await failure(rest.jobsOverview());
    expect(error).toMatchObject({ code: "BadReply", message: expect.stringContaining("jobs.0.state") });
  });

  test("a login page with status 200 is no answer of Flink, to a run request least of all", async () => {
    const rest = await flink((_request, response) => response.end("<html>log in</html>"));
    expect(await failure(rest.config())).toMatchObject({ code: "BadReply", sent: "maybe" });
    expect(classifyRun(await failure(rest.run("x.jar", {})))).toMatchObject({
      kind: "unknown",
      reason: "BadReply",
    });
  });

  test("the path prefix of the URL stands before every path", async () => {
    let path: string | undefined;
    const rest = await flink(
      (request, response) => {
        path = request.url;
        json({ jobs: [] })(request, response);
      },
      { prefix: "/flink/prod/" },
    );
    await rest.jobsOverview();
    expect(path).toBe("/flink/prod/jobs/overview");
  });

  test("bodies are bounded, also those without length", async () => {
    const endless: RequestListener = (_request, response) => {
      response.writeHead(200);
      const write = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 32))) {}
      };
      response.on("drain", write);
      write();
    };
    const rest = await flink(endless);
    expect(await failure(rest.config())).toMatchObject({ code: "BodyTooLarge" });
  });
});

describe("unknown jobs", () => {
  const notFound = `org.apache.flink.runtime.rest.NotFoundException: Job ${jobId} not found\n\tat x.Y.z(Y.java:1)`;

  test("Flink's own word", async () => {
    const rest = await flink(json({ errors: [notFound] }, 404));
    expect(await rest.job(jobId)).toBeUndefined();
  });

  test.each([
    ["a proxy without route", 404, "default backend - 404"],
    [
      "Flink's file server",
      404,
      JSON.stringify({ errors: [`Unable to load requested file /jobs/${jobId}.`] }),
    ],
    ["a broken JobManager", 500, JSON.stringify({ errors: ["Internal server error."] })],
  ])("%s proves nothing", async (_name, status, text) => {
    const rest = await flink((_request, response) => response.writeHead(status).end(text));
    expect(await failure(rest.job(jobId))).toBeInstanceOf(FlinkError);
  });

  test("an unknown application is a 500, and before 2.3 a 404", async () => {
    const unknown =
      "<Exception on server side:\norg.apache.flink.runtime.messages.FlinkApplicationNotFoundException: Could not find Flink application (aa)\n";
    const newer = await flink(json({ errors: ["Internal server error.", unknown] }, 500));
    expect(await newer.application(jobId)).toBeUndefined();
    const older = await flink(
      json({ errors: [`Unable to load requested file /applications/${jobId}.`] }, 404),
    );
    expect(await older.application(jobId)).toBeUndefined();
  });
});

describe("failures on the way", () => {
  test("nobody listens: nothing was sent", async () => {
    const server = createTcpServer();
    const url = await listen(server);
    await cleanups.pop()?.();
    expect(await failure(client(url).run("x.jar", {}))).toMatchObject({
      code: "ConnectionRefused",
      sent: "no",
    });
  });

  test("a name that does not resolve: nothing was sent", async () => {
    const noName = Object.assign(new Error("getaddrinfo ENOTFOUND nowhere"), { code: "ENOTFOUND" });
    const lookup = ((_host: string, _options: unknown, callback: (error: Error) => void) =>
      callback(noName)) as never;
    const rest = client("http://nowhere.invalid", { destinations: new Destinations({}, lookup) });
    expect(await failure(rest.run("x.jar", {}))).toMatchObject({ code: "NameNotResolved", sent: "no" });
  });

  test("no connection in time: nothing was sent", async () => {
    const rest = client("http://nowhere.invalid", {
      destinations: new Destinations({}, (() => {}) as never),
      connectTimeoutMs: 50,
    });
    expect(await failure(rest.run("x.jar", {}))).toMatchObject({ code: "ConnectTimeout", sent: "no" });
  });

  test("a refused destination: nothing was sent", async () => {
    const rest = client("http://169.254.169.254");
    const error = await failure(rest.run("x.jar", {}));
    expect(error).toMatchObject({ code: "DestinationNotAllowed", sent: "no" });
  });

  test("the connection breaks after the request: perhaps it ran", async () => {
    const url = await listen(createTcpServer((socket) => socket.once("data", () => socket.destroy())));
    expect(await failure(client(url).run("x.jar", {}))).toMatchObject({ code: "Reset", sent: "maybe" });
  });

  test("no answer in time", async () => {
    const rest = await flink(() => {}, { requestTimeoutMs: 50 });
    expect(await failure(rest.overview())).toMatchObject({ code: "Timeout", retry: "backoff" });
  });

  test("the deadline counts the wait for a connection, too", async () => {
    const rest = await flink(() => {}, { requestTimeoutMs: 100, connections: 1 });
    const started = performance.now();
    const errors = await Promise.all([
      failure(rest.overview()),
      failure(rest.config()),
      failure(rest.jars()),
    ]);
    expect(errors.map(({ code }) => code)).toEqual(["Timeout", "Timeout", "Timeout"]);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test("deadline and signal end also what has no connection yet", async () => {
    const silent = new Destinations({}, (() => {}) as never);
    const options = { destinations: silent, connectTimeoutMs: 60_000, requestTimeoutMs: 50 };
    const rest = client("http://nowhere.invalid", options);
    expect(await failure(rest.overview())).toMatchObject({ code: "Timeout" });
    const controller = new AbortController();
    const run = failure(rest.run("x.jar", {}, controller.signal));
    controller.abort();
    expect(await run).toMatchObject({ code: "Aborted", retry: "never" });
  });

  test("a signal of the caller's that ends by time is a time-out", async () => {
    const rest = await flink(() => {});
    const run = failure(rest.run("x.jar", {}, AbortSignal.any([AbortSignal.timeout(50)])));
    expect(await run).toMatchObject({ code: "Timeout", retry: "backoff" });
  });

  test("a run request has no deadline; its signal ends it", async () => {
    let arrived: () => void = () => {};
    const received = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const rest = await flink(() => arrived(), { requestTimeoutMs: 1 });
    const controller = new AbortController();
    const run = failure(rest.run("x.jar", {}, controller.signal));
    await received;
    controller.abort();
    expect(await run).toMatchObject({ code: "Aborted", sent: "maybe" });
  });

  test.each(["ftp://h/", "no url", "http://user:secret@host/", "http://host/?token=secret"])(
    "bad URL %s",
    (url) => {
      expect(() => client(url)).toThrow(expect.objectContaining({ code: "BadUrl" }));
      expect(() => client(url)).not.toThrow(/secret/);
    },
  );
});

test("a JAR that broke off is deleted again, should anybody ever take it for whole", async () => {
  const seen: string[] = [];
  const rest = await flink(async (request, response) => {
    for await (const _chunk of request) {
      // Read to the end, as Flink does.
    }
    seen.push(`${request.method} ${request.url}`);
    json(request.method === "POST" ? { filename: "/upload/1_x.jar", status: "success" } : {})(
      request,
      response,
    );
  });
  async function* broken() {
    yield Buffer.from("PK");
    throw new Error("the source broke");
  }
  const upload = rest.uploadJar({
    fileName: "x.jar",
    content: Readable.from(broken(), { objectMode: false }),
  });
  expect(await failure(upload)).toMatchObject({ code: "Aborted", cause: new Error("the source broke") });
  expect(seen).toEqual(["POST /jars/upload", "DELETE /jars/1_x.jar"]);
});

describe("connections", () => {
  test("one is kept for one request after the other, and a new one is told", async () => {
    let told = 0;
    const server = createServer(json({ jobs: [] }));
    const rest = client(await listen(server), { connections: 1, onConnect: () => (told += 1) });
    for (let i = 0; i < 5; i++) await rest.jobsOverview();
    expect(rest.connections).toBe(1);
    const gone = new Promise((resolve) => server.once("connection", resolve));
    server.closeAllConnections();
    // The client may notice the loss only with the next request.
    await rest.jobsOverview().catch((error) => expect(error).toMatchObject({ code: "Reset" }));
    await rest.jobsOverview();
    await gone;
    expect([rest.connections, told]).toEqual([2, 2]);
  });

  test("hanging run requests do not keep anybody from looking", async () => {
    const rest = await flink((request, response) => {
      if (request.method === "GET") json({ jobs: [] })(request, response);
    });
    const controller = new AbortController();
    const runs = Array.from({ length: 20 }, () => failure(rest.run("x.jar", {}, controller.signal)));
    expect(await rest.jobsOverview()).toEqual([]);
    controller.abort();
    await Promise.all(runs);
  });
});
