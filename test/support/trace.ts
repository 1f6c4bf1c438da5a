import { readFile } from "node:fs/promises";

export interface TraceEvent {
  readonly event: "main" | "executed" | "task";
  readonly jobId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What Scenario's `--trace FILE` witnessed: how often main() and the tasks really ran. */
export class Trace {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  async events(event?: TraceEvent["event"]): Promise<TraceEvent[]> {
    const text = await readFile(this.file, "utf8").catch((error: NodeJS.ErrnoException) => {
      // Nothing has run yet.
      if (error.code === "ENOENT") return "";
      throw error;
    });
    const events = text.split("\n").flatMap((line): TraceEvent[] => {
      const [what, jobId, at] = line.split(" ");
      if (what !== "main" && what !== "executed" && what !== "task") return [];
      return [{ event: what, jobId: jobId ?? "", at: Number(at) }];
    });
    return event === undefined ? events : events.filter((one) => one.event === event);
  }

  /** How often main() was begun. */
  async mains(): Promise<number> {
    return (await this.events("main")).length;
  }
}
