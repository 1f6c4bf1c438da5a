import { readFile, stat } from "node:fs/promises";
import type { Clock } from "./clock.ts";
import { KubeError } from "./errors.ts";

/** How long a file is trusted unseen: kubelet renews tokens minutes before they expire. */
const lookEveryMs = 5_000;

/**
 * The text of a file that others replace while we run: service account tokens, certificates. A file that cannot be read
 * for a moment (it is being replaced) keeps its last text.
 */
export class FreshFile {
  readonly path: string;
  readonly #clock: Clock;
  #text: string | undefined;
  #version = "";
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
  }

  /** The file's text, trimmed. Throws BadConfig when it was never readable. */
  async text(): Promise<string> {
    const now = this.#clock.monotonic();
    if (this.#text !== undefined && now - this.#lookedAt < lookEveryMs) return this.#text;
    this.#lookedAt = now;
    try {
      // kubelet swaps a symbolic link, so the inode tells more than the time.
      const { mtimeMs, ino, size } = await stat(this.path);
      const version = `${ino}/${mtimeMs}/${size}`;
      if (this.#text === undefined || version !== this.#version) {
        const text = (await readFile(this.path, "utf8")).trim();
        if (text === "") throw new Error("the file is empty");
        this.#text = text;
        this.#version = version;
      }
    } catch (cause) {
      if (this.#text === undefined) throw new KubeError("BadConfig", `Cannot read ${this.path}`, { cause });
    }
    return this.#text;
  }

  /** Looks at the file again on the next call. */
  expire(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#version = "";
  }
}
