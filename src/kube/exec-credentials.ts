import { spawn } from "node:child_process";
import { dirname, isAbsolute, join } from "node:path";
import type { Clock } from "./clock.ts";
import type { Credential, CredentialSource } from "./credentials.ts";
import { KubeError } from "./errors.ts";

/** users[].user.exec of a kubeconfig: a program that prints an ExecCredential. */
export interface ExecPlugin {
  apiVersion: string;
  command: string;
  args?: string[] | null;
  env?: { name: string; value: string }[] | null;
  installHint?: string;
  interactiveMode?: string;
  provideClusterInfo?: boolean;
}

interface Held {
  credential: Credential;
  /** Wall clock, ms since 1970; undefined = until refused. */
  expiresAt: number | undefined;
}

const outputLimit = 1 << 20;
const runLimitMs = 60_000;
/** A token must outlive the request that carries it. */
const marginMs = 10_000;

/** Runs a credential plugin, and again when its credential expires or is refused. */
export class ExecCredentials implements CredentialSource {
  readonly #plugin: ExecPlugin;
  readonly #command: string;
  readonly #info: string;
  readonly #clock: Clock;
  #held: Held | undefined;
  #running: Promise<Held> | undefined;

  /** `kubeconfigPath` resolves a relative command; `cluster` is what the plugin may ask to be told. */
  constructor(plugin: ExecPlugin, kubeconfigPath: string, cluster: Record<string, unknown>, clock: Clock) {
    this.#plugin = plugin;
    const relative = plugin.command.includes("/") && !isAbsolute(plugin.command);
    this.#command = relative ? join(dirname(kubeconfigPath), plugin.command) : plugin.command;
    this.#info = JSON.stringify({
      apiVersion: plugin.apiVersion,
      kind: "ExecCredential",
      spec: { interactive: false, ...(plugin.provideClusterInfo ? { cluster } : {}) },
    });
    this.#clock = clock;
  }

  async current(): Promise<Credential> {
    const held = this.#held;
    if (held && (held.expiresAt === undefined || this.#clock.now() < held.expiresAt - marginMs)) {
      return held.credential;
    }
    // A thousand requests that find the token expired start one plugin.
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    this.#held = await this.#running;
    return this.#held.credential;
  }

  renew(): boolean {
    this.#held = undefined;
    return true;
  }

  async #run(): Promise<Held> {
    const output = await this.#output();
    const status = statusOf(output);
    if (status === undefined) throw this.#failure("printed no ExecCredential with a token or a certificate");
    const expires = status.expirationTimestamp ? Date.parse(status.expirationTimestamp) : Number.NaN;
    return {
      credential: {
        headers: status.token ? { authorization: `Bearer ${status.token}` } : {},
        cert: status.clientCertificateData,
        key: status.clientKeyData,
      },
      expiresAt: Number.isNaN(expires) ? undefined : expires,
    };
  }

  #output(): Promise<string> {
    const env: NodeJS.ProcessEnv = { ...process.env, KUBERNETES_EXEC_INFO: this.#info };
    for (const { name, value } of this.#plugin.env ?? []) env[name] = value;
    return new Promise((resolve, reject) => {
      const child = spawn(this.#command, this.#plugin.args ?? [], {
        env,
        stdio: ["ignore", "pipe", "pipe"],
        timeout: runLimitMs,
      });
      let output = "";
      let complaint = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (output.length > outputLimit) child.kill();
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        complaint = (complaint + text).slice(0, 1024);
      });
      child.on("error", (cause) =>
        reject(this.#failure(this.#plugin.installHint ?? "could not be started", cause)),
      );
      child.on("close", (exitCode, signal) => {
        if (exitCode === 0) resolve(output);
        else reject(this.#failure(`ended with ${signal ?? `code ${exitCode}`}: ${complaint.trim()}`));
      });
    });
  }

  #failure(what: string, cause?: unknown): KubeError {
    // The program may work again in a moment (it asks a server of its own).
    return new KubeError("BadConfig", `The credential plugin ${this.#command} ${what}`, {
      cause,
      retry: { kind: "backoff" },
    });
  }
}

interface ExecStatus {
  token?: string;
  clientCertificateData?: string;
  clientKeyData?: string;
  expirationTimestamp?: string;
}

function statusOf(output: string): ExecStatus | undefined {
  try {
    const { status } = JSON.parse(output) as { status?: ExecStatus };
    return status && (status.token || (status.clientCertificateData && status.clientKeyData))
      ? status
      : undefined;
  } catch {
    return undefined;
  }
}
