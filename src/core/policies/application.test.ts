import { describe, expect, test } from "vitest";
import {
  aLook,
  anApplication,
  aRow,
  decideOn,
  NOW,
  type Scene,
  SECOND,
} from "../../../test/support/builders.ts";
import {
  made,
  ownCluster,
  ownJob,
  ownName,
  ownSpec,
  ownTrigger,
  ownUnreachable,
} from "../../../test/support/per-job-builders.ts";

const gone = { clusters: [], absent: { name: ownName(), at: NOW } };

describe("an application whose job is not listed", () => {
  const job = ownJob().trigger(ownTrigger());
  const perJob = { clusters: [made("application", { wasReached: true, reason: "Reachable" })] };

  test("is looked for, and nothing is ever sent", () => {
    expect(decideOn({ job, cluster: ownCluster(), perJob })).toMatchObject({ rule: "lookUp" });
    const look = anApplication("RUNNING");
    expect(decideOn({ job, cluster: ownCluster(), perJob, look })).toMatchObject({
      effect: undefined,
      status: { trigger: { state: "pending", reason: "MainRunning" } },
    });
  });

  test.each([
    ["FAILED", 0, "MainFailed"],
    ["FINISHED", 0, "NoJobInMain"],
    ["FINISHED", 1, "OutcomeLost"],
  ] as const)("%s with %d jobs: %s", (state, jobs, reason) => {
    const look = anApplication(state, jobs);
    const { trigger } = decideOn({ job, cluster: ownCluster(), perJob, look }).status!;
    expect(trigger).toMatchObject({ state: "failed", failure: { reason } });
    expect(trigger?.applicationId).toBeUndefined();
  });

  test("without a main() is given up only when the JobManager has been ready for a minute (Flink 1.20)", () => {
    const since = (ms: number): Scene => ({
      job,
      cluster: ownCluster(),
      look: aLook(),
      perJob: { clusters: [made("application", { wasReached: true, readySince: NOW - ms })] },
    });
    expect(decideOn(since(50 * SECOND)).status?.trigger?.reason).toBe("MainRunning");
    expect(decideOn(since(61 * SECOND)).status?.trigger?.failure?.reason).toBe("OutcomeLost");
  });

  test("spec.submission.timeout takes the cluster away, and main() with it", () => {
    const limited = ownSpec("application", { submission: { maxAttempts: 5, timeout: "20s" } });
    const late = ownJob("application", limited).trigger(ownTrigger("application", { spec: limited }));
    const step = decideOn({ job: late, cluster: ownCluster(), perJob, look: anApplication("RUNNING") });
    expect(step.status?.trigger).toMatchObject({ state: "failed", reason: "SubmissionTimedOut" });
    expect(step.status?.trigger?.finishedAt).toBeUndefined();
    const next = { job: late.status(step.status!), cluster: ownCluster() };
    expect(decideOn({ ...next, perJob })).toMatchObject({
      rule: "releaseLate",
      effect: { kind: "deleteCluster", name: ownName() },
    });
    const after = decideOn({ ...next, perJob: gone });
    expect(after.status?.trigger?.finishedAt).toBe(new Date(NOW).toISOString());
  });

  test("whose JobManager ends again and again is given up after spec.submission.maxAttempts, and taken away", () => {
    const loops = (restarts: number): Scene => ({
      job,
      cluster: ownUnreachable,
      perJob: {
        clusters: [made("application", { reason: "CrashLooping", message: "exit code 2", restarts })],
      },
    });
    expect(decideOn(loops(4)).status?.trigger).toMatchObject({ state: "pending", reason: "CrashLooping" });
    const { status } = decideOn(loops(5));
    expect(status?.trigger).toMatchObject({ state: "failed", failure: { reason: "AttemptsExhausted" } });
    expect(status?.trigger?.finishedAt).toBeUndefined();
    expect(decideOn({ ...loops(5), job: job.status(status!) })).toMatchObject({
      effect: { kind: "deleteCluster" },
    });
  });

  test("whose main() submits nothing ends its JobManager on Flink 1.20, which says so", () => {
    const message =
      "exit code 2: ApplicationExecutionException: The application contains no execute() calls.";
    const perJob = { clusters: [made("application", { reason: "CrashLooping", message, restarts: 2 })] };
    const { trigger } = decideOn({ job, cluster: ownUnreachable, perJob }).status!;
    expect(trigger).toMatchObject({ state: "failed", failure: { reason: "NoJobInMain" } });
  });

  test("is listed, so it runs", () => {
    expect(decideOn({ job, cluster: ownCluster().listing(aRow()), perJob }).status?.trigger).toMatchObject({
      state: "running",
      reason: "TasksRunning",
      sends: 1,
    });
  });
});

