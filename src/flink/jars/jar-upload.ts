import { isFlinkError } from "../rest/errors.ts";
import type { FlinkRest } from "../rest/flink-rest.ts";
import type { JarCheck } from "./jar-check.ts";
import { JarError } from "./jar-errors.ts";

export interface JarUpload {
  readonly content: AsyncIterable<Buffer>;
  /** Nobody reads the content any more. */
  readonly abandon: () => void;
  readonly check: JarCheck;
  /** What Flink shows as the JAR's name; ends in `.jar`. */
  readonly fileName: string;
  /** Ends the upload. */
  readonly signal: AbortSignal;
  /** Names a failure of the content. */
  readonly failed: (error: unknown) => Error;
}

export interface TransferredJar {
  readonly jarId: string;
  /** Hex, of what was transferred. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** How long Flink has to clean up after an upload that was given up, before its connection is cut. */
const graceMs = 2000;

/**
 * Streams a JAR into Flink, never whole in memory or on disk. Rejects with a JarError, or whatever `failed` makes, when the content
 * is at fault and with a FlinkError when Flink is. Whatever goes wrong, the upload ends before its closing boundary, so
 * Flink keeps nothing.
 */
export async function uploadJar(to: Pick<FlinkRest, "uploadJar">, jar: JarUpload): Promise<TransferredJar> {
  const { content, abandon, check, fileName, signal, failed } = jar;
  using upload = new Grace(signal, graceMs);
  // The failure of the content, which the upload reports only as a stream that broke off.
  let failure: Error | undefined;
  async function* checked() {
    try {
      yield* check.through(content);
    } catch (error) {
      failure = error instanceof JarError ? error : failed(error);
      throw failure;
    }
  }
  try {
    const jarId = await to.uploadJar({ fileName, content: checked(), signal: upload.signal });
    return { jarId, ...check.result };
  } catch (error) {
    abandon();
    if (failure !== undefined) throw failure;
    if (isFlinkError(error, "TooLarge")) {
      const message = `${check.name}: Flink, or a proxy before it, takes no JAR of this size`;
      throw new JarError("JarTooLarge", message, { cause: error });
    }
    throw error;
  }
}

/** A signal that follows another one some time later. */
class Grace implements Disposable {
  readonly #controller = new AbortController();
  readonly #first: AbortSignal;
  readonly #start: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(first: AbortSignal, ms: number) {
    this.#first = first;
    this.#start = () => {
      this.#timer = setTimeout(() => this.#controller.abort(first.reason), ms);
    };
    if (first.aborted) this.#start();
    else first.addEventListener("abort", this.#start, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#first.removeEventListener("abort", this.#start);
    clearTimeout(this.#timer);
  }
}
