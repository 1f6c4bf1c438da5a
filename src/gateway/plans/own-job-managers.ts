import type { Dispatcher } from "undici";
import { JOB_ID_LABEL, JOB_UID_LABEL } from "../../api/group.ts";
import type { FlinkCluster, FlinkJob } from "../../api/objects.ts";
import { urlOf } from "../../core/cluster/names.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isKubeError } from "../../kube/errors.ts";
import { flinkClusters } from "../../kube/resources.ts";
import { GatewayError, isGatewayError } from "../gateway-error.ts";
import type { JobManagers } from "../proxy/job-managers.ts";
import { storeError } from "../store/store-error.ts";

interface Cache {
  get(key: string): FlinkCluster | undefined;
}

export interface OwnJobManagersOptions {
  readonly clusters: Cache;
  readonly kube: Pick<KubeClient, "get">;
  readonly jobManagers: Pick<JobManagers, "send">;
}

/** One question to a job's own JobManager. */
export interface Question {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** JSON. */
  readonly body?: string | undefined;
}

export interface Told {
  readonly status: number;
  readonly text: string;
}

const TIMEOUT_MS = 10_000;
/** Of an answer that is read here, in bytes; what may be larger is passed on as a stream. */
const LONGEST_ANSWER = 256 * 1024;

/** The JobManagers of clusters that were made for one plan each. */
export class OwnJobManagers {
  readonly #options: OwnJobManagersOptions;

  constructor(options: OwnJobManagersOptions) {
    this.#options = options;
  }

  /** Where it answers; undefined while there is no cluster that was certainly made for this very job. */
  async urlOf({ metadata, status }: FlinkJob): Promise<string | undefined> {
    const { cluster, jobId = "" } = status?.trigger ?? {};
    const { namespace = "", uid } = metadata;
    if (cluster === undefined) return undefined;
    const { clusters, kube } = this.#options;
    const ref = { namespace, name: cluster.name };
    try {
      const known = clusters.get(`${namespace}/${cluster.name}`) ?? (await kube.get(flinkClusters, ref));
      const { labels = {} } = known.metadata;
      const isOwn = labels[JOB_ID_LABEL] === jobId && labels[JOB_UID_LABEL] === uid;
      return isOwn && known.spec.managed !== undefined ? urlOf(known) : undefined;
    } catch (error) {
      if (isKubeError(error, "NotFound")) return undefined;
      throw storeError(error);
    }
  }

  /**
   * Its answer; undefined where there is no JobManager that answers. The head is waited for with a limit, the body is the caller's to
   * read or to dump.
   */
  async ask(job: FlinkJob, question: Question): Promise<Dispatcher.ResponseData | undefined> {
    using limit = limited(TIMEOUT_MS);
    return await this.#ask(job, question, limit.signal);
  }

  /** The same, read whole within the limit. */
  async tell(job: FlinkJob, question: Question): Promise<Told | undefined> {
    using limit = limited(TIMEOUT_MS);
    const answer = await this.#ask(job, question, limit.signal);
    return answer && { status: answer.statusCode, text: await readAnswer(answer) };
  }

  async #ask(job: FlinkJob, { method, path, body }: Question, signal: AbortSignal) {
    const url = await this.urlOf(job);
    const base = url === undefined ? null : URL.parse(url);
    if (base === null) return undefined;
    const headers: Record<string, string> = body === undefined ? {} : jsonHeaders(body);
    const chunks = body === undefined ? undefined : once(Buffer.from(body));
    try {
      return await this.#options.jobManagers.send({ base, method, path, headers, body: chunks, signal });
    } catch (error) {
      if (isGatewayError(error, "ClusterUnreachable")) return undefined;
      throw error;
    }
  }
}

/** Aborts after a while, unless it is disposed of before. */
function limited(ms: number): { readonly signal: AbortSignal } & Disposable {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), ms);
  return { signal: limit.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Throws the GatewayError ClusterUnreachable when it breaks off or is longer than it can be. */
export async function readAnswer({ body }: Dispatcher.ResponseData): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > LONGEST_ANSWER) throw new RangeError(`more than ${LONGEST_ANSWER} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    const message = "The JobManager's answer broke off";
    throw new GatewayError("ClusterUnreachable", message, { cause, retryAfterSeconds: 3 });
  }
  return Buffer.concat(chunks).toString("utf8");
}

function jsonHeaders(body: string): Record<string, string> {
  return {
    "content-type": "application/json; charset=UTF-8",
    "content-length": String(Buffer.byteLength(body)),
  };
}

async function* once(chunk: Buffer): AsyncGenerator<Buffer> {
  yield chunk;
}
