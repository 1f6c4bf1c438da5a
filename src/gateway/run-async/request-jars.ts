import type { Readable } from "node:stream";
import { requestJarName } from "../../core/request-jar.ts";
import { JarCheck } from "../../flink/jars/jar-check.ts";
import { JarError } from "../../flink/jars/jar-errors.ts";
import { type TransferredJar, uploadJar } from "../../flink/jars/jar-upload.ts";
import { isFlinkError } from "../../flink/rest/errors.ts";
import type { UploadOptions } from "../../flink/rest/multipart.ts";
import { systemClock } from "../../kube/clock.ts";
import { GatewayError } from "../gateway-error.ts";
import { LEAST_BYTES, paced } from "../limits/paced-body.ts";
import type { ClusterTarget } from "../ports.ts";

/** What is asked of one JobManager. Rejects with FlinkErrors. Disposing of it ends its connections. */
export interface JarTarget extends AsyncDisposable {
  uploadJar(upload: UploadOptions): Promise<string>;
  deleteJar(jarId: string, options?: { signal?: AbortSignal }): Promise<void>;
}

export interface RequestJarsOptions {
  /** Called for each JAR anew: clusters come and go, and nothing of one that is gone is to stay. */
  readonly connect: (url: string) => JarTarget;
  /** Bytes of the largest JAR. */
  readonly longest: number;
  /** For one JAR's whole way, in milliseconds. */
  readonly deadlineMs: number;
  /** How long a client may keep us waiting for each 64 KiB, in milliseconds. */
  readonly stallMs: number;
  /** JARs on their way at once; further ones are refused. */
  readonly concurrency: number;
  /** Ends every upload. */
  readonly signal?: AbortSignal | undefined;
}

/** A place among the uploads; dispose of it to give it away. */
export interface UploadPlace extends Disposable {
  readonly signal: AbortSignal;
}

const NAME = "jarfile";
const DISCARD_MS = 10_000;

/** JARs that come with requests: each straight to its cluster, checked on the way, never whole in memory or on disk. */
export class RequestJars {
  readonly #options: RequestJarsOptions;
  #underWay = 0;

  constructor(options: RequestJarsOptions) {
    this.#options = options;
  }

  /** How many are on their way. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Before the first byte of a JAR is read. Throws the GatewayError Busy. */
  enter(): UploadPlace {
    const { concurrency, deadlineMs, signal } = this.#options;
    if (this.#underWay >= concurrency) {
      const message = `${concurrency} JARs are on their way already: send the same request again in a moment, or name a JAR by its jarId`;
      throw new GatewayError("Busy", message, { retryAfterSeconds: 2 });
    }
    this.#underWay++;
    let left = false;
    const deadline = AbortSignal.timeout(deadlineMs);
    return {
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      [Symbol.dispose]: () => {
        if (!left) this.#underWay--;
        left = true;
      },
    };
  }

  /** Uploads the JAR of a submission that is to be, under its FlinkJob's name. Throws GatewayErrors; Flink keeps nothing then. */
  async upload(
    cluster: ClusterTarget,
    flinkJob: string,
    content: Readable,
    signal: AbortSignal,
  ): Promise<TransferredJar> {
    const check = this.#check();
    const fileName = requestJarName(cluster.uid, flinkJob);
    const arriving = this.#arriving(content);
    const abandon = () => void content.on("error", ignore).resume();
    // The upload ends without its closing boundary when the content does.
    const end = () => void content.destroy(signal.reason);
    signal.addEventListener("abort", end, { once: true });
    try {
      await using target = this.#options.connect(cluster.url);
      return await uploadJar(target, {
        content: arriving,
        abandon,
        check,
        fileName,
        signal,
        failed: asError,
      });
    } catch (error) {
      throw jarRefusal(error, signal, cluster);
    } finally {
      // The deadline outlives the upload, and would keep the request with it.
      signal.removeEventListener("abort", end);
    }
  }

  /** Reads a JAR to its end for its sum alone. Throws GatewayErrors. */
  async sum(content: Readable, signal: AbortSignal): Promise<string> {
    const check = this.#check();
    const arriving = this.#arriving(content);
    try {
      for await (const _ of check.through(arriving)) signal.throwIfAborted();
      return check.result.sha256;
    } catch (error) {
      throw jarRefusal(error, signal, undefined);
    }
  }

  /** Takes an upload back that no FlinkJob names. What cannot be deleted now is the operator's to sweep. */
  async discard({ url }: ClusterTarget, jarId: string): Promise<void> {
    try {
      await using target = this.#options.connect(url);
      await target.deleteJar(jarId, { signal: AbortSignal.timeout(DISCARD_MS) });
    } catch (error) {
      if (!isFlinkError(error)) throw error;
    }
  }

  #arriving(content: Readable): AsyncIterable<Buffer> {
    const { stallMs } = this.#options;
    return paced(content, { clock: systemClock, stallMs, leastBytes: LEAST_BYTES });
  }

  #check(): JarCheck {
    return new JarCheck({ name: NAME, longest: this.#options.longest });
  }
}

/** That it breaks off is what we asked for. */
function ignore(): void {}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function jarRefusal(error: unknown, signal: AbortSignal, cluster: ClusterTarget | undefined): Error {
  const fields = { cause: error };
  if (error instanceof GatewayError) return error;
  if (error instanceof JarError) {
    const { code, message } = error;
    if (code === "NotAJar") return new GatewayError("NotAJar", `${message}; send a JAR`, fields);
    if (code === "JarTooLarge") return new GatewayError("TooLarge", message, fields);
  }
  if (signal.aborted || (error instanceof DOMException && error.name === "TimeoutError")) {
    const message = `${NAME}: did not come in time; send the same request again`;
    return new GatewayError("RequestTimeout", message, fields);
  }
  if (!isFlinkError(error)) {
    const message = `${NAME}: broke off: ${error instanceof Error ? error.message : String(error)}`;
    return new GatewayError("BadRequest", message, fields);
  }
  const where = `FlinkCluster ${cluster?.namespace}/${cluster?.name}`;
  if (error.code === "BadRequest" || error.code === "NotFound" || error.code === "Unauthorized") {
    const message = `${where}: its JobManager takes no JAR (web.submit.enable: false?): ${error.message}`;
    return new GatewayError("ClusterUnreachable", message, fields);
  }
  const message = `${where}: the JAR did not get to its JobManager; send the same request again: ${error.message}`;
  return new GatewayError("ClusterUnreachable", message, { ...fields, retryAfterSeconds: 2 });
}
