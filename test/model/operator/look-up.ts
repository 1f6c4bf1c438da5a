import type { World } from "../world/world.ts";
import type { Operator } from "./operator.ts";
import { lookOf, snapshotsOf } from "./seen.ts";

const RETRY_MS = 1_000;
const noAccumulators = { accumulators: {} };
const mainFailed = { reason: "MainFailed" as const, message: "the user's code says no" };

const jobFailed = { reason: "JobFailed" as const, message: "a task of the user's says no" };

/**
 * A look-up as src/flink/remote-job-manager.ts makes it: first the main()s or the application, then the job; anything may
 * happen between the two.
 */
export function lookHalf(world: World, operator: Operator): void {
  const task = operator.task!;
  const { jobId, url } = task.step.effect as { jobId: string; url: string };
  world.at(url);
  const { manager, setting, time, order } = world;
  if (!manager.up) {
    failed(world, operator);
    return;
  }
  const application = setting.applications ? manager.application(jobId) : undefined;
  const seen = setting.habits.looksForJobsFirst
    ? { found: manager.job(jobId) !== undefined, mains: 0 }
    : { found: false, mains: setting.applications ? 0 : manager.mains.length };
  const look = {
    jobId,
    at: time,
    incarnation: `p${manager.incarnation}`,
    ...seen,
    ...(application
      ? { application: { state: application.state, jobs: jobsOf(world, application.hasJob, jobId) } }
      : {}),
  };
  operator.task = { ...task, stage: "lookForJob", half: { at: time, begunAt: order, look } };
}

export function lookWhole(world: World, operator: Operator): void {
  const { half, step } = operator.task!;
  world.at((step.effect as { url: string }).url);
  const { manager, setting, time } = world;
  const { look, begunAt } = half!;
  if (!manager.up || `p${manager.incarnation}` !== look.incarnation) {
    failed(world, operator);
    return;
  }
  const seen = setting.habits.looksForJobsFirst
    ? { mains: setting.applications ? 0 : manager.mains.length }
    : { found: manager.job(look.jobId) !== undefined };
  const job = manager.job(look.jobId)?.state;
  const mainFailure = job !== "FAILED" && look.application?.state === "FAILED" ? mainFailed : undefined;
  // The one that tells of a main() of the JobManager's own.
  const isMains = setting.ownCluster === "application" && manager.job(look.jobId)?.burnt === true;
  const failure = job === "FAILED" ? (isMains ? mainFailed : jobFailed) : mainFailure;
  const snapshots = snapshotsOf(world, look.jobId);
  operator.look = lookOf({
    ...look,
    ...seen,
    endedAt: time,
    ...(failure ? { failure } : {}),
    ...(snapshots ? { snapshots } : {}),
    ...(job === "FINISHED" ? { result: noAccumulators } : {}),
  });
  operator.lookBegunAt = begunAt;
  operator.task = undefined;
  operator.queued = true;
  const { found, mains, application } = operator.look;
  world.note(
    () =>
      `  it finds: job ${found ? "there" : "absent"}, ${application ? `application ${application.state}` : `${mains} main()s`}`,
  );
}

/** The jobs that /applications/:id lists are those that the JobManager still knows. */
function jobsOf({ manager }: World, hasJob: boolean, jobId: string): number {
  return hasJob && manager.job(jobId) !== undefined ? 1 : 0;
}

function failed(world: World, operator: Operator): void {
  operator.task = undefined;
  operator.requeue(world.now + RETRY_MS, world.now);
}
