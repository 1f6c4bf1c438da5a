import { describe, expect, test } from "vitest";
import { ago, aLook, aRow, decideOn, MINUTE, NOW, type Scene } from "../../../test/support/builders.ts";
import {
  PLAN_JOB,
  planCluster,
  planJob,
  planMade,
  planName,
  planSpec,
  planTrigger,
  planUrl,
} from "../../../test/support/per-job-builders.ts";
import { PLAN_REFUSED_ANNOTATION } from "../../api/group.ts";
import type { PerJobCluster } from "../observed.ts";

const nowhere = { kind: "notFound", name: "" } as const;
const down = { kind: "unreachable", url: planUrl, message: "refused" } as const;
const gone = { clusters: [], absent: { name: planName, at: NOW } };
const row = aRow("RUNNING", { id: PLAN_JOB });
const absent = aLook({ jobId: PLAN_JOB });
const found = aLook({ jobId: PLAN_JOB, found: true });
const refused = { annotations: { [PLAN_REFUSED_ANNOTATION]: "The plan is of Flink 1.20.\n" } };
const there = (patch: Partial<PerJobCluster> = {}) => ({
  clusters: [planMade({ wasReached: true, reason: "Reachable", ...patch })],
});

/** Its cluster answers, and the job is not there. */
const awaiting = (patch: Partial<Scene> = {}): Scene => ({
  job: planJob().trigger(planTrigger()),
  cluster: planCluster(),
  perJob: there(),
  ...patch,
});

describe("a plan that the gateway takes back", () => {
  const job = planJob().trigger(planTrigger()).meta(refused);

  test.each<[string, Scene]>([
    ["while the cluster answers", awaiting({ job, look: absent })],
    ["while it does not", awaiting({ job, cluster: down, perJob: { clusters: [planMade()] } })],
    [
      "before anybody has seen the cluster",
      { job: planJob().trigger(planTrigger(false)).meta(refused), cluster: down, perJob: { clusters: [] } },
    ],
  ])("%s has failed, and is over when the cluster is gone", (_, scene) => {
    const { trigger } = decideOn(scene).status!;
    expect(trigger).toMatchObject({
      state: "failed",
      failure: { reason: "PlanRefused", message: "The plan is of Flink 1.20.", retryable: false },
    });
    expect(trigger?.finishedAt).toBeUndefined();
  });

  test("before anything was recorded has failed at once", () => {
    const step = decideOn({ job: planJob().meta(refused), cluster: nowhere, perJob: { clusters: [] } });
    expect(step).toMatchObject({
      effect: undefined,
      status: { trigger: { state: "failed", sends: 0, finishedAt: ago(0) } },
    });
  });

  test("runs all the same where its job is there", () => {
    expect(decideOn(awaiting({ job })).rule).toBe("lookUp");
    expect(decideOn(awaiting({ job, look: found })).rule).toBe("listedSoon");
    const listed = decideOn(awaiting({ job, cluster: planCluster().listing(row) }));
    expect(listed.status?.trigger?.state).toBe("running");
  });

  test("says so in few words", () => {
    const long = { annotations: { [PLAN_REFUSED_ANNOTATION]: "x".repeat(100_000) } };
    const step = decideOn(awaiting({ job: planJob().trigger(planTrigger()).meta(long), look: absent }));
    expect(step.status?.trigger?.failure?.message.length).toBe(1024);
  });
});

