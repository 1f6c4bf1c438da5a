import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { ProxyStage } from "../../../test/support/proxy-stage.ts";
import { rawHttp } from "../../../test/support/raw-http.ts";

const authorization = "Bearer secret";
let stage: ProxyStage;
beforeEach(async () => {
  stage = await ProxyStage.start();
});
afterEach(() => stage.end());

const framed = (head: string, body = "") =>
  `POST /clusters/team/main/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n${head}\r\n\r\n${body}`;
/** A request that must never be answered, where the two ends see different ends of the one before it. */
const smuggled = `GET /clusters/team/main/smuggled HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`;

test.each([
  [
    "a length and a coding",
    framed("Content-Length: 4\r\nTransfer-Encoding: chunked", `0\r\n\r\n${smuggled}`),
  ],
  [
    "a coding and a length",
    framed("Transfer-Encoding: chunked\r\nContent-Length: 4", `0\r\n\r\n${smuggled}`),
  ],
  ["two lengths", framed("Content-Length: 0\r\nContent-Length: 9", smuggled)],
  ["twice the same length", framed("Content-Length: 4\r\nContent-Length: 4", `abcd${smuggled}`)],
  ["a list of lengths", framed("Content-Length: 0, 9", smuggled)],
  ["a length with a sign", framed("Content-Length: +0", smuggled)],
  ["a length in hexadecimal", framed("Content-Length: 0x0", smuggled)],
  ["a space before the colon", framed("Content-Length : 0", smuggled)],
  ["a folded line", framed("X: a\r\n b", smuggled)],
  ["a folded coding", framed("Transfer-Encoding:\r\n chunked", `0\r\n\r\n${smuggled}`)],
  ["a coding that is none", framed("Transfer-Encoding: xchunked", `0\r\n\r\n${smuggled}`)],
  ["a coding before chunked", framed("Transfer-Encoding: gzip, chunked", `0\r\n\r\n${smuggled}`)],
  ["a coding after chunked", framed("Transfer-Encoding: chunked, identity", `0\r\n\r\n${smuggled}`)],
  ["two codings", framed("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", `0\r\n\r\n${smuggled}`)],
  ["a coding in HTTP/1.0", framed("Transfer-Encoding: chunked", "0\r\n\r\n").replace("1.1", "1.0")],
  [
    "bare line feeds",
    `GET /clusters/team/main/x HTTP/1.1\nHost: a\nAuthorization: ${authorization}\n\n${smuggled}`,
  ],
  ["a bare carriage return", framed("X: a\rTransfer-Encoding: chunked", smuggled)],
  ["a NUL", framed("X: a\0b", smuggled)],
  ["two hosts", framed("Host: b", smuggled)],
  ["two authorizations", framed("Authorization: Bearer other", smuggled)],
  [
    "an absolute target",
    `GET http://elsewhere/clusters/team/main/x HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`,
  ],
  ["the target *", `OPTIONS * HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n${smuggled}`],
  ["another protocol", framed("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0", smuggled)],
])("refused, with all that follows: %s", async (_what, text) => {
  const answer = await rawHttp(stage.port, text, 1_000);
  expect([answer.status, answer.answers, answer.closed]).toEqual([400, 1, true]);
  expect(answer.text).toMatch(/\{"errors":\["(The request is refused: |What was sent is no HTTP request)/);
  expect(stage.seen).toEqual([]);
});

test.each([
  ["a negative chunk", "-1\r\nx\r\n0\r\n\r\n"],
  ["a chunk of more than there can be", "fffffffffffffffff\r\nx\r\n0\r\n\r\n"],
  ["line feeds between chunks", "1\nx\n0\n\n"],
  ["a length in the trailer", "0\r\nContent-Length: 5\r\n\r\n"],
])("a body is stage.broken off: %s", async (_what, body) => {
  let whole = 0;
  stage.behave = (request, response) => {
    request.on("error", () => response.destroy());
    request.resume().on("end", () => {
      whole += 1;
      response.end("{}");
    });
  };
  const answer = await rawHttp(stage.port, framed("Transfer-Encoding: chunked", body + smuggled), 1_000);
  expect(answer.status).toBe(400);
  expect(answer.answers).toBe(1);
  expect(whole).toBe(0);
});

test("what follows half an answer breaks it, and is not taken for the rest of it", async () => {
  stage.behave = (_request, response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write("half");
  };
  const socket = connect(stage.port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const gone = new Promise((resolve) => socket.on("close", resolve));
  socket.on("error", () => socket.destroy());
  socket.write(framed("Content-Length: 0"));
  await eventually(() => text.endsWith("half"));
  socket.write("nonsense\r\n\r\n");
  await gone;
  expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*half$/);
});

test("what passes is framed anew: chunk extensions and trailers stay here", async () => {
  const body = "1;a=b\r\nx\r\n0\r\nX-Trailer: y\r\n\r\n";
  expect(
    (await rawHttp(stage.port, framed("Transfer-Encoding: chunked\r\nConnection: close", body))).status,
  ).toBe(200);
  expect(stage.seen).toMatchObject([{ body: "x" }]);
  expect(stage.seen[0]?.headers).not.toHaveProperty("x-trailer");
});

test("CONNECT is refused", async () => {
  const answer = await rawHttp(stage.port, "CONNECT elsewhere:80 HTTP/1.1\r\nHost: elsewhere\r\n\r\n", 1_000);
  expect([answer.status, answer.closed]).toEqual([405, true]);
});

test("HTTP/2 is not taken up, and the request served", async () => {
  const offer =
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 0";
  expect((await rawHttp(stage.port, framed(offer))).status).toBe(200);
  expect(stage.seen[0]?.headers).not.toHaveProperty("upgrade");
  expect(stage.seen[0]?.headers).not.toHaveProperty("http2-settings");
});
