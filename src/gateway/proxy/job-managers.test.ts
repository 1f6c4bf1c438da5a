import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { ProxyStage } from "../../../test/support/proxy-stage.ts";

let stage: ProxyStage;
beforeEach(async () => {
  stage = await ProxyStage.start();
});
afterEach(() => stage.end());

test("a JobManager that is not there: 503 in Flink's shape, for another try", async () => {
  stage.jobManagerPort = 1;
  const answer = await stage.ask("/clusters/team/main/jobs", { method: "POST", body: "x" });
  expect(answer.status).toBe(503);
  expect(answer.headers.get("retry-after")).toBe("3");
  expect(await answer.json()).toEqual({
    errors: ["The JobManager cannot be reached (ECONNREFUSED): nothing was sent"],
  });
});

test.each([
  ["POST", 502, "The JobManager's answer is lost (UND_ERR_SOCKET): the request may have been carried out"],
  ["GET", 503, "The connection to the JobManager broke (UND_ERR_SOCKET)"],
  ["PATCH", 503, "The connection to the JobManager broke (UND_ERR_SOCKET)"],
])("a JobManager that dies before its answer to a %s: %i", async (method, status, message) => {
  stage.behave = (request) => request.resume().on("end", () => request.socket.destroy());
  const answer = await stage.ask("/clusters/team/main/jobs", method === "GET" ? {} : { method, body: "x" });
  expect(answer.status).toBe(status);
  expect(((await answer.json()) as { errors: string[] }).errors[0]).toBe(message);
  // Whether it was carried out or not, it is written down.
  expect(stage.passed.map((each) => each.status)).toEqual(status === 502 ? [502] : []);
});

test("a JobManager that dies in the middle of an upload: it has carried nothing out", async () => {
  stage.behave = (request) => request.once("data", () => request.socket.destroy());
  const socket = connect(stage.port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.write(
    `POST /clusters/team/main/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: ${stage.authorization}\r\nContent-Length: 50000000\r\n\r\n`,
  );
  socket.write(Buffer.alloc(1_000_000));
  await eventually(() => text.includes("errors"), 5_000);
  expect(text).toMatch(/^HTTP\/1\.1 503 [\s\S]*before it had the whole request: nothing was carried out/);
  socket.destroy();
});

test("no answer comes from a process that has just died", async () => {
  const kill = await stage.startJobManager();
  expect((await stage.ask("/clusters/team/main/jobs")).status).toBe(200);
  await kill();
  await stage.startJobManager();
  expect((await stage.ask("/clusters/team/main/jobs", { method: "POST", body: "x" })).status).toBe(200);
  expect(stage.seen.map(({ method }) => method)).toEqual(["GET", "POST"]);
});
