import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import type { FlinkJob } from "../../api/objects.ts";
import type { TransferredJar } from "../../flink/jars/jar-upload.ts";
import { GatewayError, isGatewayError } from "../gateway-error.ts";
import type { ClusterTarget } from "../ports.ts";
import { refuseWhileDeleted, type Submissions } from "../store/submissions.ts";
import type { FormPart } from "./form.ts";
import { flinkJobName } from "./naming.ts";
import type { RequestJars } from "./request-jars.ts";
import { differences, type SubmissionJar, submissionJob } from "./submission-job.ts";
import { readRequest, type SubmissionRequest } from "./submission-request.ts";

/** Who submits, and where to. */
export interface Submitter {
  readonly cluster: ClusterTarget;
  readonly user: string;
}

export interface SubmittingOptions {
  readonly submissions: Pick<Submissions, "create" | "newest">;
  readonly jars: RequestJars;
  /** A trigger ID for a client that chose none. */
  readonly newTriggerId?: () => string;
}

/** A submission that is recorded; `created`: by this very request. */
export interface Submitted {
  readonly triggerId: string;
  readonly created: boolean;
}

/** A JAR on its way in: uploaded for this request, or only summed up for one that was submitted before. */
type Arrived =
  | { readonly kind: "uploaded"; readonly jar: TransferredJar }
  | { readonly kind: "summed"; readonly sha256: string };

/** What stands when part `request` was read. */
interface Begun {
  readonly request: SubmissionRequest;
  readonly triggerId: string;
  /** What was submitted under this trigger ID before. */
  readonly earlier: FlinkJob | undefined;
}

/** From a request to the FlinkJob that is its submission. Throws GatewayErrors. */
export class Submitting {
  readonly #submissions: SubmittingOptions["submissions"];
  readonly #jars: RequestJars;
  readonly #newTriggerId: () => string;

  constructor({
    submissions,
    jars,
    newTriggerId = () => randomBytes(16).toString("hex"),
  }: SubmittingOptions) {
    this.#submissions = submissions;
    this.#jars = jars;
    this.#newTriggerId = newTriggerId;
  }

  /** The JAR was uploaded before. */
  async byJarId(submitter: Submitter, body: unknown): Promise<Submitted> {
    const request = readRequest(body, false);
    const triggerId = request.triggerId ?? this.#newTriggerId();
    return await this.#byJarId(submitter, request, triggerId);
  }

  /**
   * The JAR comes with the request. With `request` before `jarfile`, all that can be wrong but the JAR itself is told before the JAR
   * flows; the other way round it is on the cluster when the rest is read, and goes again if that is wrong.
   */
  async withJar(submitter: Submitter, parts: AsyncIterable<FormPart>): Promise<Submitted> {
    using place = this.#jars.enter();
    let begun: Begun | undefined;
    let arrived: Arrived | undefined;
    try {
      for await (const part of parts) {
        if (part.kind === "request") begun = await this.#begin(submitter, part.body, arrived !== undefined);
        else arrived = await this.#receive(submitter, begun, part.content, place.signal);
      }
      if (begun === undefined)
        throw new GatewayError("BadRequest", "request: missing; send the run request in JSON as this part");
      if (arrived === undefined) {
        const request = readRequest(withoutJar(begun.request), false);
        return await this.#byJarId(submitter, request, begun.triggerId);
      }
    } catch (error) {
      if (arrived?.kind === "uploaded") await this.#jars.discard(submitter.cluster, arrived.jar.jarId);
      throw error;
    }
    return await this.#record(submitter, begun, arrived);
  }