describe("a plan that is cancelled by spec.state: suspended", () => {
  const wish = { state: "suspended" } as const;

  test("before anything was recorded is canceled on record", () => {
    const step = decideOn({ job: planJob(wish), cluster: nowhere, perJob: { clusters: [] } });
    expect(step).toMatchObject({
      effect: undefined,
      status: {
        state: "Suspended",
        trigger: { state: "canceled", reason: "Suspended", sends: 0, finishedAt: ago(0) },
      },
    });
  });

  test.each<[string, Scene, string]>([
    [
      "before its cluster was seen",
      { job: planJob(wish).trigger(planTrigger(false)), cluster: down, perJob: { clusters: [] } },
      "releaseUnseen",
    ],
    [
      "while its cluster deploys",
      awaiting({
        job: planJob(wish).trigger(planTrigger()),
        cluster: down,
        perJob: { clusters: [planMade()] },
      }),
      "releaseUnwanted",
    ],
    ["while it is awaited", awaiting({ job: planJob(wish).trigger(planTrigger()) }), "lookUp"],
    [
      "while it is awaited, and is not there",
      awaiting({ job: planJob(wish).trigger(planTrigger()), look: absent }),
      "releaseUnwanted",
    ],
    [
      "when it has just come",
      awaiting({ job: planJob(wish).trigger(planTrigger()), look: found }),
      "listedSoon",
    ],
  ])("%s", (_, scene, rule) => {
    expect(decideOn(scene).rule).toBe(rule);
  });

  test("is canceled when its cluster is gone", () => {
    const job = planJob(wish).trigger(planTrigger());
    const release = decideOn(awaiting({ job, look: absent }));
    expect(release).toMatchObject({
      effect: { kind: "deleteCluster" },
      status: { trigger: { state: "pending", reason: "Suspending" } },
    });
    const step = decideOn({ job: job.status(release.status!), cluster: down, perJob: gone });
    expect(step.status?.trigger).toMatchObject({
      state: "canceled",
      reason: "Suspended",
      finishedAt: ago(0),
    });
    // It is run once: nothing brings it back.
    const resumed = job.status(step.status!).edited({ state: "running" });
    expect(decideOn({ job: resumed, cluster: down, perJob: gone })).toMatchObject({
      rule: "over",
      effect: undefined,
    });
  });

  test("stops what runs", () => {
    const job = planJob(wish).trigger(planTrigger().running());
    const step = decideOn(awaiting({ job, cluster: planCluster().listing(row) }));
    expect(step.effect).toEqual({ kind: "cancelJob", jobId: PLAN_JOB, url: planUrl });
  });
});

describe("a plan whose FlinkCluster somebody deletes", () => {
  const job = planJob().trigger(planTrigger());
  const going = there({ isDeleting: true });

  test("before its job came is canceled with it", () => {
    expect(decideOn(awaiting({ job, perJob: going })).rule).toBe("lookUp");
    const step = decideOn(awaiting({ job, perJob: going, look: absent }));
    expect(step).toMatchObject({ rule: "releaseDeleted", effect: undefined });
    const released = job.status(step.status!);
    const over = decideOn({ job: released, cluster: down, perJob: gone });
    expect(over.status?.trigger).toMatchObject({ state: "canceled", reason: "Canceled" });
  });

  test("and all of it with force, is lost and not run again", () => {
    const lost = decideOn({ job, cluster: down, perJob: { ...gone, remains: false } });
    expect(lost.status?.trigger).toMatchObject({ state: "failed", failure: { reason: "JobLost" } });
    const after = job.status(lost.status!);
    expect(decideOn({ job: after, cluster: down, perJob: gone })).toMatchObject({
      rule: "over",
      effect: undefined,
    });
  });
});

test("a FlinkJob with a plan that is deleted takes its cluster along", () => {
  const job = planJob().trigger(planTrigger()).deleted();
  expect(decideOn(awaiting({ job }))).toMatchObject({
    rule: "releaseDeleted",
    effect: { kind: "deleteCluster", name: planName },
  });
  // One that a cache does not show yet goes as well.
  expect(decideOn({ job, cluster: down, perJob: { ...gone, remains: false } }).effect).toEqual({
    kind: "removeFinalizer",
    clears: true,
    awaits: true,
  });
  // Not for ever.
  const late = planJob()
    .trigger(planTrigger())
    .deleted(11 * MINUTE);
  expect(decideOn({ job: late, cluster: down, perJob: { ...gone, remains: false } }).effect).toMatchObject({
    awaits: false,
  });
});

test.each([
  ["JobFailed", "failed"],
  ["Finished", "finished"],
] as const)("a plan that ended (%s) has no other attempt", (_, state) => {
  const trigger = state === "failed" ? planTrigger().failed() : planTrigger().finished();
  const spec = planSpec({ restartPolicy: "OnFailure", lostPolicy: "Resubmit" });
  const done = planJob(spec).trigger(trigger);
  const result = { runTime: "1s", accumulators: {} };
  const job = done.status({ ...done.build().status!, result, executionResult: { text: "{}" } });
  expect(decideOn({ job, cluster: down, perJob: gone })).toMatchObject({ rule: "over", effect: undefined });
});
