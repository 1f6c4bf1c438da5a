import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { residentMiB } from "./process-load.ts";

const bundle = fileURLToPath(new URL("../../dist/gateway.mjs", import.meta.url));
const deployment = fileURLToPath(new URL("../../manifests/gateway/deployment.yaml", import.meta.url));
const startLimitMs = 30_000;

/** The bundled gateway, as it is shipped, but for tokens and the share of each client: all clients here are one. */
export class BundledGateway {
  readonly pid: number;
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.pid = process.pid ?? 0;
    this.url = url;
  }

  static async start(kubeconfig: string, ...more: string[]): Promise<BundledGateway> {
    const flags = ["--kubeconfig", kubeconfig, "--address", "127.0.0.1:0", "--insecure-loopback"];
    const share = ["--client-rate", "100000", "--client-burst", "100000", "--client-concurrency", "1000"];
    const child = spawn(
      process.execPath,
      [...nodeFlags(), bundle, ...flags, ...share, "--log-format", "json", "--log-level", "info", ...more],
      { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, MALLOC_ARENA_MAX: "1" } },
    );
    const strike = () => void child.kill("SIGKILL");
    process.once("exit", strike);
    child.once("exit", () => process.off("exit", strike));
    const url = await new Promise<string>((resolve, reject) => {
      setTimeout(() => reject(new Error("The gateway does not serve in time")), startLimitMs).unref();
      child.on("exit", (code) => reject(new Error(`The gateway ended with ${code}`)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        const { message, level, address } = JSON.parse(line) as Record<string, string>;
        if (message === "Serving the gateway") resolve(address ?? "");
        if (level === "error") process.stderr.write(`gateway: ${line.slice(0, 500)}\n`);
      });
    });
    return new BundledGateway(child, url);
  }

  get residentMiB(): number {
    return residentMiB(this.pid);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }
}

/** Those that its Deployment gives to Node. */
function nodeFlags(): string[] {
  const { spec } = parse(readFileSync(deployment, "utf8"));
  return spec.template.spec.containers[0].command.slice(1, -1);
}