  async #byJarId(submitter: Submitter, request: SubmissionRequest, triggerId: string): Promise<Submitted> {
    const { run, jarId: id = "" } = request;
    const job = submissionJob({ ...submitter, triggerId, run, jar: { id } });
    try {
      const { created, job: there } = await this.#submissions.create(job);
      if (!created) refuseOther(differences(there, run, { id }), triggerId);
      return { triggerId, created };
    } catch (error) {
      throw this.#named(error, request, triggerId);
    }
  }

  async #begin({ cluster }: Submitter, body: unknown, jarCame: boolean): Promise<Begun> {
    const jarNamed = typeof body === "object" && body !== null && "jarId" in body && body.jarId !== null;
    const request = readRequest(body, jarCame || !jarNamed);
    const triggerId = request.triggerId ?? this.#newTriggerId();
    const chosen = request.triggerId !== undefined && request.jarId === undefined;
    const earlier = chosen ? await this.#submissions.newest(cluster, triggerId) : undefined;
    if (earlier) {
      refuseWhileDeleted(earlier);
      refuseOther(differences(earlier, request.run, { sha256: undefined }), triggerId);
    }
    return { request, triggerId, earlier };
  }

  async #receive(
    { cluster }: Submitter,
    begun: Begun | undefined,
    content: Readable,
    signal: AbortSignal,
  ): Promise<Arrived> {
    if (begun?.request.jarId !== undefined) {
      const message = "jarId: the JAR came with the request as well; send one of the two";
      throw new GatewayError("BadRequest", message);
    }
    if (begun?.earlier) return { kind: "summed", sha256: await this.#jars.sum(content, signal) };
    const flinkJob = begun === undefined ? "" : flinkJobName(cluster.name, begun.triggerId);
    return { kind: "uploaded", jar: await this.#jars.upload(cluster, flinkJob, content, signal) };
  }

  async #record(submitter: Submitter, begun: Begun, arrived: Arrived): Promise<Submitted> {
    const { request, triggerId } = begun;
    if (arrived.kind === "summed") {
      const earlier = await this.#submissions.newest(submitter.cluster, triggerId);
      if (!earlier) {
        const message = `The submission ${triggerId} was deleted meanwhile: send the same request again`;
        throw new GatewayError("Busy", message, { retryAfterSeconds: 1 });
      }
      refuseWhileDeleted(earlier);
      refuseOther(differences(earlier, request.run, arrived), triggerId);
      return { triggerId, created: false };
    }
    const { jarId, sha256 } = arrived.jar;
    const jar: SubmissionJar = { id: jarId, sha256 };
    const job = submissionJob({ ...submitter, triggerId, run: request.run, jar });
    try {
      const { created, job: there } = await this.#submissions.create(job);
      // An answer that was lost on the way makes our own FlinkJob look like an earlier one.
      if (created || there.spec.jar?.id === jarId) return { triggerId, created: true };
      refuseOther(differences(there, request.run, { sha256 }), triggerId);
      await this.#jars.discard(submitter.cluster, jarId);
      return { triggerId, created: false };
    } catch (error) {
      // After StoreUnavailable the FlinkJob may be there and need its JAR: the operator's sweep finds out.
      if (!isGatewayError(error, "StoreUnavailable")) await this.#jars.discard(submitter.cluster, jarId);
      throw this.#named(error, request, triggerId);
    }
  }

  /** A client that chose no trigger ID must learn it, or its next try would be another submission. */
  #named(error: unknown, request: SubmissionRequest, triggerId: string): unknown {
    if (!isGatewayError(error, "StoreUnavailable", "Busy") || request.triggerId !== undefined) return error;
    const more = [
      `Whether the submission was recorded is not known: send it again with triggerId ${triggerId}`,
    ];
    return new GatewayError(error.code, error.message, { cause: error, more, headers: error.headers });
  }
}

function withoutJar({ triggerId, jarId, run }: SubmissionRequest): object {
  const { args, ...fields } = run;
  return { triggerId, jarId, ...fields, programArgsList: args };
}

function refuseOther(fields: readonly string[], triggerId: string): void {
  if (fields.length === 0) return;
  const message = `triggerId: ${triggerId} was submitted before with another request; these differ: ${fields.join(", ")}. Choose another triggerId, or delete that submission first`;
  throw new GatewayError("Conflict", message);
}
