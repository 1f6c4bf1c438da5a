import * as z from "zod";
import type { ResourceRequirements } from "../../core/resource-requirements.ts";
import { FlinkError, isFlinkError } from "./errors.ts";
import { flinkId } from "./replies.ts";
import type { Requests } from "./requests.ts";

const bounds = z
  .object({ parallelism: z.object({ lowerBound: z.int(), upperBound: z.int() }) })
  .transform(({ parallelism }) => ({ lower: parallelism.lowerBound, upper: parallelism.upperBound }));

/** GET /jobs/:id/resource-requirements */
export const resourceRequirements = z
  .record(flinkId, bounds)
  .transform((reply): ResourceRequirements => new Map(Object.entries(reply)));

/**
 * What running jobs ask their cluster for, in the REST API of one JobManager. Flink >= 1.18, and jobs of the adaptive
 * scheduler only: of any other job the FlinkError `Unsupported`.
 */
export class ResourcesRest {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** Fresh. A job that is being initialized is a `ServerError`; one that ended is unknown, as Flink says it. */
  requirements(jobId: string, signal?: AbortSignal): Promise<ResourceRequirements> {
    return this.#requests.get(pathOf(jobId), resourceRequirements, { signal }).catch(explained);
  }

  /**
   * Resolves when Flink has taken them, of which the job's tasks know nothing yet. `BadRequest`: bounds that the job cannot
   * have, in Flink's own words. `Unavailable`: not these vertices (yet), or another such request is under way.
   */
  async require(jobId: string, requirements: ResourceRequirements, signal?: AbortSignal): Promise<void> {
    const vertices = [...requirements].map(([id, { lower, upper }]) => [
      id,
      { parallelism: { lowerBound: lower, upperBound: upper } },
    ]);
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify(Object.fromEntries(vertices));
    await this.#requests.send({ method: "PUT", path: pathOf(jobId), headers, body, signal }).catch(explained);
  }
}

function pathOf(jobId: string): string {
  return `/jobs/${jobId}/resource-requirements`;
}

/** Gives what Flink answers as 500, 400 or 409 the code that says whether asking again can help. */
function explained(error: unknown): never {
  if (!isFlinkError(error)) throw error;
  const { status = 500, causes, message } = error;
  const again = (code: "Unsupported" | "Unavailable") =>
    new FlinkError(code, message, { status, causes, cause: error });
  if (error.code === "ServerError" && error.hasCause("UnsupportedOperationException")) {
    throw again("Unsupported");
  }
  const passes =
    (error.code === "BadRequest" && otherVertices.test(error.flinkText ?? "")) ||
    (error.code === "Conflict" && error.hasCause("RestHandlerException"));
  throw passes ? again("Unavailable") : error;
}

/** So it is while the job is being initialized, too: it has no vertices yet. */
const otherVertices = /was not found in the JobGraph|The request is incomplete, missing job vertex/;
