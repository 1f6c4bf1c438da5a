import type * as z from "zod";
import type { Accumulator, ExecutionResult } from "../../core/snapshots.ts";
import type { RequestsOptions } from "./connection-options.ts";
import { DatasetsRest } from "./datasets-rest.ts";
import { FlinkError, isFlinkError } from "./errors.ts";
import { multipart, type UploadOptions } from "./multipart.ts";
import * as replies from "./replies.ts";
import { Requests, unlessUnknown } from "./requests.ts";
import { ResourcesRest } from "./resources-rest.ts";
import * as results from "./result-replies.ts";
import { SnapshotsRest } from "./snapshots-rest.ts";
import * as submission from "./submission-replies.ts";
import type { Exchange } from "./transport.ts";

/** The body of a run request, in Flink's own words. Anything else is dropped without an error, or before 1.20 refused. */
export interface RunBody {
  readonly jobId?: string;
  readonly entryClass?: string;
  readonly programArgsList?: readonly string[];
  readonly parallelism?: number;
  readonly savepointPath?: string;
  readonly allowNonRestoredState?: boolean;
  /** 1.20 and later. */
  readonly claimMode?: string;
  /** The older name; not for run-application. */
  readonly restoreMode?: string;
  /** 1.17 and later; older Flinks drop it. */
  readonly flinkConfiguration?: Readonly<Record<string, string>>;
}

/** The body of a run-application request. */
export interface RunApplicationBody extends RunBody {
  readonly applicationId?: string;
}

/**
 * The REST API of one JobManager. Every method rejects with a FlinkError, and with nothing else: the answer was an
 * error, is lost, or is not what Flink answers. Nothing is tried twice.
 */
export class FlinkRest {
  readonly #requests: Requests;
  readonly url: string;
  readonly snapshots: SnapshotsRest;
  readonly datasets: DatasetsRest;
  readonly resources: ResourcesRest;

  /** Throws the FlinkError `BadUrl`. */
  constructor(options: RequestsOptions) {
    this.#requests = new Requests(options);
    this.url = options.url;
    this.snapshots = new SnapshotsRest(this.#requests);
    this.datasets = new DatasetsRest(this.#requests);
    this.resources = new ResourcesRest(this.#requests);
  }

  /** TCP connections made so far: after a new one, another JobManager process may have answered. */
  get connections(): number {
    return this.#requests.connections;
  }

  config(signal?: AbortSignal): Promise<replies.Config> {
    return this.#requests.get("/config", replies.config, { signal });
  }

  /** The answering process's effective configuration. */
  jobManagerConfig(signal?: AbortSignal): Promise<Map<string, string>> {
    return this.#requests.get("/jobmanager/config", replies.jobManagerConfig, { signal });
  }

  overview(signal?: AbortSignal): Promise<replies.Overview> {
    return this.#requests.get("/overview", replies.overview, { signal });
  }

  /** Every job that the JobManager knows, in one request; fresh. */
  jobsOverview(signal?: AbortSignal): Promise<replies.JobRow[]> {
    return this.#requests.get("/jobs/overview", replies.jobsOverview, {
      signal,
      longestBody: 64 * 1024 * 1024,
    });
  }

  /** One job, up to 3 s old. Undefined only if Flink itself says that it knows no such job. */
  job(id: string, signal?: AbortSignal): Promise<replies.Job | undefined> {
    return unlessUnknown(this.#requests.get(`/jobs/${id}`, replies.job, { signal }));
  }

  /** One job's state, fresh. */
  jobStatus(id: string, signal?: AbortSignal): Promise<replies.JobState | undefined> {
    return unlessUnknown(this.#requests.get(`/jobs/${id}/status`, replies.jobStatus, { signal }));
  }

  /** Readable values; up to 3 s old. */
  accumulators(id: string, signal?: AbortSignal): Promise<Accumulator[] | undefined> {
    return unlessUnknown(this.#requests.get(`/jobs/${id}/accumulators`, results.accumulators, { signal }));
  }

  executionResult(id: string, signal?: AbortSignal): Promise<ExecutionResult | undefined> {
    return unlessUnknown(
      this.#requests.get(`/jobs/${id}/execution-result`, results.executionResult, { signal }),
    );
  }

  /** The same, and the answer as it came. */
  executionResultText(
    id: string,
    signal?: AbortSignal,
  ): Promise<{ text: string; result: ExecutionResult } | undefined> {
    return unlessUnknown(
      this.#requests
        .getText(`/jobs/${id}/execution-result`, results.executionResult, { signal })
        .then(({ text, reply }) => ({ text, result: reply })),
    );
  }

  /**
   * Of the job itself, not of its tasks. The JobManager collects them at most every 10 s (`metrics.fetcher.update-interval`)
   * and only when asked: the first answer is empty, as it is for a job that ended or never was.
   */
  jobMetrics(id: string, names: readonly string[], signal?: AbortSignal): Promise<Map<string, string>> {
    return this.#requests.get(`/jobs/${id}/metrics?get=${names.join(",")}`, results.metrics, { signal });
  }

  /** Newest first, at most five; up to 3 s old. Empty for a job that never failed. */
  jobExceptions(id: string, signal?: AbortSignal): Promise<replies.ExceptionEntry[] | undefined> {
    return unlessUnknown(
      this.#requests.get(`/jobs/${id}/exceptions?maxExceptions=5`, replies.exceptions, { signal }),
    );
  }

  /** Up to 3 s old. */
  jobConfig(id: string, signal?: AbortSignal): Promise<replies.JobConfig | undefined> {
    return unlessUnknown(this.#requests.get(`/jobs/${id}/config`, replies.jobConfig, { signal }));
  }

  /** Up to 3 s old. Undefined as well for a job that takes no checkpoints, such as a batch job. */
  jobCheckpointsConfig(id: string, signal?: AbortSignal): Promise<replies.CheckpointsConfig | undefined> {
    return unlessUnknown(
      this.#requests.get(`/jobs/${id}/checkpoints/config`, replies.checkpointsConfig, { signal }),
    );
  }

  /** Asks for the cancellation; may be repeated. `NotFound`: no such job. `Conflict`: it ended otherwise. */
  async cancelJob(id: string, signal?: AbortSignal): Promise<void> {
    await this.#requests.send({ method: "PATCH", path: `/jobs/${id}?mode=cancel`, signal });
  }

  /** `expiresAt`: milliseconds since 1970, by the JobManager's clock. */
  async reportHeartbeat(id: string, expiresAt: number, signal?: AbortSignal): Promise<void> {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ expiredTimestamp: expiresAt });
    await this.#requests.send({
      method: "PATCH",
      path: `/jobs/${id}/clientHeartbeat`,
      headers,
      body,
      signal,
    });
  }

  jars(signal?: AbortSignal): Promise<submission.Jar[]> {
    return this.#requests.get("/jars", submission.jars, { signal });
  }

  /** Deletes an uploaded JAR; one that is not there (any more) is no error. A main() that still runs from it will fail. */
  async deleteJar(id: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#requests.send({ method: "DELETE", path: `/jars/${encodeURIComponent(id)}`, signal });
    } catch (error) {
      if (isFlinkError(error) && /does not exist in /.test(error.flinkText ?? "")) return;
      throw error;
    }
  }

