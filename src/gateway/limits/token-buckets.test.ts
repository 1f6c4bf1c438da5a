import { expect, test } from "vitest";
import { FakeClock } from "../../kube/fake-clock.ts";
import { TokenBuckets } from "./token-buckets.ts";

test("a burst at once, then so many a second, for each key", async () => {
  const clock = new FakeClock();
  const buckets = new TokenBuckets({ clock, perSecond: 4, burst: 3, limit: 10 });
  expect([1, 2, 3, 4].map(() => buckets.take("jane"))).toEqual([0, 0, 0, 250]);
  expect(buckets.take("joe")).toBe(0);
  await clock.advance(249);
  expect(buckets.take("jane")).toBeCloseTo(1);
  await clock.advance(1);
  expect([buckets.take("jane"), buckets.take("jane")]).toEqual([0, 250]);
  await clock.advance(60_000);
  expect([1, 2, 3, 4].map(() => buckets.take("jane"))).toEqual([0, 0, 0, 250]);
});

test("a token that is given back can be taken again, and no bucket overflows", () => {
  const buckets = new TokenBuckets({ clock: new FakeClock(), perSecond: 1, burst: 1, limit: 10 });
  buckets.take("jane");
  buckets.giveBack("jane");
  buckets.giveBack("jane");
  expect([buckets.take("jane"), buckets.take("jane")]).toEqual([0, 1_000]);
});

test("who was not there for longest is forgotten", () => {
  const buckets = new TokenBuckets({ clock: new FakeClock(), perSecond: 1, burst: 1, limit: 2 });
  for (const key of ["a", "b", "c"]) buckets.take(key);
  expect(buckets.take("b")).toBe(1_000);
  expect(buckets.take("a")).toBe(0);
});
