import type { AddressInfo } from "node:net";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { rawHttp } from "../../../test/support/raw-http.ts";
import { invitedBodies } from "./invited-bodies.ts";
import { unreadBodies } from "./unread-bodies.ts";

const head = (path: string) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`;

async function asked(text: string) {
  const gateway = Fastify();
  gateway.removeAllContentTypeParsers();
  gateway.addContentTypeParser("*", (_request, _body, done) => done(null));
  await gateway.register(unreadBodies);
  await gateway.register(invitedBodies);
  gateway.post("/refused", async (_request, reply) => reply.code(401).send("who are you?"));
  gateway.post("/read", async ({ raw }) => {
    const chunks: Buffer[] = [];
    for await (const chunk of raw) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  });
  try {
    await gateway.listen({ host: "127.0.0.1", port: 0 });
    return await rawHttp((gateway.server.address() as AddressInfo).port, text);
  } finally {
    gateway.server.closeAllConnections();
    await gateway.close();
  }
}

test("whoever is refused is not told to send a body, and the connection ends with the answer", async () => {
  const { status, answers, closed, text } = await asked(head("/refused"));
  expect({ status, answers, closed }).toEqual({ status: 401, answers: 1, closed: true });
  expect(text).toMatch(/^connection: close\r$/im);
});

test("who may is told when the body is read", async () => {
  expect((await asked(head("/read"))).text).toBe("HTTP/1.1 100 Continue\r\n\r\n");
});

test("a body that came without waiting is taken, and the connection goes on", async () => {
  const { text, answers, closed } = await asked(`${head("/read")}body`);
  expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  expect(text.endsWith("\r\n\r\nbody")).toBe(true);
  expect({ answers, closed }).toEqual({ answers: 2, closed: false });
});