  /**
   * Sends a JAR and resolves with its JarId. Has no deadline of its own. When the content fails, rejects with `Aborted`
   * and the content's error as cause, and Flink keeps nothing.
   */
  async uploadJar({ fileName, content, signal }: UploadOptions): Promise<string> {
    const form = multipart({ name: "jarfile", fileName, type: "application/x-java-archive" }, content);
    const { headers, body } = form;
    const exchange: Exchange = {
      method: "POST",
      path: "/jars/upload",
      headers,
      body,
      signal,
      ownConnection: true,
    };
    const aborted = (cause: unknown) =>
      new FlinkError("Aborted", "POST /jars/upload: the content broke off", { cause });
    let jarId: string;
    try {
      jarId = await this.#requests.exchange(exchange, submission.upload);
    } catch (error) {
      throw form.failure() === undefined ? error : aborted(form.failure());
    }
    if (form.failure() === undefined) return jarId;
    // No Flink that we know takes a form without its end.
    await this.deleteJar(jarId);
    throw aborted(form.failure());
  }

  /** Runs main() and resolves when Flink has the job: after hours, if main() takes hours. Classify with `classifyRun`. */
  run(jarId: string, body: RunBody, signal?: AbortSignal): Promise<submission.RunReply> {
    return this.#run(`/jars/${encodeURIComponent(jarId)}/run`, body, submission.run, signal);
  }

  /** 2.3 and later: starts an application and resolves at once, before its main() has run. */
  runApplication(
    jarId: string,
    body: RunApplicationBody,
    signal?: AbortSignal,
  ): Promise<submission.RunReply> {
    return this.#run(
      `/jars/${encodeURIComponent(jarId)}/run-application`,
      body,
      submission.runApplication,
      signal,
    );
  }

  /** Undefined if Flink knows no such application, or none at all (before 2.3). */
  application(id: string, signal?: AbortSignal): Promise<submission.Application | undefined> {
    return unlessUnknown(this.#requests.get(`/applications/${id}`, submission.application, { signal }));
  }

  applicationsOverview(signal?: AbortSignal): Promise<submission.ApplicationRow[]> {
    const longestBody = 64 * 1024 * 1024;
    return this.#requests.get("/applications/overview", submission.applicationsOverview, {
      signal,
      longestBody,
    });
  }

  applicationExceptions(id: string, signal?: AbortSignal): Promise<replies.ExceptionEntry[]> {
    return this.#requests.get(`/applications/${id}/exceptions`, replies.exceptions, { signal });
  }

  /** Also while main() runs; may be repeated. `NotFound`: no such application, or it ended otherwise. */
  async cancelApplication(id: string, signal?: AbortSignal): Promise<void> {
    await this.#requests.send({ method: "POST", path: `/applications/${id}/cancel`, signal });
  }

  /** Ends the cluster. */
  async shutDown(signal?: AbortSignal): Promise<void> {
    await this.#requests.send({ method: "DELETE", path: "/cluster", signal });
  }

  /** The leader's threads. */
  threadDump(signal?: AbortSignal): Promise<replies.ThreadInfo[]> {
    return this.#requests.get("/jobmanager/thread-dump", replies.threadDump, { signal });
  }

  /** Ends every request and connection; run requests in flight end as `Aborted`, though Flink goes on with them. */
  close(): Promise<void> {
    return this.#requests.close();
  }

  #run<T>(path: string, body: RunBody, reply: z.ZodType<T>, signal: AbortSignal | undefined): Promise<T> {
    const headers = { "content-type": "application/json" };
    return this.#requests.exchange(
      { method: "POST", path, headers, body: JSON.stringify(body), signal, ownConnection: true },
      reply,
    );
  }
}
