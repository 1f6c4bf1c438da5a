import { describe, expect, test } from "vitest";
import {
  aCluster,
  aFlight,
  ago,
  aJob,
  aLook,
  anApplication,
  aRow,
  aTrigger,
  connecting,
  decideOn,
  HOUR,
  NOW,
  type Scene,
  snapshots,
  UID,
} from "../../../test/support/builders.ts";
import { made, ownJob, ownName, ownUnreachable } from "../../../test/support/per-job-builders.ts";
import { jobIdOf } from "../identity.ts";

const suspended = { state: "suspended" as const };
const conditions = (scene: Scene) =>
  Object.fromEntries(decideOn(scene).status?.conditions?.map(({ type, status }) => [type, status]) ?? []);

describe("spec.state: suspended", () => {
  test("nothing is submitted, and the FlinkJob is as the spec asks", () => {
    const scene = { job: aJob(suspended) };
    expect(decideOn(scene)).toMatchObject({
      rule: "suspended",
      effect: undefined,
      status: { state: "Suspended" },
    });
    expect(decideOn(scene).status?.trigger).toBeUndefined();
    expect(conditions(scene)).toMatchObject({ Ready: "True", Reconciling: "False", Stalled: "False" });
  });

  test("before a first answer of the cluster nobody knows whether a job runs whose status was lost", () => {
    expect(decideOn({ job: aJob(suspended), cluster: connecting })).toMatchObject({ rule: "connecting" });
    const step = decideOn({ job: aJob(suspended), cluster: aCluster().listing(aRow()) });
    expect(step).toMatchObject({
      effect: undefined,
      status: { trigger: { jobId: aRow().id, state: "running" } },
    });
  });

  test("a cluster that was made before the status was lost is taken over, and ended", () => {
    const perJob = { clusters: [made()] };
    const step = decideOn({ job: ownJob("application", suspended), cluster: connecting, perJob });
    expect(step).toMatchObject({
      rule: "takeOverCluster",
      status: { trigger: { state: "pending", sends: 1, cluster: { name: ownName(), uid: "c-1" } } },
    });
    const after = ownJob("application", suspended).status(step.status!);
    expect(decideOn({ job: after, cluster: ownUnreachable, perJob })).toMatchObject({
      rule: "releaseUnwanted",
      effect: { kind: "deleteCluster", name: ownName() },
    });
  });

  test("a request that was never sent is not", () => {
    const step = decideOn({ job: aJob(suspended).trigger(aTrigger()) });
    expect(step).toMatchObject({
      effect: undefined,
      status: { trigger: { state: "canceled", reason: "Suspended" } },
    });
  });

  test("a JAR that is on its way is not waited for", () => {
    const scene = { job: aJob(suspended).trigger(aTrigger().sent()), flight: aFlight("fetchingJar") };
    expect(decideOn(scene).effect?.kind).toBe("abandonFlight");
  });

  test.each([
    ["unanswered", { flight: aFlight() }],
    ["unknown", { look: undefined }],
    ["waited for, as a main() may bring it", { look: aLook({ mains: 1 }) }],
  ])("an outcome that is %s comes first", (_, scene) => {
    const step = decideOn({ job: aJob(suspended).trigger(aTrigger().sent()), ...scene });
    expect(step.effect?.kind ?? "lookUp").toBe("lookUp");
    expect(step.status?.trigger?.state ?? "pending").toBe("pending");
  });

  test("a request that brought nothing is not sent again, once it can no longer arrive", () => {
    const recent = aJob(suspended).trigger(aTrigger().sent({ ago: 1_000 }));
    expect(decideOn({ job: recent, look: aLook() })).toMatchObject({
      rule: "mayStillArrive",
      effect: undefined,
    });
    const job = aJob(suspended).trigger(aTrigger().sent());
    const step = decideOn({ job, look: aLook() });
    expect(step).toMatchObject({
      effect: undefined,
      status: { trigger: { state: "canceled", reason: "Suspended" } },
    });
  });

  test("in doubt, the same JobID is asked for again when it is resumed", () => {
    const scene = { cluster: aCluster("Durable").process("other"), look: aLook({ incarnation: "other" }) };
    const sent = aTrigger().sent({ under: "Durable", ago: 60_000 });
    const held = decideOn({ ...scene, job: aJob(suspended).trigger(sent) });
    expect(held).toMatchObject({
      rule: "suspendedInDoubt",
      effect: undefined,
      status: { trigger: { state: "pending", reason: "OutcomeUnknown", jobId: jobIdOf(UID, "g1", 1) } },
    });
    const resumed = aJob().status(held.status!);
    expect(decideOn({ ...scene, job: resumed })).toMatchObject({
      rule: "sendAgain",
      effect: { kind: "submit", jobId: jobIdOf(UID, "g1", 1) },
    });
  });

  test("a JobManager that may have forgotten the job does not say that it never ran", () => {
    const cluster = aCluster("JobManagerLifetime");
    const sent = (ago: number) =>
      aJob(suspended).trigger(aTrigger().sent({ under: "JobManagerLifetime", ago }));
    expect(decideOn({ job: sent(60_000), cluster, look: aLook() }).rule).toBe("suspended");
    expect(decideOn({ job: sent(3_600_000), cluster, look: aLook() }).rule).toBe("suspendedInDoubt");
  });

  test("main() that runs on Flink 2.3 is cancelled, and that was for the suspension", () => {
    const job = aJob(suspended).trigger(aTrigger().sent());
    const cluster = aCluster().v23();
    const step = decideOn({ job, cluster, look: anApplication("RUNNING") });
    expect(step).toMatchObject({ rule: "cancelSuspendedMain", effect: { kind: "cancelApplication" } });
    const next = decideOn({ job: job.status(step.status!), cluster, look: anApplication("CANCELED") });
    expect(next.status?.trigger).toMatchObject({ state: "canceled", reason: "Suspended" });
  });

  test.each([
    ["stateless", "cancelJob", {}],
    ["savepoint", "stopWithSavepoint", { look: aLook({ found: true, snapshots: snapshots() }) }],
    ["last-state", "cancelJob", { look: aLook({ found: true, snapshots: snapshots() }) }],
  ] as const)("a job that runs is stopped: %s", (upgradeMode, kind, scene) => {
    const job = aJob({ ...suspended, upgradeMode }).trigger(aTrigger().running());
    const step = decideOn({ job, cluster: aCluster().listing(aRow()), ...scene });
    expect(step).toMatchObject({
      effect: { kind },
      status: { trigger: { reason: "Suspending", stop: { why: "Suspending" } } },
    });
  });

  const stop = {
    mode: "cancel",
    why: "Suspending",
    generation: 1,
    requestedAt: "2026-03-01T11:59:00.000Z",
  } as const;

  test("and its end is no failure", () => {
    const job = aJob(suspended).trigger(aTrigger().running().with({ reason: "Suspending", stop }));
    const scene = { job, cluster: aCluster().listing(aRow("CANCELED")) };
    expect(decideOn(scene).status).toMatchObject({
      state: "Suspended",
      trigger: { state: "canceled", reason: "Suspended" },
    });
    expect(conditions(scene)).toMatchObject({ Ready: "True", Stalled: "False" });
  });

  test("a job that Flink brings back by itself is noticed and stopped again", () => {
    const job = aJob(suspended).trigger(aTrigger().canceled().with({ reason: "Suspended", stop }));
    const cluster = aCluster().listing(aRow());
    const back = decideOn({ job, cluster });
    expect(back).toMatchObject({ rule: "reappeared", status: { trigger: { state: "running" } } });
    expect(decideOn({ job: job.status(back.status!), cluster })).toMatchObject({
      effect: { kind: "cancelJob" },
    });
  });

  test("a finished job stays finished, a failed one failed", () => {
    for (const trigger of [aTrigger().finished(), aTrigger().failed()]) {
      const step = decideOn({ job: aJob({ ...suspended, restartPolicy: "OnFailure" }).trigger(trigger) });
      expect(step.effect).toBeUndefined();
      expect((step.status?.trigger ?? trigger.build()).state).toBe(trigger.build().state);
    }
  });

  test("an edit meanwhile asks for nothing before it runs again", () => {
    const job = aJob(suspended).trigger(aTrigger().canceled().with({ reason: "Suspended", stop }));
    const edited = job.edited({ entryClass: "shop.Two" });
    const step = decideOn({ job: edited });
    expect(step.effect).toBeUndefined();
    expect((step.status?.trigger ?? edited.build().status?.trigger)?.id).toBe("g1");
    expect(decideOn({ job: edited.edited({ state: "running" }) })).toMatchObject({ rule: "replace" });
  });

  test("resumed, it is the same trigger's next attempt", () => {
    const job = aJob().trigger(aTrigger().canceled().with({ reason: "Suspended", stop }));
    expect(decideOn({ job })).toMatchObject({
      rule: "resume",
      status: { trigger: { id: "g1", attempt: 2 }, history: [{ id: "g1", attempt: 1 }] },
      effect: { kind: "submit", jobId: jobIdOf(UID, "g1", 2) },
    });
  });

  test("what was never sent is taken up again under its own JobID", () => {
    const unsent = decideOn({ job: aJob(suspended).trigger(aTrigger()) }).status!;
    const step = decideOn({ job: aJob().status(unsent) });
    expect(step).toMatchObject({ rule: "resume", effect: { kind: "submit", jobId: aRow().id } });
    expect(step.status?.history).toBeUndefined();
  });

  test("a job that somebody else cancelled is not resumed by itself", () => {
    expect(decideOn({ job: aJob().trigger(aTrigger().canceled()) })).toMatchObject({ rule: "over" });
  });
});

