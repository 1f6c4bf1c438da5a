import { describe, expect, test } from "vitest";
import {
  aCluster,
  aJob,
  aLook,
  anApplication,
  aRow,
  decideOn,
  type Scene,
  UID,
  unreachable,
} from "../../../test/support/builders.ts";
import { jobIdOf, jobIdPrefix } from "../identity.ts";

const FOREIGN = "0123456789abcdef0123456789abcdef";
const job = aJob({ trigger: { jobId: FOREIGN } });
const foreign = (state: Parameters<typeof aRow>[0] = "RUNNING") => aRow(state, { id: FOREIGN });
const lives = { job, cluster: aCluster().listing(foreign()) };

describe("spec.trigger.jobId", () => {
  test("a job that runs is taken over, and nothing is submitted", () => {
    const step = decideOn(lives);
    expect(step).toMatchObject({
      effect: undefined,
      status: { trigger: { id: "g1", state: "running", jobId: FOREIGN, adoptedBy: jobIdPrefix(UID) } },
    });
    expect(step.events.map(({ reason }) => reason)).toContain("Adopted");
  });

  const adopted = job.status(decideOn(lives).status!);

  test("it is followed like any other", () => {
    expect(decideOn({ ...lives, job: adopted })).toMatchObject({ rule: "tasksRun", status: undefined });
    const cluster = aCluster().listing(foreign("FINISHED"));
    expect(decideOn({ job: adopted, cluster }).status?.trigger).toMatchObject({ state: "finished" });
  });

  test("a change replaces it by a job of our own", () => {
    const edited = adopted.edited({ entryClass: "shop.Two" });
    const stopped = decideOn({ ...lives, job: edited });
    expect(stopped).toMatchObject({ effect: { kind: "cancelJob", jobId: FOREIGN } });
    const cluster = aCluster().listing(foreign("CANCELED"));
    const over = decideOn({ job: edited.status(stopped.status!), cluster });
    const step = decideOn({ job: edited.status(over.status!), cluster });
    expect(step).toMatchObject({ effect: { kind: "submit", jobId: jobIdOf(UID, "g2", 1) } });
    expect(step.status?.trigger?.adoptedBy).toBeUndefined();
  });

  test("deleted, it is cancelled", () => {
    expect(decideOn({ ...lives, job: adopted.deleted() })).toMatchObject({
      effect: { kind: "cancelJob", jobId: FOREIGN },
    });
  });

  const recorded = job.status(decideOn({ job }).status!);

  test.each<[string, Partial<Scene>, object]>([
    ["not listed is not absent: it is asked for", {}, { effect: { kind: "lookUp", jobId: FOREIGN } }],
    ["known, and listed soon", { look: aLook({ jobId: FOREIGN, found: true }) }, { rule: "listedSoon" }],
    [
      "its main() runs again",
      { look: anApplication("RUNNING", 0, { jobId: FOREIGN }) },
      { rule: "mainMayRun" },
    ],
    [
      "absent",
      { look: aLook({ jobId: FOREIGN }) },
      { status: { trigger: { state: "failed", reason: "JobToAdoptNotFound" } } },
    ],
    [
      "over",
      { cluster: aCluster().listing(foreign("FINISHED")) },
      { status: { trigger: { state: "failed", reason: "JobToAdoptNotFound" } } },
    ],
    [
      "of another FlinkJob",
      { adoptedBy: "other" },
      { status: { trigger: { state: "failed", reason: "JobToAdoptTaken" } } },
    ],
    ["out of sight", { cluster: unreachable }, { status: { trigger: { reason: "ClusterUnreachable" } } }],
  ])("%s", (_, scene, want) => {
    const step = decideOn({ job: recorded, ...scene });
    expect(step).toMatchObject(want);
    expect(step.effect?.kind).not.toBe("submit");
  });

  test.each([
    ["taken by another FlinkJob", { adoptedBy: "other" }],
    ["not there, and there later", { look: aLook({ jobId: FOREIGN }) }],
  ])("what could not be adopted (%s) is let alone, whatever becomes of the FlinkJob", (_, scene) => {
    const failed = recorded.status(decideOn({ job: recorded, ...scene }).status!);
    const later = { cluster: aCluster().listing(foreign()), adoptedBy: "other" };
    expect(decideOn({ job: failed, ...later })).toMatchObject({ rule: "over", effect: undefined });
    expect(decideOn({ job: failed.deleted(), ...later }).effect?.kind).toBe("removeFinalizer");
  });

  test("an edit meanwhile, or a suspension, comes after it: it is upgraded or stopped with its state", () => {
    const spec = { upgradeMode: "savepoint" as const };
    const waiting = aJob({ trigger: { jobId: FOREIGN }, ...spec });
    const looking = waiting.status(decideOn({ job: waiting }).status!);
    for (const edit of [{ entryClass: "shop.Two" }, { state: "suspended" as const }]) {
      const edited = looking.edited(edit);
      const step = decideOn({ ...lives, job: edited });
      expect(step).toMatchObject({ rule: "adoptNamed", effect: undefined });
      const next = decideOn({ ...lives, job: edited.status(step.status!) });
      expect(next).toMatchObject({ rule: "lookUp", effect: { jobId: FOREIGN } });
    }
  });

  test.each([
    ["anything is recorded", job],
    ["it is adopted", recorded],
  ])("deleted before %s, the job is not ours to cancel", (_, early) => {
    expect(decideOn({ ...lives, job: early.deleted() }).effect?.kind).toBe("removeFinalizer");
  });

  test("a status that was lost after a job of our own had begun is no reason to adopt", () => {
    const step = decideOn({ job, cluster: aCluster().listing(aRow()) });
    expect(step.status?.trigger).toMatchObject({ jobId: aRow().id });
  });

  test("a status of an adopted job that came along from another object is not believed", () => {
    const restored = adopted.meta({ uid: "99999999-8a0e-4c0c-9a51-7f7a2f1f6c11" });
    expect(decideOn({ job: restored, adoptedBy: "orders" })).toMatchObject({ effect: undefined });
    expect(decideOn({ job: restored, adoptedBy: "orders" }).status?.trigger?.reason).toBe("JobToAdoptTaken");
  });
});
