import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { eventually } from "./eventually.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** It ends when its standard input does, that is with the tests, however these end. */
const leash = `data:text/javascript,process.stdin.resume().on("end",()=>process.kill(process.pid,"SIGKILL")).unref()`;
const startLimitMs = 20_000;

/** What is run, as a user runs it. */
export type Program = "src/main.ts" | "src/gateway-main.ts";

/** Flags that every test wants, and what the log says when the program is there. */
const habits: Readonly<Record<Program, { flags: readonly string[]; saying: string }>> = {
  "src/main.ts": { flags: ["--poll-interval", "1s"], saying: "Started to work" },
  "src/gateway-main.ts": {
    flags: ["--address", "127.0.0.1:0", "--insecure-loopback"],
    saying: "Serving the gateway",
  },
};

export interface OperatorOptions {
  /** Default: the operator. */
  readonly program?: Program;
  readonly kubeconfig: string;
  /** What it looks after; other tests' operators look after theirs. */
  readonly namespaces: readonly string[];
  /** Further flags; a later one wins. */
  readonly args?: readonly string[];
  /** Modules that are loaded before it. */
  readonly imports?: readonly string[];
  /** What its log says when it is there; default: that it works. A standby works later. */
  readonly saying?: "Started to work" | "Filled the caches";
}

/** One line of its log. */
export interface LogLine {
  readonly level: string | number;
  readonly message: string;
  readonly [key: string]: unknown;
}

/** The operator in a process of its own, which may be killed at any moment. */
export class Operator {
  readonly log: LogLine[] = [];
  /** What it wrote that is no log line: nothing, unless something is wrong. */
  readonly noise: string[] = [];
  readonly #options: OperatorOptions;
  #child: ChildProcess | undefined;

  private constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /** Resolves when it works. */
  static async start(options: OperatorOptions): Promise<Operator> {
    const operator = new Operator(options);
    await operator.start();
    return operator;
  }

  /** After kill() or stop(). */
  async start(): Promise<void> {
    if (this.#child) throw new Error("The operator runs already");
    const { kubeconfig, namespaces, args = [], program = "src/main.ts", imports = [] } = this.#options;
    const { saying = habits[program].saying } = this.#options;
    const flags = [
      ...["--kubeconfig", kubeconfig, "--metrics-address", "127.0.0.1:0", ...habits[program].flags],
      ...["--log-format", "json", "--log-level", "debug"],
      ...namespaces.flatMap((namespace) => ["--namespace", namespace]),
      ...args,
    ];
    const child = spawn(
      process.execPath,
      [...[leash, ...imports].flatMap((each) => ["--import", each]), program, ...flags],
      {
        cwd: root,
        stdio: "pipe",
      },
    );
    this.#child = child;
    const from = this.log.length;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#read(line));
    }
    try {
      await eventually(() => {
        const said = this.noise.join("\n");
        if (child.exitCode !== null) throw new Error(`The operator ended with ${child.exitCode}: ${said}`);
        return this.log.slice(from).some(({ message }) => message === saying);
      }, startLimitMs);
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** Resolves when the process is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "close");
    child.kill(signal);
    await gone;
  }

  /** Stops it as it stands (SIGSTOP), wherever it is, or lets it go on (SIGCONT). */
  send(signal: "SIGSTOP" | "SIGCONT"): void {
    if (!this.#child?.kill(signal)) throw new Error("The operator does not run");
  }

  /** Waits until it has ended by itself; its exit code. */
  async ended(limitMs = 10_000): Promise<number> {
    const code = await eventually(() => this.#child?.exitCode ?? false, limitMs);
    this.#child = undefined;
    return code;
  }

  /** What the newest line of the log with this message says in this field. */
  told(message: string, field: string): string {
    return String(this.log.findLast((line) => line.message === message)?.[field] ?? "");
  }

  /** Whether its log says so, now or earlier. */
  said(message: string): boolean {
    return this.log.some((line) => line.message === message);
  }

  async restart(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.kill(signal);
    await this.start();
  }

  get runs(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** The sum of a metric over all its label sets that hold `label="value"` for each of `labels`. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const serving = this.log.findLast(({ message }) => message === "Serving metrics");
    const reply = await fetch(`http://${String(serving?.address)}/metrics`, {
      signal: AbortSignal.timeout(5_000),
    });
    const lines = (await reply.text()).split("\n").filter((line) => /^[a-z_]+[{ ]/.test(line));
    const mine = lines.filter(
      (line) =>
        line.split(/[{ ]/, 1)[0] === name &&
        Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)),
    );
    return mine.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  #read(line: string): void {
    if (!line.startsWith("{")) {
      this.noise.push(line);
      return;
    }
    this.log.push(JSON.parse(line) as LogLine);
  }
}
