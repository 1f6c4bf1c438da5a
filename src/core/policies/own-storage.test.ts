import { describe, expect, test } from "vitest";
import { aRow, decideOn } from "../../../test/support/builders.ts";
import {
  made,
  ownCluster,
  ownJob,
  ownTrigger,
  ownUnreachable,
} from "../../../test/support/per-job-builders.ts";
import type { FlinkJobSpec } from "../../api/flinkjob.ts";
import type { StepEvent } from "../step.ts";
import type { CleaningState } from "../storage/cleaning.ts";

const begun: CleaningState = { isOver: false, message: "" };
const event: StepEvent = { type: "Normal", reason: "StorageCleaned", message: "shop/orders was cleaned." };
const over: CleaningState = { isOver: true, event };
const ended = (spec: Partial<FlinkJobSpec> = {}) =>
  ownJob("application", spec)
    .trigger(ownTrigger("application", { cluster: { releasedAt: "2026-01-01T00:00:00Z" } }).finished())
    .deleted();
const gone = { clusters: [] };

describe("a FlinkJob that is deleted", () => {
  test.each([
    ["as its deletionPolicy says", {}],
    ["with its job over, though it would be orphaned", { deletionPolicy: "Orphan" as const }],
  ])("waits for the cleaning of what its clusters left, %s", (_how, spec) => {
    const step = decideOn({ job: ended(spec), cluster: ownUnreachable, perJob: gone, storage: begun });
    expect(step).toMatchObject({
      rule: "cleanStorage",
      effect: { kind: "cleanStorage" },
      status: { trigger: { reason: "Deleting", message: expect.stringContaining("goes first") } },
      requeueAfterMs: 2_000,
    });
  });

  test("says how far it is", () => {
    const storage: CleaningState = { isOver: false, message: "shop/orders: no such image" };
    const { status } = decideOn({ job: ended(), cluster: ownUnreachable, perJob: gone, storage });
    expect(status?.trigger?.message).toMatch(/shop\/orders: no such image$/);
  });

  test("is let go when that is over, with what came of it", () => {
    const step = decideOn({ job: ended(), cluster: ownUnreachable, perJob: gone, storage: over });
    expect(step).toMatchObject({ effect: { kind: "removeFinalizer" }, events: [event] });
    const quiet = decideOn({
      job: ended(),
      cluster: ownUnreachable,
      perJob: gone,
      storage: { isOver: true },
    });
    expect(quiet).toMatchObject({ effect: { kind: "removeFinalizer" }, events: [] });
  });

  test("has nothing cleaned while a cluster of its is there", () => {
    const perJob = { clusters: [made("application", { isDeleting: true })] };
    const step = decideOn({ job: ended(), cluster: ownUnreachable, perJob, storage: begun });
    expect(step.rule).toBe("releaseDeleted");
  });

  test("has nothing cleaned while its job lives", () => {
    const job = ownJob().trigger(ownTrigger().running()).deleted();
    const perJob = { clusters: [made("application", { wasReached: true })] };
    const cluster = ownCluster().listing(aRow());
    expect(decideOn({ job, cluster, perJob, storage: begun }).effect?.kind).toBe("cancelJob");
  });

  test("has nothing cleaned where its job goes on without it", () => {
    const job = ownJob("application", { deletionPolicy: "Orphan" }).trigger(ownTrigger().running()).deleted();
    const perJob = { clusters: [made("application", { wasReached: true })] };
    const cluster = ownCluster().listing(aRow());
    expect(decideOn({ job, cluster, perJob, storage: begun }).effect?.kind).toBe("removeFinalizer");
  });

  test("has its savepoint taken first", () => {
    const job = ownJob("application", { deletionPolicy: "Savepoint" })
      .trigger(ownTrigger().running())
      .deleted();
    const perJob = { clusters: [made("application", { wasReached: true })] };
    const cluster = ownCluster().listing(aRow());
    const { effect } = decideOn({ job, cluster, perJob, storage: begun });
    // To know what the savepoint follows.
    expect(effect?.kind).toBe("lookUp");
  });
});
