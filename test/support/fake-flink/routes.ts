import * as failures from "./failures.ts";
import { isTerminal } from "./job.ts";
import type { JobManager } from "./job-manager.ts";
import { jobRoutes } from "./job-routes.ts";
import * as views from "./job-views.ts";
import { uploadedFiles } from "./multipart.ts";
import { noRoute, ok, type Reply, refusal, serverError, thrownBy } from "./replies.ts";
import { resourceRoutes } from "./resource-routes.ts";
import type { Request, Route } from "./route.ts";
import { readId, readRunRequest } from "./run-request.ts";
import { threadDump } from "./thread-dump.ts";
import { stackTrace } from "./throwable.ts";

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
  if (manager.release.refusesFiles && request.headers["content-type"]?.startsWith("multipart/")) {
    return { status: 400, body: { errors: ["POST request not allowed"] } };
  }
  return noRoute(request.method, request.path);
}

function routesOf(manager: JobManager): readonly Route[] {
  const { webSubmit } = manager.settings;
  const jars = webSubmit ? jarRoutes : [];
  const jobs = manager.release.rescaling ? [...jobRoutes, ...resourceRoutes] : jobRoutes;
  if (!manager.release.applications) return [...clusterRoutes, ...jars, ...jobs];
  return [
    ...clusterRoutes,
    ...jars,
    ...(webSubmit ? runApplicationRoutes : []),
    ...applicationRoutes,
    ...jobs,
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
      submissions.run(jarId, readRunRequest(body.toString(), "JarRunRequestBody", release)),
  ],
];

const runApplicationRoutes: Route[] = [
  [
    "POST",
    /^\/jars\/([^/]+)\/run-application$/,
    ({ submissions, release }, { body }, jarId = "") =>
      submissions.runApplication(
        jarId,
        readRunRequest(body.toString(), "JarRunApplicationRequestBody", release),
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
