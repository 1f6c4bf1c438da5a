import type { Setting } from "../world/setting.ts";
import type { JobManager } from "./job-manager.ts";
import { outcomes } from "./outcomes.ts";
import type { Main, Witness } from "./records.ts";
import { restored } from "./snapshots.ts";

/** The process is gone, with every main() in it and every answer that was to come. */
export function die(manager: JobManager, setting: Setting, witness: Witness, alsoCut?: Main): void {
  manager.up = false;
  for (const { request } of alsoCut ? [alsoCut, ...manager.mains] : manager.mains)
    if (request !== 0) witness.answer(request, outcomes.reset);
  manager.mains = [];
  manager.jobs = [];
  manager.applications = [];
  manager.operations = [];
  if (setting.scales === "lost" || setting.protection === "JobManagerLifetime") manager.required = [];
  if (!setting.keepsJars) manager.jars = [];
  if (setting.protection !== "JobManagerLifetime") return;
  manager.results = [];
  manager.applicationResults = [];
}

/** Another process; with HA it has brought back what ran before it answers anything. */
export function start(manager: JobManager, setting: Setting, witness: Witness): void {
  manager.up = true;
  manager.incarnation++;
  if (setting.protection === "JobManagerLifetime") return;
  const applications = manager.storedApplications;
  manager.applications = applications.map((application) => ({ ...application, hasJob: false }));
  for (const { id, content, from } of applications) {
    witness.mainBegins(id, true);
    // Before everything that anybody saw of this process.
    const begunAt = -1;
    const common = { jar: undefined, from, begunAt, doubled: false, redirected: false };
    manager.mains.push({ jobId: id, content, application: true, request: 0, ...common });
  }
  const resubmitted = new Set(applications.map(({ id }) => id));
  manager.jobs = manager.storedJobs
    .filter(({ id }) => !resubmitted.has(id))
    .map((job) => ({
      ...job,
      state: "INITIALIZING",
      restarts: 0,
      present: manager.requiredOf(job.id, job.content),
      ...restored(manager.recoveryOf(job.id), witness.now),
    }));
  manager.storedJobs = manager.storedJobs.filter(({ id }) => !resubmitted.has(id));
  for (const job of manager.jobs) witness.jobBegins(job, "recovered");
}
