import type { Progress } from "../machine/cache.ts";
import type { GoProgram } from "./program.ts";

const everyMillis = 10_000;
const keptLines = 30;

/** Turns what `go build -v` prints into a line of progress now and then. */
export class BuildProgress {
  readonly #program: Pick<GoProgram, "title" | "packages">;
  readonly #progress: Progress;
  readonly #now: () => number;
  readonly #begin: number;
  #told: number;
  #packages = 0;
  #downloads = 0;
  readonly #others: string[] = [];

  /** `now` in milliseconds. */
  constructor(program: Pick<GoProgram, "title" | "packages">, progress: Progress, now: () => number) {
    this.#program = program;
    this.#progress = progress;
    this.#now = now;
    this.#begin = now();
    this.#told = this.#begin;
  }

  /** The last lines that were neither a package nor a download: what went wrong. */
  get complaint(): string {
    return this.#others.join("\n");
  }

  get seconds(): number {
    return Math.round((this.#now() - this.#begin) / 1000);
  }

  line(text: string): void {
    if (/^go: downloading /.test(text)) this.#downloads++;
    else if (/^[\w.~/-]+$/.test(text)) this.#packages++;
    else {
      this.#others.push(text);
      if (this.#others.length > keptLines) this.#others.shift();
    }
    if (this.#now() - this.#told < everyMillis) return;
    this.#told = this.#now();
    this.#progress(this.#summary());
  }

  #summary(): string {
    const { title, packages } = this.#program;
    const done =
      this.#packages > 0
        ? `${this.#packages} of about ${packages} packages`
        : `${this.#downloads} modules fetched`;
    return `Building ${title}: ${done} after ${duration(this.seconds)}`;
  }
}

export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
