import type { RunOutcome } from "../../../src/core/observed.ts";
import { isTerminal } from "../../../src/core/observed.ts";
import type { MainEnd, Setting } from "../world/setting.ts";
import type { JobManager } from "./job-manager.ts";
import { acceptedApplication, outcomes } from "./outcomes.ts";
import { die } from "./process.ts";
import type { Application, Arrival, Job, Main, Origin, Witness } from "./records.ts";
import { restored } from "./snapshots.ts";

/** A run request reaches the endpoint. */
export function arrive(manager: JobManager, request: Arrival, setting: Setting, witness: Witness): void {
  const { id, jobId, content, application, jar } = request;
  if (jar !== undefined && !manager.jars.includes(jar)) {
    witness.answer(id, outcomes.jarNotFound);
    return;
  }
  if (application) {
    if (manager.applicationResults.includes(jobId) || manager.application(jobId)) {
      witness.answer(id, outcomes.duplicate);
      return;
    }
    const begun: Application = {
      id: jobId,
      content,
      state: "RUNNING",
      hasJob: false,
      endedAt: -1,
      from: request.from,
    };
    manager.applications.push(begun);
    if (setting.protection !== "JobManagerLifetime") manager.storedApplications.push(begun);
    witness.answer(id, acceptedApplication(jobId));
  }
  witness.mainBegins(jobId, false);
  // With HA an application's JAR is in the blob store.
  const kept = application && setting.protection !== "JobManagerLifetime";
  const waiting = application ? 0 : id;
  const begunAt = witness.order;
  const { doubled } = request;
  const redirected = request.incarnation !== manager.incarnation;
  const needed = kept ? undefined : jar;
  manager.mains.push({
    jobId,
    content,
    application,
    request: waiting,
    jar: needed,
    from: request.from,
    begunAt,
    doubled,
    redirected,
  });
}

/** A main() comes to its end, in one of the ways that the explorer may choose. */
export function endMain(
  manager: JobManager,
  index: number,
  end: MainEnd,
  setting: Setting,
  witness: Witness,
): void {
  const main = manager.mains[index]!;
  manager.mains.splice(index, 1);
  if (end === "exits") {
    die(manager, setting, witness, main);
    return;
  }
  const own = setting.ownCluster === "application";
  if (own && endOwnMain(manager, main, end, setting, witness)) return;
  const executes = end !== "throws" && end !== "noJob";
  const thrown = executes ? execute(manager, main, end === "burnsItsId", setting, witness) : undefined;
  const failure =
    thrown ??
    (end === "throws" || end === "submitsThenThrows"
      ? outcomes.mainFailed
      : end === "noJob"
        ? outcomes.noJob
        : undefined);
  if (main.application) endApplicationMain(manager, main, end, failure, setting, witness);
  else if (main.request !== 0) witness.answer(main.request, failure ?? outcomes.accepted);
}

/**
 * A JobManager that runs main() itself knows what has ended: before 2.3 it says nothing of it, then it lists it with its end.
 * One that throws leaves a FAILED job. True: that is all.
 */
function endOwnMain(
  manager: JobManager,
  main: Main,
  end: MainEnd,
  setting: Setting,
  witness: Witness,
): boolean {
  const { jobId, content, application } = main;
  const ended = manager.ended.find(({ id }) => id === jobId);
  if (ended) {
    if (!application) return true;
    manager.jobs.push(ended);
    manager.setApplication(jobId, { hasJob: true });
    return true;
  }
  if (end !== "throws") return false;
  const { now, order } = witness;
  const times = { startedAt: now, endedAt: now, begunAt: order };
  manager.jobs.push({
    ...{ id: jobId, content, state: "FAILED", ...times, burnt: true, restarts: 0, present: 0 },
    ...restored(undefined, now),
  });
  manager.results.push(jobId);
  manager.ended = [...manager.ended, manager.job(jobId)!];
  if (application) manager.endApplication(jobId, "FAILED", setting, witness);
  return true;
}

/** What execute() throws; undefined: the job runs. */
function execute(
  manager: JobManager,
  main: Main,
  burns: boolean,
  setting: Setting,
  witness: Witness,
): RunOutcome | undefined {
  const { jobId, content, jar } = main;
  if (jar !== undefined && !manager.jars.includes(jar)) {
    witness.jarMissing(jobId);
    return outcomes.jarGone;
  }
  const known = manager.job(jobId);
  if ((known && !isTerminal(known.state)) || manager.results.includes(jobId)) return outcomes.duplicate;
  const ha = setting.protection !== "JobManagerLifetime";
  const { now, order } = witness;
  const before = manager.recoveryOf(jobId) ?? manager.stored(main.from);
  const missing = main.from !== undefined && before === undefined;
  const job: Job = {
    id: jobId,
    content,
    state: "RUNNING",
    startedAt: now,
    endedAt: -1,
    begunAt: order,
    burnt: missing,
    restarts: 0,
    present: manager.requiredOf(jobId, content),
    ...restored(before, now),
  };
  manager.jobs = manager.jobs.filter(({ id }) => id !== jobId);
  manager.jobs.push(job);
  const goesOn = manager.storedJobs.some(({ id }) => id === jobId);
  if (goesOn) manager.storedJobs = manager.storedJobs.filter(({ id }) => id !== jobId);
  if (ha) manager.storedJobs.push(job);
  if (ha && before) manager.remember(jobId, before);
  if (missing) {
    witness.jobBegins(job, "burnt");
    manager.endJob(jobId, "FAILED", setting, witness);
    return outcomes.savepointNotFound;
  }
  witness.jobBegins(job, goesOn ? "recovered" : originOf(main));
  if (!burns) return undefined;
  manager.endJob(jobId, "FAILED", setting, witness);
  return outcomes.savepointNotFound;
}

function endApplicationMain(
  manager: JobManager,
  main: Main,
  end: MainEnd,
  failure: RunOutcome | undefined,
  setting: Setting,
  witness: Witness,
): void {
  const { jobId } = main;
  const application = manager.application(jobId);
  if (application?.state !== "RUNNING") return;
  if (failure === undefined) {
    manager.setApplication(jobId, { hasJob: true });
  } else if (end === "noJob") {
    manager.endApplication(jobId, "FINISHED", setting, witness);
  } else {
    const job = manager.job(jobId);
    if (job && end === "submitsThenThrows") {
      manager.setApplication(jobId, { hasJob: true });
      if (!isTerminal(job.state)) manager.endJob(jobId, "CANCELED", setting, witness);
    }
    manager.endApplication(jobId, "FAILED", setting, witness);
  }
}

function originOf({ begunAt, doubled, redirected }: Main): Origin {
  if (begunAt < 0) return "reRun";
  return doubled ? "doubled" : redirected ? "redirected" : "submitted";
}
