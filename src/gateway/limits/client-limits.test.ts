import { expect, test } from "vitest";
import { FakeClock } from "../../kube/fake-clock.ts";
import { ClientLimits } from "./client-limits.ts";

const limits = (some: { perSecond?: number; burst?: number; concurrent?: number } = {}) => {
  const clock = new FakeClock();
  return { clock, limits: new ClientLimits({ clock, perSecond: 1, burst: 100, concurrent: 100, ...some }) };
};
const tooMany = (message: string, seconds: string) =>
  expect.objectContaining({
    code: "TooManyRequests",
    message: `Too many requests: ${message}`,
    headers: { "retry-after": seconds },
  });

test("so many of one client at the same time, and others beside them", () => {
  const { limits: clients } = limits({ concurrent: 2 });
  const [first] = [clients.begin("jane"), clients.begin("jane")];
  const full = tooMany("more than 2 of your requests are being served at the same time; wait 1 s", "1");
  expect(() => clients.begin("jane")).toThrow(full);
  clients.begin("joe");
  first();
  // An end counts once.
  first();
  clients.begin("jane");
  expect(() => clients.begin("jane")).toThrow(full);
});

test("so many of one client each second", async () => {
  const { clock, limits: clients } = limits({ perSecond: 0.25, burst: 1 });
  clients.begin("jane")();
  expect(() => clients.begin("jane")).toThrow(tooMany("more than 0.25 requests a second; wait 4 s", "4"));
  await clock.advance(4_000);
  clients.begin("jane")();
});

test("tokens that nobody knows are counted by address", async () => {
  const { clock, limits: clients } = limits();
  for (let index = 0; index < 100; index++) clients.admitStranger("1.2.3.4");
  const full = tooMany("too many tokens from your address that nobody knows; wait 1 s", "1");
  expect(() => clients.admitStranger("1.2.3.4")).toThrow(full);
  clients.admitStranger("1.2.3.5");
  clients.welcome("1.2.3.4");
  clients.admitStranger("1.2.3.4");
  expect(() => clients.admitStranger("1.2.3.4")).toThrow(full);
  await clock.advance(1_000);
  clients.admitStranger("1.2.3.4");
  expect(() => clients.admitStranger("1.2.3.4")).toThrow(full);
});
