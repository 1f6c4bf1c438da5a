import * as failures from "./failures.ts";
import { isTerminal, type Job } from "./job.ts";
import type { JobManager } from "./job-manager.ts";
import * as views from "./job-views.ts";
import { uploadedFiles } from "./multipart.ts";
import { noRoute, ok, type Reply, refusal, serverError, thrownBy } from "./replies.ts";
import { readId, readJsonObject, readRunRequest, readTriggerId } from "./run-request.ts";
import { threadDump } from "./thread-dump.ts";
import { stackTrace, throwable } from "./throwable.ts";

/** A request as a route sees it. */
export interface Request {
  readonly method: string;
  /** Without `/v1` and query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: { readonly "content-type"?: string | undefined; readonly host?: string | undefined };
  readonly body: Buffer;
}

type Handler = (manager: JobManager, request: Request, ...ids: string[]) => Reply | Promise<Reply>;
type Route = readonly [method: string, path: RegExp, handler: Handler];

/** Answers a request as the REST endpoint of `manager`. */
export async function answer(manager: JobManager, request: Request): Promise<Reply> {
  for (const [method, path, handler] of routesOf(manager)) {
    const match = method === request.method ? path.exec(request.path) : null;
    if (match === null) continue;
    try {
      return await handler(manager, request, ...match.slice(1).map(decodeURIComponent));
    } catch (error) {
      return refusal(400, thrownBy(error));
    }
  }
  return noRoute(request.method, request.path);
}

function routesOf(manager: JobManager): readonly Route[] {
  const { webSubmit } = manager.settings;
  const jars = webSubmit ? jarRoutes : [];
  if (!manager.release.applications) return [...clusterRoutes, ...jars, ...jobRoutes];
  return [
    ...clusterRoutes,
    ...jars,
    ...(webSubmit ? runApplicationRoutes : []),
    ...applicationRoutes,
    ...jobRoutes,
  ];
}

const clusterRoutes: Route[] = [
  [
    "GET",
    /^\/config$/,
    ({ settings, release }) =>
      ok({
        "refresh-interval": settings.refreshIntervalMs,
        "timezone-name": "Coordinated Universal Time",
        "timezone-offset": 0,
        "flink-version": release.version,
        "flink-revision": `${release.revision} @ 2026-06-14T16:29:03+02:00`,
        features: {
          "web-submit": settings.webSubmit,
          "web-cancel": true,
          "web-rescale": false,
          "web-history": false,
        },
      }),
  ],
  [
    "GET",
    /^\/overview$/,
    ({ dispatcher, release }) => {
      const jobs = dispatcher.jobs;
      const count = (state: string) => jobs.filter((job) => job.state === state).length;
      return ok({
        taskmanagers: 1,
        "slots-total": dispatcher.slots.total,
        "slots-available": dispatcher.slots.available,
        "jobs-running": jobs.filter((job) => !isTerminal(job.state)).length,
        "jobs-finished": count("FINISHED"),
        "jobs-cancelled": count("CANCELED"),
        "jobs-failed": count("FAILED"),
        "flink-version": release.version,
        "flink-commit": release.revision,
      });
    },
  ],
  ["GET", /^\/jobmanager\/config$/, (manager) => ok(manager.configuration)],
  ["GET", /^\/jobmanager\/thread-dump$/, ({ mains }) => ok(threadDump(mains.list))],
  [
    "GET",
    /^\/taskmanagers$/,
    ({ dispatcher: { slots } }) =>
      ok({
        taskmanagers: [
          { id: "127.0.0.1:42495-b1f31f", slotsNumber: slots.total, freeSlots: slots.available },
        ],
      }),
  ],
];

const uploadPath = (manager: JobManager) => `${manager.settings.directory}/upload/flink-web-upload`;

const jarRoutes: Route[] = [
  [
    "GET",
    /^\/jars$/,
    ({ jars }, { headers }) =>
      ok({
        address: `http://${headers.host}`,
        files: jars
          .map(({ id, name, uploaded, mainClass }) => {
            const entry = mainClass === undefined ? [] : [{ name: mainClass, description: null }];
            return { id, name, uploaded, entry };
          })
          .sort((a, b) => b.uploaded - a.uploaded),
      }),
  ],
  [
    "POST",
    /^\/jars\/upload$/,
    (manager, { headers, body }) => {
      const files = uploadedFiles(headers["content-type"], body);
      const file = files[0];
      if (file === undefined || files.length > 1) {
        return refusal(400, failures.rest(`Exactly 1 file must be sent, received ${files.length}.`));
      }
      if (!file.name.endsWith(".jar")) return refusal(400, failures.rest("Only Jar files are allowed."));
      return ok({
        filename: `${uploadPath(manager)}/${manager.addJar(file.name, file.bytes).id}`,
        status: "success",
      });
    },
  ],
  [
    "DELETE",
    /^\/jars\/([^/]+)$/,
    (manager, _request, id = "") =>
      manager.removeJar(id)
        ? ok({})
        : refusal(400, failures.rest(`File ${id} does not exist in ${uploadPath(manager)}.`)),
  ],
  [
    "POST",
    /^\/jars\/([^/]+)\/run$/,
    ({ submissions, release }, { body }, jarId = "") =>
      submissions.run(jarId, readRunRequest(body.toString(), "JarRunRequestBody", release.programArgs)),
  ],
];

const runApplicationRoutes: Route[] = [
  [
    "POST",
    /^\/jars\/([^/]+)\/run-application$/,
    ({ submissions, release }, { body }, jarId = "") =>
      submissions.runApplication(
        jarId,
        readRunRequest(body.toString(), "JarRunApplicationRequestBody", release.programArgs),
      ),
  ],
];

const applicationRoutes: Route[] = [
  [
    "GET",
    /^\/applications\/overview$/,
    ({ dispatcher }) =>
      ok({
        applications: dispatcher.applications.map((application) =>
          application.overviewRow(application.jobs.flatMap((id) => dispatcher.job(id)?.state ?? [])),
        ),
      }),
  ],
  [
    "GET",
    /^\/applications\/([^/]+)$/,
    ({ dispatcher, release, time }, _request, given = "") => {
      const id = readId("applicationid", given);
      const application = dispatcher.application(id);
      if (application === undefined) return serverError(failures.applicationNotFound(id));
      const jobs = application.jobs.flatMap((jobId) => dispatcher.job(jobId) ?? []).reverse();
      const rows = jobs.map((job) => views.overviewRow(views.snapshotOf(job), time.now(), release));
      return ok(application.details(rows));
    },
  ],
  [
    "GET",
    /^\/applications\/([^/]+)\/exceptions$/,
    ({ dispatcher }, _request, given = "") => {
      const id = readId("applicationid", given);
      const application = dispatcher.application(id);
      if (application === undefined) return serverError(failures.applicationNotFound(id));
      const entries = application.exceptions.map(({ thrown, at }) => ({
        exceptionName: thrown.type,
        stacktrace: stackTrace(thrown),
        timestamp: at,
      }));
      return ok({ exceptionHistory: { entries } });
    },
  ],
  [
    "POST",
    /^\/applications\/([^/]+)\/cancel$/,
    ({ submissions }, _request, given = "") => {
      const id = readId("applicationid", given);
      if (submissions.cancel(id)) return ok({}, 202);
      return refusal(404, failures.rest("Application could not be found.", failures.applicationNotFound(id)));
    },
  ],
];

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

const jobRoutes: Route[] = [
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
  ofJob("/exceptions", ({ release }, job) => views.exceptions(job, release)),
  ofJob("/config", ({ release }, job) => views.jobConfiguration(job, release)),
  ofJob("/accumulators", (_manager, job) => views.accumulators(job)),
  ofJob("/checkpoints", (_manager, job) => views.checkpointStatistics(job)),
  ofJob("/jobmanager/config", (manager) => manager.configuration),
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
    "GET",
    /^\/jobs\/([^/]+)\/resource-requirements$/,
    (manager, _request, given = "") => {
      const { id, job } = fresh(manager, given);
      if (job === undefined || isTerminal(job.state)) return serverError(failures.jobNotFound(id));
      return serverError(throwable("java.lang.UnsupportedOperationException", noRescaling));
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
    ({ operations }, { body }, given = "") => {
      const fields = readJsonObject(body.toString(), "SavepointTriggerRequestBody");
      const trigger = readTriggerId(fields, "SavepointTriggerRequestBody");
      const after = fields["cancel-job"] === true ? "cancel" : "go on";
      return operations.savepoint(readId("jobid", given), trigger, text(fields["target-directory"]), after);
    },
  ],
  [
    "POST",
    /^\/jobs\/([^/]+)\/stop$/,
    ({ operations }, { body }, given = "") => {
      const fields = readJsonObject(body.toString(), "StopWithSavepointRequestBody");
      const trigger = readTriggerId(fields, "StopWithSavepointRequestBody");
      return operations.savepoint(readId("jobid", given), trigger, text(fields.targetDirectory), "stop");
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
    ({ operations }, { body }, given = "") => {
      const trigger = readTriggerId(
        readJsonObject(body.toString(), "CheckpointTriggerRequestBody"),
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
];

const noRescaling =
  "The DefaultScheduler does not support changing the parallelism without a job restart. This feature is currently only expected to work with the AdaptiveScheduler.";

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