test("main() is asked to end once, and what was seen before says nothing of how it went", () => {
  const cluster = aCluster().v23();
  const job = aJob(suspended).trigger(aTrigger().sent());
  const look = anApplication("RUNNING");
  const asked = job.status(decideOn({ job, cluster, look }).status!);
  expect(decideOn({ job: asked, cluster, look })).toMatchObject({
    rule: "suspendedMainEnds",
    status: undefined,
    effect: undefined,
  });
  const now = NOW + 2_000;
  const later = { ...look, at: now, endedAt: now };
  const again = decideOn({ job: asked, cluster, look: later, now });
  expect(again).toMatchObject({ rule: "cancelSuspendedMain", effect: { kind: "cancelApplication" } });
  expect(again.status?.trigger?.stop ?? asked.build().status?.trigger?.stop).toEqual(
    asked.build().status?.trigger?.stop,
  );
});

test("of several requests the first may have brought a job that Flink has forgotten: no end is claimed", () => {
  const trigger = aTrigger()
    .sent({ sends: 2, ago: 10_000, under: "Durable" })
    .with({ requestedAt: ago(HOUR) });
  const scene = { job: aJob(suspended).trigger(trigger), cluster: aCluster("Durable"), look: aLook() };
  expect(decideOn(scene)).toMatchObject({
    rule: "suspendedInDoubt",
    status: { trigger: { state: "pending" } },
  });
});

test("nor by a JobManager that was not there when the first of them was sent", () => {
  const first = aTrigger().sent({ under: "Durable", to: "other", ago: 60_000 });
  const cluster = aCluster("Durable");
  const again = decideOn({ job: aJob().trigger(first), cluster, look: aLook() });
  expect(again).toMatchObject({
    rule: "sendAgain",
    status: { trigger: { sends: 2, sentTo: { earlierProcess: true } } },
  });
  const trigger = { ...again.status!.trigger!, sentAt: ago(10_000) };
  const job = aJob(suspended).status({ ...again.status!, trigger });
  expect(decideOn({ job, cluster, look: aLook() }).rule).toBe("suspendedInDoubt");
});
