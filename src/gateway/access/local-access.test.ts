import Fastify from "fastify";
import { expect, test } from "vitest";
import { FakeClock } from "../../kube/fake-clock.ts";
import { isGatewayError } from "../gateway-error.ts";
import { ClientLimits } from "../limits/client-limits.ts";
import { Visits } from "../limits/visits.ts";
import { isLoopback, LocalAccess } from "./local-access.ts";

async function ask(headers: Record<string, string>): Promise<string> {
  const limits = new ClientLimits({ clock: new FakeClock(), perSecond: 1, burst: 9, concurrent: 9 });
  const visits = new Visits(limits);
  const access = new LocalAccess(visits);
  const server = Fastify();
  await server.register(visits.part);
  server.get("/", async (request) => {
    try {
      return await access.authorize(request);
    } catch (error) {
      if (isGatewayError(error)) return { refused: error.message.split(";", 1)[0] };
      throw error;
    }
  });
  return (await server.inject({ url: "/", headers })).body;
}

test.each([
  { host: "127.0.0.1:8082" },
  { host: "localhost:8082" },
  { host: "[::1]:8082" },
  { host: "localhost:8082", origin: "http://localhost:8082", "sec-fetch-site": "same-origin" },
  { host: "localhost:8082", "sec-fetch-site": "none" },
])("%o may", async (headers) => expect(await ask(headers)).toBe('{"user":""}'));

test.each([
  [{ host: "evil.example:8082" }, 'The request is for the host "evil.example:8082"'],
  [{ host: "127.0.0.1.evil.example" }, 'The request is for the host "127.0.0.1.evil.example"'],
  [{ host: "localhost:8082", origin: "http://evil.example" }, "The request is from a page of another origin"],
  [
    { host: "localhost:8082", origin: "http://localhost:3000" },
    "The request is from a page of another origin",
  ],
  [{ host: "localhost:8082", origin: "null" }, "The request is from a page of another origin"],
  [
    { host: "localhost:8082", "sec-fetch-site": "cross-site" },
    "The request is from a page of another origin",
  ],
  [{ host: "localhost:8082", "sec-fetch-site": "same-site" }, "The request is from a page of another origin"],
])("%o may not", async (headers, refused) => {
  expect(JSON.parse(await ask(headers as unknown as Record<string, string>))).toEqual({ refused });
});

test.each([
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["[::1]", true],
  ["::1", true],
  ["localhost", true],
  ["0.0.0.0", false],
  ["10.0.0.1", false],
  ["::", false],
  ["localhost.example", false],
  ["", false],
])("%s: %s", (name, want) => expect(isLoopback(name)).toBe(want));