describe("not wanted any more before its job came", () => {
  const never = { clusters: [made("application", { reason: "ImagePullFailed" })] };
  const reached = { clusters: [made("application", { wasReached: true })] };
  const edited = ownJob()
    .trigger(ownTrigger())
    .edited({ args: ["other"] });
  const suspended = ownJob().trigger(ownTrigger()).edited({ state: "suspended" });

  test.each([
    ["edited", edited, "Replacing", "Canceled"],
    ["suspended", suspended, "Suspending", "Suspended"],
  ] as const)("%s: it goes, is seen to be gone, and then the trigger is over", (_, job, reason, end) => {
    const step = decideOn({ job, cluster: ownUnreachable, perJob: never });
    expect(step).toMatchObject({
      rule: "releaseUnwanted",
      status: {
        trigger: { reason, cluster: { releasedAt: new Date(NOW).toISOString() }, stop: { why: reason } },
      },
      effect: { kind: "deleteCluster" },
    });
    const released = job.status(step.status!);
    const going = { clusters: [made("application", { isDeleting: true })] };
    expect(decideOn({ job: released, cluster: ownUnreachable, perJob: going })).toMatchObject({
      rule: "clusterGoes",
      effect: undefined,
    });
    expect(decideOn({ job: released, cluster: ownUnreachable, perJob: gone }).status).toMatchObject({
      trigger: { state: "canceled", reason: end },
    });
  });

  test("what may have run is waited for", () => {
    const look = aLook({ mains: 1 });
    expect(decideOn({ job: edited, cluster: ownCluster(), perJob: reached, look }).effect).toBeUndefined();
    const told = anApplication("RUNNING", 0);
    expect(decideOn({ job: edited, cluster: ownCluster(), perJob: reached, look: told }).rule).toBe(
      "releaseUnwanted",
    );
  });
});

describe("an application whose FlinkCluster somebody deletes before it came up", () => {
  const job = ownJob().trigger(ownTrigger());
  const going = { clusters: [made("application", { isDeleting: true })] };

  test("lets it go, for it waits for this FlinkJob, and has it made again as the same attempt", () => {
    const step = decideOn({ job, cluster: ownUnreachable, perJob: going });
    expect(step).toMatchObject({
      rule: "clusterGoes",
      effect: undefined,
      status: {
        trigger: {
          state: "pending",
          reason: "TearingDown",
          cluster: { releasedAt: new Date(NOW).toISOString() },
        },
      },
    });
    const released = job.status(step.status!);
    expect(decideOn({ job: released, cluster: ownUnreachable, perJob: { clusters: [] } }).effect?.kind).toBe(
      "lookForCluster",
    );
    const again = decideOn({ job: released, cluster: ownUnreachable, perJob: gone });
    expect(again).toMatchObject({
      rule: "makeCluster",
      effect: { cluster: { metadata: { name: ownName() } } },
    });
    expect(again.status?.trigger).toMatchObject({
      attempt: 1,
      cluster: { name: ownName(), mode: "application" },
    });
    expect(again.status?.trigger?.cluster?.releasedAt).toBeUndefined();
    expect(again.status?.trigger?.cluster?.uid).toBeUndefined();
  });

  test("waits for what came up: its job may come, and then it goes with that", () => {
    const reached = { clusters: [made("application", { isDeleting: true, wasReached: true })] };
    const step = decideOn({ job, cluster: ownUnreachable, perJob: reached });
    expect(step).toMatchObject({ status: { trigger: { reason: "TearingDown" } }, effect: undefined });
    expect(step.status?.trigger?.cluster?.releasedAt).toBeUndefined();
  });

  const reached = (patch: object = {}) => ({
    clusters: [made("application", { isDeleting: true, wasReached: true, reason: "InUse", ...patch })],
  });

  test("what main() comes to in what came up is seen", () => {
    const look = anApplication("FINISHED", 0);
    expect(decideOn({ job, cluster: ownCluster(), perJob: reached(), look }).status?.trigger).toMatchObject({
      state: "failed",
      reason: "NoJobInMain",
    });
  });

  test("it is let go where its JobManager runs no main() and knows no job any more", () => {
    const seen = (mains: number) =>
      decideOn({ job, cluster: ownCluster(), perJob: reached(), look: aLook({ mains }) });
    expect(seen(0).status?.trigger?.cluster?.releasedAt).toBe(new Date(NOW).toISOString());
    expect(seen(1).rule).toBe("mainRuns");
  });

  test("one that ended too often before is over, whatever its FlinkCluster says", () => {
    const perJob = reached({ restarts: 9 });
    expect(decideOn({ job, cluster: ownUnreachable, perJob }).status?.trigger).toMatchObject({
      state: "failed",
      reason: "AttemptsExhausted",
    });
  });
});
