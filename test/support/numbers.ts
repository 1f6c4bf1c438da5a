import { readFile } from "node:fs/promises";

/** One element that a counting job processed. */
export interface Counted {
  readonly jobId: string;
  readonly number: number;
  readonly count: number;
}

/** What Scenario's `count --numbers FILE` processed, in order: the witness of what an upgrade kept. */
export class Numbers {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  async all(): Promise<Counted[]> {
    const text = await readFile(this.file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    // The last line may be half written.
    return text
      .split("\n")
      .slice(0, -1)
      .map((line) => line.split(" "))
      .map(([jobId = "", number, count]) => ({ jobId, number: Number(number), count: Number(count) }));
  }

  /** Numbers that no job has processed, up to the largest that one did. */
  async lost(): Promise<number[]> {
    const seen = new Set((await this.all()).map(({ number }) => number));
    const last = Math.max(0, ...seen);
    return Array.from({ length: last }, (_, i) => i + 1).filter((number) => !seen.has(number));
  }

  /** Numbers that were processed more than once. */
  async repeated(): Promise<number[]> {
    const times = new Map<number, number>();
    for (const { number } of await this.all()) times.set(number, (times.get(number) ?? 0) + 1);
    return [...times].filter(([, count]) => count > 1).map(([number]) => number);
  }

  /** Elements whose state did not belong to their place in the sequence. */
  async torn(): Promise<Counted[]> {
    return (await this.all()).filter(({ number, count }) => number !== count);
  }
}
