import { getEventListeners } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { fakeJar } from "../../../test/support/fake-flink/index.ts";
import { InProcessGateway } from "../../../test/support/in-process-gateway.ts";
import { unreadBodies } from "../limits/unread-bodies.ts";

const base = "/clusters/team/main/run-async";
const jar = fakeJar("dev.flinkjob.testing.Scenario");

let house: InProcessGateway;
beforeEach(async () => {
  house = await InProcessGateway.open();
});
afterEach(() => house.close());

test.each([
  ["falls silent", ""],
  ["sends byte by byte", "x"],
])("a client that %s midway is told so, and leaves nothing", async (_, drop) => {
  await house.close();
  house = await InProcessGateway.open({ jarRules: { stallMs: 200 } });
  const socket = connect(Number(new URL(house.url).port), "127.0.0.1");
  const head = `POST ${base} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n`;
  socket.write(
    `${head}--b\r\nContent-Disposition: form-data; name="jarfile"; filename="j.jar"\r\n\r\nPK\x03\x04`,
  );
  const drip = setInterval(() => socket.write(drop), 20);
  let answer = "";
  socket.setEncoding("utf8").on("data", (text) => {
    answer += text;
  });
  try {
    await eventually(() => answer.includes("body comes too slowly"));
  } finally {
    clearInterval(drip);
  }
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  socket.destroy();
  await eventually(() => house.jars.underWay === 0);
  expect(await house.jarsOnFlink()).toEqual([]);
});

test("nothing of an upload stays with its deadline when it has ended", async () => {
  const content = Readable.from([jar]);
  const cluster = { namespace: "team", name: "main", uid: "u", url: house.flink.url };
  const deadline = new AbortController().signal;
  await house.jars.upload(cluster, "main-nightly", content, deadline);
  expect(getEventListeners(deadline, "abort")).toEqual([]);
});

test.each([
  ["a part that nobody knows", "library", "library: unknown part"],
  ["a part without a name", undefined, "a part without a name: unknown part"],
  ["the JAR twice", "jarfile", "jarfile: came twice"],
])("who sends all before they read can read why it is refused: %s", async (_, part, why) => {
  await house.close();
  house = await InProcessGateway.open({ parts: [unreadBodies] });
  const named = part === undefined ? "" : `; name="${part}"`;
  const large = `PK\x03\x04${"x".repeat(8 * 1024 ** 2)}`;
  const first =
    part === "jarfile"
      ? `--b\r\nContent-Disposition: form-data; name="jarfile"; filename="j"\r\n\r\nPK\x03\x04\r\n`
      : "";
  const body = `${first}--b\r\nContent-Disposition: form-data${named}; filename="l.jar"\r\n\r\n${large}\r\n--b--\r\n`;
  const head = `POST ${base} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${body.length}\r\n\r\n`;
  const socket = connect(Number(new URL(house.url).port), "127.0.0.1");
  socket.pause();
  await new Promise((sent) => socket.write(head + body, "latin1", sent));
  let answer = "";
  socket.setEncoding("utf8").on("data", (text) => {
    answer += text;
  });
  socket.resume();
  await eventually(() => answer.includes(why));
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  socket.destroy();
});
