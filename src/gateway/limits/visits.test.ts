import type { IncomingMessage } from "node:http";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { FakeClock } from "../../kube/fake-clock.ts";
import { isGatewayError } from "../gateway-error.ts";
import { ClientLimits } from "./client-limits.ts";
import { addressOf, Visits } from "./visits.ts";

test("a request counts once, from its beginning to its end", async () => {
  const limits = new ClientLimits({ clock: new FakeClock(), perSecond: 1, burst: 4, concurrent: 1 });
  const visits = new Visits(limits);
  const server = Fastify();
  await server.register(visits.part);
  let inner = 200;
  server.get("/", async (request) => {
    visits.begin(request, "jane");
    visits.begin(request, "jane");
    if (request.headers.outer) inner = (await server.inject({ url: "/" })).statusCode;
    return {};
  });
  server.setErrorHandler((error, _request, reply) => {
    if (!isGatewayError(error)) throw error;
    return reply.code(error.status).send();
  });
  expect((await server.inject({ url: "/", headers: { outer: "yes" } })).statusCode).toBe(200);
  expect(inner).toBe(429);
  expect((await server.inject({ url: "/" })).statusCode).toBe(200);
});

test.each([
  ["10.0.0.1", "10.0.0.1"],
  ["::ffff:10.0.0.1", "10.0.0.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  [undefined, ""],
])("%s counts as %s", (remoteAddress, want) => {
  expect(addressOf({ socket: { remoteAddress } } as IncomingMessage)).toBe(want);
});
