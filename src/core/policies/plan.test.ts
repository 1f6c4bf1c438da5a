import { describe, expect, test } from "vitest";
import {
  ago,
  aLook,
  aRow,
  decideOn,
  MINUTE,
  NOW,
  type Scene,
  SECOND,
  UID,
} from "../../../test/support/builders.ts";
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
import { jobIdPrefix } from "../identity.ts";
import type { PerJobCluster } from "../observed.ts";

const nowhere = { kind: "notFound", name: "" } as const;
const down = { kind: "unreachable", url: planUrl, message: "refused" } as const;
const gone = { clusters: [], absent: { name: planName, at: NOW } };
const row = aRow("RUNNING", { id: PLAN_JOB });
const absent = aLook({ jobId: PLAN_JOB });
const found = aLook({ jobId: PLAN_JOB, found: true });
const limited = planSpec({ submission: { maxAttempts: 5, timeout: "5m" } });
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

describe("the cluster of a plan", () => {
  test("is recorded under its client's JobID, and made", () => {
    const step = decideOn({ job: planJob(), cluster: nowhere, perJob: { clusters: [] } });
    expect(step).toMatchObject({
      rule: "makeCluster",
      effect: {
        kind: "makeCluster",
        cluster: {
          metadata: {
            name: planName,
            labels: { "flinkjob.dev/job-id": PLAN_JOB, "flinkjob.dev/job-uid": UID },
          },
        },
      },
    });
    expect(step.status?.trigger).toMatchObject({
      id: "g1",
      state: "pending",
      reason: "ClusterDeploying",
      jobId: PLAN_JOB,
      adoptedBy: jobIdPrefix(UID),
      // From now on somebody else may send it.
      ...{ sends: 1, tries: 0, sentTo: { url: planUrl } },
      cluster: { name: planName, mode: "session" },
    });
    const { effect } = step;
    expect(effect?.kind === "makeCluster" && effect.cluster.spec.managed?.application).toBeUndefined();
  });

  test("is made once more where nobody saw it, and taken over where the record was lost", () => {
    const unseen = planJob().trigger(planTrigger(false));
    expect(decideOn({ job: unseen, cluster: down, perJob: { clusters: [] } }).rule).toBe("makeCluster");
    const step = decideOn({ job: planJob(), cluster: nowhere, perJob: { clusters: [planMade()] } });
    expect(step).toMatchObject({
      rule: "takeOverCluster",
      effect: undefined,
      status: { trigger: { jobId: PLAN_JOB, sends: 1, cluster: { name: planName, uid: "c-1" } } },
    });
  });

  test("says why it does not come", () => {
    const job = planJob().trigger(planTrigger());
    const on = (patch: Partial<PerJobCluster>) =>
      decideOn({ job, cluster: down, perJob: { clusters: [planMade(patch)] } }).status?.trigger?.reason;
    expect(on({})).toBe("ClusterDeploying");
    expect(on({ reason: "ImagePullFailed", message: "no such image" })).toBe("ImagePullFailed");
  });

  test("is not another one when the spec changes", () => {
    const { perJob } = planSpec().cluster;
    const cluster = { perJob: { ...perJob!, image: "flink:2.3.1" } };
    const job = planJob().trigger(planTrigger().running()).edited({ cluster });
    const step = decideOn({ job, cluster: planCluster().listing(row), perJob: there() });
    expect(step).toMatchObject({ rule: "tasksRun", effect: undefined });
    expect(step.status?.trigger?.id).toBe("g1");
  });
});

