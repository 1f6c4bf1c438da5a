import { createHash } from "node:crypto";
import { JarError } from "./jar-errors.ts";

export interface JarRules {
  /** What the JAR is called in messages. */
  readonly name: string;
  /** 64 hex digits; when given, the content ends well only if they fit. */
  readonly sha256?: string | undefined;
  /** Bytes. Default 1 GiB. */
  readonly longest?: number | undefined;
}

const zipLocalHeader = Buffer.from("PK\x03\x04", "latin1");

/** What must hold of the bytes of a JAR that pass. */
export class JarCheck {
  readonly name: string;
  readonly #hash = createHash("sha256");
  readonly #wanted: string | undefined;
  readonly #longest: number;
  #size = 0;
  #sha256 = "";

  constructor({ name, sha256, longest = 1024 ** 3 }: JarRules) {
    this.name = name;
    this.#wanted = sha256?.toLowerCase();
    this.#longest = longest;
  }

  /** Of what has passed, once all of it has. */
  get result(): { sha256: string; size: number } {
    return { sha256: this.#sha256, size: this.#size };
  }

  /** The length that is to come, where it is known. Throws a JarError. */
  announce(length: number | undefined): void {
    if (length !== undefined && length > this.#longest) throw this.#tooLarge();
  }

  /** Passes the content on; throws a JarError as soon as something is wrong, before the last byte at the latest. */
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
