import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A process of the bench's own, which ends when the bench does. */
export class Child<Started> {
  readonly started: Started;
  readonly pid: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, started: Started) {
    this.#process = process;
    this.pid = process.pid ?? 0;
    this.started = started;
  }

  /** Resolves when the script has sent `{started}`. */
  static async start<Started>(script: string, args: readonly string[] = []): Promise<Child<Started>> {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const child = fork(path, args, { stdio: ["ignore", 2, 2, "ipc"] });
    const ended = once(child, "exit").then(() => {
      throw new Error(`${script} ended before it was ready`);
    });
    const [{ started }] = (await Promise.race([once(child, "message"), ended])) as [{ started: Started }];
    ended.catch(() => undefined);
    return new Child(child, started);
  }

  /** Sends a message; resolves with the `report` that comes back. */
  async report<Report>(message: object = {}): Promise<Report> {
    const answer = once(this.#process, "message");
    this.#process.send(message);
    const [{ report }] = (await answer) as [{ report: Report }];
    return report;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.disconnect();
    await gone;
  }
}
