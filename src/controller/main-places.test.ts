import { expect, test } from "vitest";
import { URL_A } from "../../test/support/builders.ts";
import { FakeClock } from "../kube/fake-clock.ts";
import { MainPlaces } from "./main-places.ts";

const URL_B = "http://b.flink:8081";
const nothing = { runsAt: undefined, isFlying: false, waitsAt: undefined };
const flying = { ...nothing, isFlying: true };
const running = { ...nothing, runsAt: URL_A };
const waiting = { ...nothing, waitsAt: URL_A };

function scene(limit = 2) {
  const listed: string[] = [];
  const woken: string[] = [];
  const clock = new FakeClock();
  const places = new MainPlaces({
    ...{ limit, clock },
    listed: (url) => (url === URL_A ? listed : []),
    wake: (uid) => woken.push(uid),
  });
  return { places, listed, woken, clock };
}

test("so many and no more, on each cluster", () => {
  const { places } = scene();
  expect([places.take(URL_A, "a"), places.take(URL_A, "b"), places.take(URL_A, "c")]).toEqual([
    true,
    true,
    false,
  ]);
  expect(places.take(URL_B, "c")).toBe(true);
  expect(places.crowd(URL_A, "d")).toEqual({ limit: 2, since: undefined });
  // Who has a place may go on.
  expect(places.crowd(URL_A, "a")).toBeUndefined();
  expect(places.take(URL_A, "a")).toBe(true);
});

test("a place is kept from the request until main() has come to its end", () => {
  const { places } = scene(1);
  places.take(URL_A, "a");
  for (const note of [flying, running, running]) {
    places.note("a", note);
    expect(places.take(URL_A, "b"), JSON.stringify(note)).toBe(false);
  }
  places.note("a", nothing);
  expect(places.take(URL_A, "b")).toBe(true);
});

test("what an earlier process sent counts as the statuses tell, until there is newer news of it", () => {
  const { places, listed } = scene(1);
  listed.push("a");
  expect(places.crowd(URL_A, "b")).toEqual({ limit: 1, since: undefined });
  expect(places.crowd(URL_A, "a")).toBeUndefined();
  places.note("a", nothing);
  expect(places.crowd(URL_A, "b")).toBeUndefined();
  places.note("a", running);
  expect(places.crowd(URL_A, "b")).toEqual({ limit: 1, since: undefined });
});

test("who waits is told in turn, as many as there is place for", async () => {
  const { places, woken, clock } = scene(2);
  places.take(URL_A, "a");
  places.take(URL_A, "b");
  for (const uid of ["c", "d", "e"]) places.note(uid, waiting);
  expect(woken).toEqual([]);
  const since = clock.now();
  await clock.advance(5_000);
  places.note("c", waiting);
  expect(places.crowd(URL_A, "c")).toEqual({ limit: 2, since });
  places.note("a", nothing);
  expect(woken).toEqual(["c"]);
  // It needs the place no more: the next one is told.
  places.note("c", nothing);
  expect(woken).toEqual(["c", "d"]);
  places.forget("b");
  expect(woken).toEqual(["c", "d", "d", "e"]);
});
