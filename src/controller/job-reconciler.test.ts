import { expect, test } from "vitest";
import {
  aCluster,
  aFlight,
  aJob,
  aRow,
  aTrigger,
  NOW,
  observed,
  type Scene,
  URL_A,
} from "../../test/support/builders.ts";
import type { FlinkJob } from "../api/objects.ts";
import { KubeError } from "../kube/errors.ts";
import { FakeClock } from "../kube/fake-clock.ts";
import type { Flights } from "./flights.ts";
import type { Gather } from "./gather.ts";
import { Jars } from "./jars.ts";
import { JobReconciler, type JobReconcilerOptions } from "./job-reconciler.ts";
import type { MainNote } from "./main-places.ts";
import type { Perform } from "./perform.ts";
import { Versions } from "./versions.ts";

test("conflict after conflict: the cache is far behind, and the API server is not asked without a pause", async () => {
  const builder = aJob();
  const job = builder.build();
  let stale = true;
  const step = async () => {
    if (stale) throw new KubeError("Conflict", "the object has been modified");
    return false;
  };
  const reconciler = new JobReconciler({
    store: { get: () => job },
    versions: new Versions<FlinkJob>(),
    gather: { observe: () => observed({ job: builder }) } as unknown as Gather,
    perform: { step } as unknown as Perform,
    flights: {} as Flights,
    jars: new Jars(),
    looks: new Map(),
    places: { note: () => {} },
    clock: new FakeClock(),
  } as unknown as JobReconcilerOptions);
  const pauses: (number | undefined)[] = [];
  const { signal } = new AbortController();
  const again = async () =>
    pauses.push((await reconciler.reconcile("default/orders", signal))?.requeueAfterMs);
  for (let i = 0; i < 8; i++) await again();
  expect(pauses).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  stale = false;
  await again();
  stale = true;
  await again();
  expect(pauses.at(-1)).toBe(200);
});

test("a main() keeps its place from its request until its job is listed; who has to wait is noted", async () => {
  const sent = aTrigger().sent().with({ applicationId: aRow().id });
  const v23 = aCluster().v23();
  const scenes: [Scene, object][] = [
    [
      { job: aJob().trigger(sent), cluster: v23, flight: aFlight() },
      { runsAt: URL_A, isFlying: true },
    ],
    [{ job: aJob().trigger(aTrigger().sent()), cluster: v23, flight: aFlight() }, { isFlying: true }],
    [{ job: aJob().trigger(sent), cluster: v23.listing(aRow()), flight: aFlight() }, { isFlying: false }],
    [{ job: aJob().trigger(aTrigger().running()), cluster: v23.listing(aRow()) }, { isFlying: false }],
    [{ job: aJob(), cluster: v23, crowd: { limit: 4, since: undefined } }, { waitsAt: URL_A }],
  ];
  for (const [scene, want] of scenes) {
    const notes: MainNote[] = [];
    const reconciler = new JobReconciler({
      store: { get: () => scene.job.build() },
      versions: new Versions<FlinkJob>(),
      gather: { observe: () => observed(scene) } as unknown as Gather,
      perform: { step: async () => false } as unknown as Perform,
      flights: {} as Flights,
      places: { note: (_: string, note: MainNote) => notes.push(note) },
      clock: { now: () => NOW },
    } as unknown as JobReconcilerOptions);
    await reconciler.reconcile("default/orders", new AbortController().signal);
    expect(notes).toEqual([{ runsAt: undefined, isFlying: false, waitsAt: undefined, ...want }]);
  }
});
