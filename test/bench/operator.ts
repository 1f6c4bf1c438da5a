import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What `npm run build` makes. */
export const bundle = fileURLToPath(new URL("../../dist/operator.mjs", import.meta.url));

const startLimitMs = 30_000;

/** The bundled operator, as it is shipped. */
export class BundledOperator {
  readonly pid: number;
  /** From spawn to the log line that says it works, in ms. */
  readonly readyMs: number;
  readonly #process: ChildProcess;
  readonly #metricsAddress: string;

  private constructor(process: ChildProcess, readyMs: number, metricsAddress: string) {
    this.#process = process;
    this.pid = process.pid ?? 0;
    this.readyMs = readyMs;
    this.#metricsAddress = metricsAddress;
  }

  /** No leader election: a lease is not part of what is measured. Everything else is as by default. */
  static async start(kubeconfig: string, namespace: string): Promise<BundledOperator> {
    const flags = ["--kubeconfig", kubeconfig, "--namespace", namespace, "--log-format", "json"];
    const addresses = ["--metrics-address", "127.0.0.1:0", "--health-address", "127.0.0.1:0"];
    const begin = performance.now();
    const child = spawn(process.execPath, [bundle, ...flags, ...addresses], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const strike = () => void child.kill("SIGKILL");
    process.once("exit", strike);
    child.once("exit", () => process.off("exit", strike));
    let metrics = "";
    let warnings = 0;
    const ready = await new Promise<number>((resolve, reject) => {
      const late = () => reject(new Error(`The operator does not work within ${startLimitMs} ms`));
      setTimeout(late, startLimitMs).unref();
      child.on("exit", (code) => reject(new Error(`The operator ended with ${code}`)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        const { message, level, address } = JSON.parse(line) as Record<string, string>;
        if (message === "Serving metrics") metrics = address ?? "";
        if (message === "Started to work") resolve(performance.now() - begin);
        // What goes wrong belongs beside the figures, but not a thousand times.
        if ((level === "warn" || level === "error") && warnings++ < 5)
          process.stderr.write(`operator: ${line.slice(0, 500)}\n`);
      });
    });
    return new BundledOperator(child, ready, metrics);
  }

  /** The sum of a counter over the label sets that `matches` says yes to. */
  async count(name: string, matches: (labels: string) => boolean = () => true): Promise<number> {
    const reply = await fetch(`http://${this.#metricsAddress}/metrics`);
    const lines = (await reply.text()).split("\n").filter((line) => line.startsWith(`${name}{`));
    const mine = lines.filter((line) => matches(line.slice(0, line.lastIndexOf("}"))));
    return mine.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  /** Everything that it has written to the API server so far: status, finalizers, events. */
  writes(): Promise<number> {
    return this.count("rest_client_requests_total", (labels) => !labels.includes('method="GET"'));
  }

  async stop(): Promise<void> {
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await gone;
  }
}
