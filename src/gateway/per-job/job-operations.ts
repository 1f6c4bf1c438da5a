import type { FlinkJob } from "../../api/objects.ts";
import { GatewayError, isGatewayError } from "../gateway-error.ts";
import type { OwnJobManagers } from "../plans/own-job-managers.ts";
import type { JobAnswer } from "./job-answers.ts";
import type { OperationKind, Operations } from "./operations.ts";
import { phaseOf } from "./phase.ts";

/** Savepoints, stops and checkpoints that Flink's client asks for. */
export class JobOperations {
  readonly #own: Pick<OwnJobManagers, "tell">;
  readonly #operations: Operations;

  constructor(own: Pick<OwnJobManagers, "tell">, operations: Operations) {
    this.#own = own;
    this.#operations = operations;
  }

  /** `what`: savepoints, stop or checkpoints. Sent once: what is lost on the way may have begun. */
  async begin(job: FlinkJob, what: string, body: string): Promise<JobAnswer> {
    const phase = phaseOf(job);
    if (phase.kind === "waiting")
      throw new GatewayError("Conflict", "The job does not run yet: it waits for its cluster");
    if (phase.kind === "over")
      throw new GatewayError("Conflict", `The job has ended before: it is ${phase.state}`);
    const told = await this.#own.tell(job, { method: "POST", path: pathOf(job, what), body });
    if (told === undefined) throw unreachable();
    const id = requestIdOf(told.text);
    if (told.status < 300 && id !== undefined) this.#operations.follow(job, kindOf(what), id);
    return told;
  }

  async outcome(job: FlinkJob, what: string, id: string): Promise<JobAnswer> {
    const kind = kindOf(what);
    const known = this.#operations.outcome(job, kind, id);
    if (known !== undefined) return { status: 200, text: known };
    const told = await this.#own
      .tell(job, { method: "GET", path: pathOf(job, `${kind}/${id}`) })
      .catch((error: unknown) => {
        // Its host is known to nobody any more.
        if (isGatewayError(error, "ClusterUnreachable", "DestinationNotAllowed")) return undefined;
        throw error;
      });
    if (told !== undefined && told.status < 400) {
      this.#operations.note(job, kind, id, told);
      this.#operations.follow(job, kind, id);
      return told;
    }
    // A JobManager that fails over, or goes, knows nothing of it for a while, and a client takes its word for good.
    if (phaseOf(job).kind !== "over") throw unreachable();
    throw new GatewayError("NotFound", "The job is over, and nobody knows of this operation any more");
  }
}

function kindOf(what: string): OperationKind {
  return what === "checkpoints" ? "checkpoints" : "savepoints";
}

function pathOf({ spec }: FlinkJob, what: string): string {
  return `/v1/jobs/${spec.trigger?.jobId}/${what}`;
}

function requestIdOf(text: string): string | undefined {
  try {
    const { "request-id": id } = JSON.parse(text) as { "request-id"?: unknown };
    return typeof id === "string" && /^[0-9a-f]{32}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

function unreachable(): GatewayError {
  return new GatewayError("ClusterUnreachable", "The JobManager of this job does not answer now", {
    retryAfterSeconds: 3,
  });
}
