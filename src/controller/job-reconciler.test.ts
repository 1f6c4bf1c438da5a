import { expect, test } from "vitest";
import { aJob, observed } from "../../test/support/builders.ts";
import type { FlinkJob } from "../api/objects.ts";
import { KubeError } from "../kube/errors.ts";
import { FakeClock } from "../kube/fake-clock.ts";
import type { Flights } from "./flights.ts";
import type { Gather } from "./gather.ts";
import { Jars } from "./jars.ts";
import { JobReconciler, type JobReconcilerOptions } from "./job-reconciler.ts";
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
