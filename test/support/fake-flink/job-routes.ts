import { checkpointConfiguration, checkpointStatistics } from "./checkpoint-views.ts";
import * as failures from "./failures.ts";
import { isTerminal, type Job } from "./job.ts";
import type { JobManager } from "./job-manager.ts";
import * as views from "./job-views.ts";
import { ok, refusal, serverError } from "./replies.ts";
import type { Route } from "./route.ts";
import { readFormat, readId, readJsonObject, readTriggerId } from "./run-request.ts";

const notFound = (id: string) =>
  refusal(404, failures.restNotFound(`Job ${id} not found`, failures.jobNotFound(id)));

/** A route of one job that is answered from the cache. */
function ofJob(path: string, view: (manager: JobManager, job: views.JobSnapshot) => object): Route {
  return [
    "GET",
    new RegExp(`^/jobs/([^/]+)${path}$`),
    (manager, _request, given = "") => {
      const id = readId("jobid", given);
      const job = manager.dispatcher.job(id);
      return job === undefined ? notFound(id) : ok(view(manager, manager.cached(job)));
    },
  ];
}

const fresh = (manager: JobManager, given: string): { id: string; job: Job | undefined } => {
  const id = readId("jobid", given);
  return { id, job: manager.dispatcher.job(id) };
};

/** /jobs and everything below it, and what becomes of savepoints. */
export const jobRoutes: Route[] = [
  [
    "GET",
    /^\/jobs$/,
    ({ dispatcher }) => ok({ jobs: dispatcher.jobs.map(({ id, state }) => ({ id, status: state })) }),
  ],
  [
    "GET",
    /^\/jobs\/overview$/,
    ({ dispatcher, time, release }) => {
      const rows = dispatcher.jobs.map((job) =>
        views.overviewRow(views.snapshotOf(job), time.now(), release),
      );
      return ok({ jobs: rows });
    },
  ],
  ofJob("", ({ time, release }, job) => views.details(job, time.now(), release)),
  ofJob("/config", ({ release }, job) => views.jobConfiguration(job, release)),
  ofJob("/accumulators", (_manager, job) => views.accumulators(job)),
  ofJob("/checkpoints", (_manager, job) => checkpointStatistics(job)),
  ofJob("/checkpoints/config", (_manager, job) => checkpointConfiguration(job)),
  ofJob("/jobmanager/config", (manager) => manager.configuration),
  [
    "GET",
    /^\/jobs\/([^/]+)\/exceptions$/,
    (manager, { query }, given = "") => {
      const { id, job } = fresh(manager, given);
      if (job === undefined) return notFound(id);
      const most = Number(query.get("maxExceptions") ?? 20);
      return ok(views.exceptions(manager.cached(job), manager.release, most));
    },
  ],
  [
    "GET",
    /^\/jobs\/([^/]+)\/status$/,
    (manager, _request, given = "") => {
      const { id, job } = fresh(manager, given);
      return job === undefined ? serverError(failures.jobNotFound(id)) : ok({ status: job.state });
    },
  ],
  [
    "GET",
    /^\/jobs\/([^/]+)\/execution-result$/,
    (manager, _request, given = "") => {
      const { id, job } = fresh(manager, given);
      if (job !== undefined) return ok(views.executionResult(views.snapshotOf(job), manager.release));
      const cause = failures.jobNotFound(id);
      return refusal(404, failures.rest(`${cause.type}: ${cause.message}`, failures.inFuture(cause)));
    },
  ],
  // Of live jobs only, and only what was asked for and exists; never an error.
  [
    "GET",
    /^\/jobs\/([^/]+)\/metrics$/,
    (manager, { query }, given = "") => {
      const { job } = fresh(manager, given);
      const live = job !== undefined && !isTerminal(job.state);
      const asked = query.get("get")?.split(",") ?? [];
      return ok(
        live && asked.includes("numRestarts") ? [{ id: "numRestarts", value: String(job.restarts) }] : [],
      );
    },
  ],
  [
    "PATCH",
    /^\/jobs\/([^/]+)$/,
    (manager, { query }, given = "") => {
      const { id, job } = fresh(manager, given);
      const mode = query.get("mode") ?? "cancel";
      if (mode !== "cancel") return refusal(400, failures.badParameter("query", "mode", mode));
      if (job === undefined) {
        return refusal(404, failures.rest("Job could not be found.", failures.jobNotFound(id)));
      }
      if (job.state === "FINISHED" || job.state === "FAILED") {
        const message = `Job cancellation failed because the job has already reached another terminal state (${job.state}).`;
        return refusal(409, failures.rest(message));
      }
      job.cancel();
      return ok({}, 202);
    },
  ],
  [
    "POST",
    /^\/jobs\/([^/]+)\/savepoints$/,
    ({ operations, release }, { body }, given = "") => {
      const fields = readJsonObject(body.toString(), "SavepointTriggerRequestBody", release);
      return operations.savepoint(readId("jobid", given), {
        trigger: readTriggerId(fields, "SavepointTriggerRequestBody"),
        directory: text(fields["target-directory"]),
        format: readFormat(fields, "SavepointTriggerRequestBody"),
        after: fields["cancel-job"] === true ? "cancel" : "go on",
      });
    },
  ],
  [
    "POST",
    /^\/jobs\/([^/]+)\/stop$/,
    ({ operations, release }, { body }, given = "") => {
      const fields = readJsonObject(body.toString(), "StopWithSavepointRequestBody", release);
      return operations.savepoint(readId("jobid", given), {
        trigger: readTriggerId(fields, "StopWithSavepointRequestBody"),
        directory: text(fields.targetDirectory),
        format: readFormat(fields, "StopWithSavepointRequestBody"),
        after: "stop",
      });
    },
  ],
  [
    "GET",
    /^\/jobs\/([^/]+)\/savepoints\/([^/]+)$/,
    ({ operations }, _request, given = "", trigger = "") =>
      operations.status("savepoint", readId("jobid", given), readId("triggerid", trigger)),
  ],
  [
    "POST",
    /^\/jobs\/([^/]+)\/checkpoints$/,
    ({ operations, release }, { body }, given = "") => {
      const trigger = readTriggerId(
        readJsonObject(body.toString(), "CheckpointTriggerRequestBody", release),
        "CheckpointTriggerRequestBody",
      );
      return operations.checkpoint(readId("jobid", given), trigger);
    },
  ],
  [
    "GET",
    /^\/jobs\/([^/]+)\/checkpoints\/([^/]+)$/,
    ({ operations }, _request, given = "", trigger = "") =>
      operations.status("checkpoint", readId("jobid", given), readId("triggerid", trigger)),
  ],
  [
    "POST",
    /^\/savepoint-disposal$/,
    ({ operations, release }, { body }) => {
      const path = text(
        readJsonObject(body.toString(), "SavepointDisposalRequest", release)["savepoint-path"],
      );
      if (path !== undefined) return operations.disposal(path);
      return refusal(400, failures.rest("Field savepoint-path must not be omitted or be null."));
    },
  ],
  [
    "GET",
    /^\/savepoint-disposal\/([^/]+)$/,
    ({ operations }, _request, trigger = "") =>
      operations.status("disposal", "", readId("triggerid", trigger)),
  ],
];

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
