import { describe, expect, test } from "vitest";
import { aLook, aRow, decideOn, type Scene } from "../../test/support/builders.ts";
import { made, ownCluster, ownJob, ownTrigger, ownUnreachable } from "../../test/support/per-job-builders.ts";

describe("a FlinkJob whose own cluster is in trouble", () => {
  const deploying = (patch: object): Scene => ({
    job: ownJob().trigger(ownTrigger()),
    cluster: ownUnreachable,
    perJob: { clusters: [made("application", patch)] },
  });

  test("what somebody has to mend is Stalled, for as long as it is, and what may pass is not", () => {
    const words = (patch: object) =>
      decideOn(deploying(patch))
        .status?.conditions?.map(({ type, status }) => `${type} ${status}`)
        .slice(0, 3);
    const wrong = { reason: "ImagePullFailed", message: "no such image" };
    expect(words({ ...wrong, isStalled: true })).toEqual([
      "Ready False",
      "Reconciling False",
      "Stalled True",
    ]);
    const goesOn = ["Ready False", "Reconciling True", "Stalled False"];
    expect(words({ reason: "Unschedulable", message: "no node" })).toEqual(goesOn);
    expect(words({ ...wrong, isStalled: true, isDeleting: true })).toEqual(goesOn);
  });

  test("a job that came all the same is none of its cluster's troubles", () => {
    const perJob = {
      clusters: [made("application", { reason: "ImagePullFailed", isStalled: true, wasReached: true })],
    };
    const step = decideOn({
      job: ownJob().trigger(ownTrigger()),
      cluster: ownCluster().listing(aRow()),
      perJob,
    });
    expect(step.status?.conditions?.find(({ type }) => type === "Stalled")).toMatchObject({
      status: "False",
    });
    const waits = decideOn({
      job: ownJob().trigger(ownTrigger()),
      cluster: ownCluster(),
      perJob,
      look: aLook({ mains: 1 }),
    });
    expect(waits.status).toMatchObject({ trigger: { reason: "MainRunning" } });
    expect(waits.status?.conditions?.find(({ type }) => type === "Stalled")).toMatchObject({
      status: "False",
    });
  });
});
