import type { Bounds } from "./adaptive-scheduler.ts";
import * as failures from "./failures.ts";
import { isTerminal, type Job } from "./job.ts";
import { vertexId } from "./job-views.ts";
import { ok, type Reply, refusal, serverError } from "./replies.ts";
import type { Route } from "./route.ts";
import { readId, readJsonObject } from "./run-request.ts";

const path = /^\/jobs\/([^/]+)\/resource-requirements$/;
const bodyType = "JobResourceRequirementsBody";

/** What a job asks for, by its one vertex: >= 1.18. */
export const resourceRoutes: Route[] = [
  [
    "GET",
    path,
    ({ dispatcher }, _request, given = "") => {
      const id = readId("jobid", given);
      const job = dispatcher.job(id);
      if (job === undefined || isTerminal(job.state)) return serverError(failures.jobNotFound(id));
      if (!job.initialized) return serverError(failures.stillInitializing());
      if (job.scheduler === undefined) return serverError(failures.cannotScale(job.isBatch));
      const { lower, upper } = job.scheduler.bounds;
      return ok({ [vertexId]: { parallelism: { lowerBound: lower, upperBound: upper } } });
    },
  ],
  [
    "PUT",
    path,
    ({ dispatcher, release }, request, given = "") => {
      const id = readId("jobid", given);
      const wanted = readBounds(readJsonObject(request.body.toString(), bodyType, release));
      const job = dispatcher.job(id);
      if (wanted.size === 0) {
        return refusal(400, failures.rest("Request body does not specify resource requirements."));
      }
      if (job === undefined || isTerminal(job.state)) return serverError(failures.jobNotFound(id));
      if (!job.initialized) return serverError(failures.stillInitializing());
      return require(job, wanted);
    },
  ],
];

function require(job: Job, wanted: ReadonlyMap<string, Bounds>): Reply {
  const complaints = [...wanted].flatMap(([vertex, bounds]) => complaintsOf(vertex, bounds));
  if (!wanted.has(vertexId)) {
    complaints.push(`The request is incomplete, missing job vertex [${vertexId}] resource requirements.`);
  }
  if (complaints.length > 0) return refusal(400, failures.rest(complaints.join("\n")));
  if (job.scheduler === undefined) return serverError(failures.cannotScale(job.isBatch));
  Object.assign(job.scheduler.bounds, wanted.get(vertexId));
  job.scheduler.changed();
  return ok({});
}

function complaintsOf(vertex: string, { lower, upper }: Bounds): string[] {
  if (vertex !== vertexId) return [`Job vertex [${vertex}] was not found in the JobGraph.`];
  if (lower < 1 || upper < 1) {
    return [
      `Both, the requested lower bound [${lower}] and upper bound [${upper}] for job vertex [${vertex}] must be greater than zero.`,
    ];
  }
  const crossed =
    lower > upper
      ? [
          `The requested lower bound [${lower}] for job vertex [${vertex}] is higher than the upper bound [${upper}].`,
        ]
      : [];
  if (upper <= 128) return crossed;
  const above = `The newly requested parallelism ${upper} for the job vertex ${vertex} exceeds its maximum parallelism 128.`;
  return [...crossed, above];
}

/** Throws FlinkFailure, answered with 400. */
function readBounds(body: Record<string, unknown>): Map<string, Bounds> {
  const entries = Object.entries(body).map(([vertex, value]): [string, Bounds] => {
    const parallelism = (value as { parallelism?: Record<string, unknown> } | null)?.parallelism;
    const [lower, upper] = [parallelism?.lowerBound, parallelism?.upperBound];
    if (!/^[0-9a-f]{32}$/i.test(vertex) || typeof lower !== "number" || typeof upper !== "number") {
      throw failures.unreadableBody(bodyType);
    }
    return [vertex.toLowerCase(), { lower, upper }];
  });
  return new Map(entries);
}
