import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { isFlinkError } from "../rest/errors.ts";
import type { FlinkRest } from "../rest/flink-rest.ts";
import { JarError } from "./jar-errors.ts";
import { type JarAddress, type JarSource, jarError, jarUrl, nameOf } from "./jar-source.ts";

export interface JarTransferRequest extends JarAddress {
  /** 64 hex digits; when given, Flink gets the whole file only if they fit. */
  readonly sha256?: string;
  /** What Flink shows as the JAR's name; ends in `.jar`. Default: the last part of the address. */
  readonly fileName?: string;
  /** Bytes. Default 1 GiB. */
  readonly longest?: number;
  /** For the whole transfer. Default 600,000. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
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
 * Streams a JAR from its source into Flink, never whole in memory or on disk. Rejects with a JarError when the source is
 * at fault and with a FlinkError when Flink is. Whatever goes wrong, the upload ends before its closing boundary, so
 * Flink keeps nothing.
 */
export async function transferJar(
  source: JarSource,
  to: Pick<FlinkRest, "uploadJar">,
  request: JarTransferRequest,
): Promise<TransferredJar> {
  const deadline = AbortSignal.timeout(request.deadlineMs ?? 600_000);
  const signal = request.signal === undefined ? deadline : AbortSignal.any([request.signal, deadline]);
  const check = new JarCheck(request);
  const { content, length } = await source.open(request, signal);
  using upload = new Grace(signal, graceMs);
  // The failure of the content, which the upload reports only as a stream that broke off.
  let failure: JarError | undefined;
  async function* checked() {
    try {
      check.announce(length);
      yield* check.through(content);
    } catch (error) {
      failure = jarError(error, check.name, signal);
      throw failure;
    }
  }
  try {
    const jarId = await to.uploadJar({
      fileName: request.fileName ?? check.fileName,
      content: Readable.from(checked(), { objectMode: false }),
      signal: upload.signal,
    });
    return { jarId, ...check.result };
  } catch (error) {
    content.on("error", ignore).destroy();
    if (failure !== undefined) throw failure;
    if (deadline.aborted) throw new JarError("JarFetchTimeout", `${check.name}: not transferred in time`);
    if (isFlinkError(error, "TooLarge")) {
      const message = `${check.name}: Flink, or a proxy before it, takes no JAR of this size`;
      throw new JarError("JarTooLarge", message, { cause: error });
    }
    throw error;
  }
}

/** Nobody reads the source any more; that it breaks off is what we asked for. */
function ignore(): void {}

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

const zipLocalHeader = Buffer.from("PK\x03\x04", "latin1");

/** What must hold of the bytes that pass. */
class JarCheck {
  readonly name: string;
  readonly fileName: string;
  readonly #hash = createHash("sha256");
  readonly #wanted: string | undefined;
  readonly #longest: number;
  #size = 0;
  #sha256 = "";

  constructor({ uri, sha256, longest = 1024 ** 3 }: JarTransferRequest) {
    const url = jarUrl(uri);
    this.name = nameOf(url);
    const last = url.pathname.slice(url.pathname.lastIndexOf("/") + 1).replace(/[^\w.-]/g, "_");
    this.fileName = last.endsWith(".jar") ? last : `${last || "job"}.jar`;
    this.#wanted = sha256?.toLowerCase();
    this.#longest = longest;
  }

  get result(): { sha256: string; size: number } {
    return { sha256: this.#sha256, size: this.#size };
  }

  announce(length: number | undefined): void {
    if (length !== undefined && length > this.#longest) throw this.#tooLarge();
  }

  async *through(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let head: Buffer | undefined = Buffer.alloc(0);
    for await (let chunk of content) {
      this.#size += chunk.length;
      if (this.#size > this.#longest) throw this.#tooLarge();
      this.#hash.update(chunk);
      if (head !== undefined) {
        chunk = Buffer.concat([head, chunk]);
        head = chunk.length < zipLocalHeader.length ? chunk : undefined;
        if (head !== undefined) continue;
        this.#checkHead(chunk);
      }
      yield chunk;
    }
    if (head !== undefined) this.#checkHead(head);
    this.#sha256 = this.#hash.digest("hex");
    if (this.#wanted !== undefined && this.#wanted !== this.#sha256) {
      const message = `${this.name}: has SHA-256 ${this.#sha256}, not ${this.#wanted}`;
      throw new JarError("JarChecksumMismatch", message);
    }
  }

  #checkHead(head: Buffer): void {
    if (head.subarray(0, zipLocalHeader.length).equals(zipLocalHeader)) return;
    throw new JarError("NotAJar", `${this.name}: does not begin like a ZIP archive`);
  }

  #tooLarge(): JarError {
    return new JarError("JarTooLarge", `${this.name}: larger than ${this.#longest} bytes`);
  }
}