describe("a plan whose cluster answers", () => {
  test("is awaited from the gateway, and nothing is sent", () => {
    const step = decideOn(awaiting());
    expect(step).toMatchObject({ rule: "planAwaited", effect: undefined, watchClosely: true });
    expect(step.status?.trigger).toMatchObject({
      state: "pending",
      reason: "PlanAwaited",
      triedAt: ago(0),
      cluster: { name: planName, mode: "session", uid: "c-1" },
    });
  });

  test("runs when its job is listed", () => {
    const job = planJob().trigger(planTrigger().with({ reason: "PlanAwaited", triedAt: ago(SECOND) }));
    const step = decideOn(awaiting({ job, cluster: planCluster().listing(row) }));
    expect(step.status?.trigger).toMatchObject({
      state: "running",
      reason: "TasksRunning",
      jobId: PLAN_JOB,
      acceptedAt: ago(0),
      sends: 1,
    });
    expect(step.events.map(({ reason }) => reason)).toEqual(["Submitted", "TasksRunning"]);
  });

  test.each([
    ["FINISHED", "finished"],
    ["CANCELED", "canceled"],
    ["FAILED", "failed"],
  ] as const)("was %s before anybody saw it run: %s", (state, word) => {
    const ended = aRow(state, { id: PLAN_JOB });
    const cause = { reason: "JobFailed", message: "bad record" } as const;
    const look = { ...found, failure: cause, application: { state, jobs: 1 } };
    const step = decideOn(awaiting({ cluster: planCluster().listing(ended), look }));
    expect(step.status?.trigger).toMatchObject({ state: word, jobId: PLAN_JOB });
  });

  test.each<[string, Partial<Scene>, string]>([
    ["until the timeout is over", { job: waited(limited, 4 * MINUTE) }, "planAwaited"],
    ["for ever without one", { job: waited(planSpec(), 400 * MINUTE) }, "planAwaited"],
    ["and looked for before it is given up", { job: waited(limited, 5 * MINUTE) }, "lookUp"],
    ["longer, where the look-up finds it", { job: waited(limited, 5 * MINUTE), look: found }, "listedSoon"],
    ["no longer then", { job: waited(limited, 5 * MINUTE), look: absent }, "planNotSent"],
    // It counts from the answer of the cluster on.
    [
      "while the cluster does not answer",
      { job: waited(limited, 9 * MINUTE), cluster: down },
      "clusterDeploys",
    ],
  ])("is awaited %s", (_, scene, rule) => {
    expect(decideOn(awaiting(scene)).rule).toBe(rule);
  });

  test("that does not come fails when its cluster is gone", () => {
    const job = waited(limited, 5 * MINUTE);
    const step = decideOn(awaiting({ job, look: absent }));
    expect(step.status?.trigger).toMatchObject({
      state: "failed",
      failure: { reason: "PlanNotSent", message: expect.stringContaining("5m (spec.submission.timeout)") },
    });
    expect(step.status?.trigger?.finishedAt).toBeUndefined();
    const late = job.status(step.status!);
    const release = decideOn(awaiting({ job: late }));
    expect(release).toMatchObject({
      rule: "releaseLate",
      effect: { kind: "deleteCluster", name: planName, uid: "c-1" },
      status: { trigger: { cluster: { releasedAt: ago(0) } } },
    });
    const released = late.status(release.status!);
    expect(
      decideOn(awaiting({ job: released, cluster: down, perJob: there({ isDeleting: true }) })).effect,
    ).toBe(undefined);
    const over = decideOn({ job: released, cluster: down, perJob: gone });
    expect(over.status?.trigger).toMatchObject({
      state: "failed",
      reason: "PlanNotSent",
      finishedAt: ago(0),
    });
    const stalled = over.status?.conditions?.find(({ type }) => type === "Stalled");
    expect(stalled).toMatchObject({ status: "True", reason: "PlanNotSent" });
    expect(decideOn({ job: released.status(over.status!), cluster: down, perJob: gone }).rule).toBe("over");
  });
});

function waited(spec: typeof limited, ms: number) {
  const trigger = planTrigger(true, spec).with({ reason: "PlanAwaited", tries: 1, triedAt: ago(ms) });
  return planJob(spec).trigger(trigger);
}
