import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { digest } from "../machine/digest.ts";
import { checkPrerequisites } from "../machine/prerequisites.ts";
import { KubeError } from "./errors.ts";
import type { KubeInstance, KubeKind, StartKubeOptions } from "./instance.ts";
import { type KubeState, writeKubeState } from "./state.ts";

const run = promisify(execFile);

/** Kubernetes in Docker, the Go tool; its default node image is a Kubernetes of the same time. */
const kindModule = "sigs.k8s.io/kind@v0.33.0";

/** A cluster whose processes are not ours: made by kind, or the user's own. */
export class ForeignKube implements KubeInstance {
  readonly startedInMs: number;
  readonly #state: KubeState;

  constructor(state: KubeState, startedInMs = 0) {
    this.#state = state;
    this.startedInMs = startedInMs;
  }

  /** Needs a Docker engine, Go (which fetches and builds kind) and kubectl. Never tried by us without Docker. */
  static async startKind({ dir, progress = () => {} }: StartKubeOptions): Promise<ForeignKube> {
    await checkPrerequisites({ needs: ["docker", "go", "kubectl"] });
    const begin = performance.now();
    const kubeconfig = join(dir, "kind.kubeconfig");
    progress(`Making a cluster with ${kindModule} (usually 1-3 minutes) ...`);
    await kind("create", "cluster", "--name", nameOf(dir), "--kubeconfig", kubeconfig, "--wait", "3m");
    return ForeignKube.#noted("kind", dir, kubeconfig, Math.round(performance.now() - begin));
  }

  /** Copies the current context: when the user switches to another one, we stay with this. */
  static async useCurrent({ dir, progress = () => {} }: StartKubeOptions): Promise<ForeignKube> {
    await checkPrerequisites({ needs: ["kubectl"] });
    const kubeconfig = join(dir, "current.kubeconfig");
    await writeFile(kubeconfig, await view(), { mode: 0o600 });
    const kube = await ForeignKube.#noted("current", dir, kubeconfig, 0);
    progress(`Using the cluster of the current context: ${kube.server}`);
    return kube;
  }

  static async #noted(
    kind: KubeKind,
    dir: string,
    kubeconfig: string,
    startedInMs: number,
  ): Promise<ForeignKube> {
    const server = serverIn(await view("--kubeconfig", kubeconfig));
    const { port, protocol } = new URL(server);
    const state: KubeState = {
      kind,
      dir,
      kubeconfig,
      server,
      port: Number(port || (protocol === "http:" ? 80 : 443)),
      kubectl: ["kubectl"],
      processes: [],
    };
    await writeKubeState(state);
    return new ForeignKube(state, startedInMs);
  }

  get kind() {
    return this.#state.kind;
  }
  get dir() {
    return this.#state.dir;
  }
  get kubeconfig() {
    return this.#state.kubeconfig;
  }
  get server() {
    return this.#state.server;
  }
  get port() {
    return this.#state.port;
  }
  get pids() {
    return [];
  }
  get kubectl() {
    return this.#state.kubectl;
  }

  async stop(): Promise<void> {
    if (this.kind === "kind")
      await kind("delete", "cluster", "--name", nameOf(this.dir), "--kubeconfig", this.kubeconfig);
    await rm(this.kubeconfig, { force: true });
    await rm(join(this.dir, "kube.json"), { force: true });
  }

  async kill(): Promise<void> {
    throw new KubeError("KUBE_OPTIONS", `A cluster of kind "${this.kind}" cannot be killed, only "embedded"`);
  }

  async restart(): Promise<void> {
    throw new KubeError(
      "KUBE_OPTIONS",
      `A cluster of kind "${this.kind}" cannot be restarted, only "embedded"`,
    );
  }
}

function nameOf(dir: string): string {
  return `flinkjob-${digest(dir)}`;
}

async function kind(...args: string[]): Promise<void> {
  try {
    await run("go", ["run", kindModule, ...args], { maxBuffer: 16 * 2 ** 20 });
  } catch (cause) {
    const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : String(cause);
    throw new KubeError("KUBE_START", `kind ${args.slice(0, 2).join(" ")} failed:\n${stderr.slice(-4_000)}`, {
      cause,
    });
  }
}

/** One context alone, with the content of the files that it names. JSON is YAML too. */
async function view(...flags: string[]): Promise<string> {
  const args = ["config", "view", "--minify", "--flatten", "--raw", "--output=json", ...flags];
  try {
    return (await run("kubectl", args)).stdout;
  } catch (cause) {
    const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new KubeError("KUBE_START", `There is no current kubeconfig context: ${stderr}`, { cause });
  }
}

function serverIn(kubeconfig: string): string {
  const { clusters } = JSON.parse(kubeconfig) as { clusters: { cluster: { server: string } }[] | null };
  const server = clusters?.[0]?.cluster.server;
  if (server === undefined) throw new KubeError("KUBE_START", "The kubeconfig's context names no cluster");
  return server;
}
