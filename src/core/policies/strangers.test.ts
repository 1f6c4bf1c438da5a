import { describe, expect, test } from "vitest";
import { aCluster, aJob, aRow, aTrigger, decideOn, UID } from "../../../test/support/builders.ts";
import { jobIdOf } from "../identity.ts";

const stranger = (state: Parameters<typeof aRow>[0] = "RUNNING") =>
  aRow(state, { id: jobIdOf(UID, "late", 1) });
const both = aCluster().listing(aRow(), stranger());

describe("another job lives under the FlinkJob's prefix", () => {
  test.each([
    ["Cancel", { kind: "cancelJob", jobId: stranger().id }],
    ["Report", undefined],
  ] as const)("%s: named, told once, dealt with", (strangerPolicy, effect) => {
    const job = aJob({ strangerPolicy }).trigger(aTrigger().running());
    const step = decideOn({ job, cluster: both });
    expect(step.status?.strangers).toEqual([{ jobId: stranger().id, state: "RUNNING" }]);
    expect(step.events).toMatchObject([{ type: "Warning", reason: "StrangerFound" }]);
    if (effect) expect(step.effect).toMatchObject(effect);
    else expect(step.effect).toBeUndefined();
    const next = decideOn({ job: job.status(step.status!), cluster: both });
    expect(next).toMatchObject({ status: undefined, events: [] });
  });

  test("one that is being cancelled is left to it, and one that is gone is forgotten", () => {
    const job = aJob().trigger(aTrigger().running());
    const cluster = aCluster().listing(aRow(), stranger("CANCELLING"));
    const step = decideOn({ job, cluster });
    expect(step.effect).toBeUndefined();
    const gone = decideOn({ job: job.status(step.status!), cluster: aCluster().listing(aRow()) });
    expect(gone.status?.trigger?.reason).toBe("TasksRunning");
    expect(gone.status?.strangers).toBeUndefined();
  });

  test("beside a trigger that is over as well", () => {
    const job = aJob().trigger(aTrigger().finished());
    expect(decideOn({ job, cluster: aCluster().listing(stranger()) }).effect).toMatchObject({
      kind: "cancelJob",
    });
  });

  test("jobs that have ended are none", () => {
    const job = aJob().trigger(aTrigger().running());
    const cluster = aCluster().listing(aRow(), stranger("CANCELED"));
    const step = decideOn({ job, cluster });
    expect(step).toMatchObject({ effect: undefined, events: [] });
    expect(step.status?.strangers).toBeUndefined();
  });
});
