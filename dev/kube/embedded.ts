import { join } from "node:path";
import { registerInstance, unregisterInstance } from "../machine/instances.ts";
import { areFree, freePorts } from "../machine/ports.ts";
import { end, isRunning, type ProcessIdentity, send } from "../machine/process.ts";
import { controlPlaneBinary } from "./build.ts";
import { launchControlPlane } from "./control-plane.ts";
import { KubeError } from "./errors.ts";
import type { KubeInstance, StartKubeOptions } from "./instance.ts";
import { type KubeState, writeKubeState } from "./state.ts";

/** It takes half a second to end; longer only on a machine that is very busy. */
const graceMillis = 15_000;

/** Kubernetes as processes of this machine: API server with etcd, controller manager, on request the scheduler. */
export class EmbeddedKube implements KubeInstance {
  readonly kind = "embedded";
  #state: KubeState;
  #startedInMs = 0;

  /** For one that runs, or ran. */
  constructor(state: KubeState) {
    this.#state = state;
  }

  /** In a directory where none runs; `previous` is what is known of one that did. */
  static async start(options: StartKubeOptions, previous: KubeState | undefined): Promise<EmbeddedKube> {
    const { dir, scheduler = false, ownerPid, progress = () => {} } = options;
    const binary = await controlPlaneBinary(progress);
    const port = await choosePort(options.port, previous?.port);
    progress(`Starting Kubernetes in ${dir} (usually 3 s) ...`);
    const kube = new EmbeddedKube({
      kind: "embedded",
      dir,
      kubeconfig: join(dir, "admin.kubeconfig"),
      tokenKubeconfig: join(dir, "token.kubeconfig"),
      server: `https://127.0.0.1:${port}`,
      port,
      kubectl: [binary, "kubectl"],
      scheduler,
      ...(ownerPid !== undefined && { ownerPid }),
      processes: [],
    });
    await kube.#launch();
    return kube;
  }

  get dir() {
    return this.#state.dir;
  }
  get kubeconfig() {
    return this.#state.kubeconfig;
  }
  get tokenKubeconfig() {
    return this.#state.tokenKubeconfig!;
  }
  get server() {
    return this.#state.server;
  }
  get port() {
    return this.#state.port;
  }
  get kubectl() {
    return this.#state.kubectl;
  }
  get pids() {
    return this.#state.processes.map(({ pid }) => pid);
  }
  get startedInMs() {
    return this.#startedInMs;
  }

  stop(): Promise<void> {
    return this.kill("SIGTERM");
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const [apiServer, ...others] = this.#state.processes;
    if (apiServer === undefined) return;
    if (signal === "SIGSTOP" || signal === "SIGCONT") return send(apiServer, signal);
    // One that was stopped by SIGSTOP would not hear of it.
    send(apiServer, "SIGCONT");
    await end(apiServer, signal, graceMillis);
    await Promise.all(others.map((process) => end(process, "SIGKILL", 0)));
    await this.#save([]);
    await unregisterInstance(this.dir);
  }

  async restart(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.kill(signal);
    await this.#launch();
  }

  async #launch(): Promise<void> {
    const { dir, port, kubectl, scheduler = false, ownerPid } = this.#state;
    const begin = performance.now();
    await launchControlPlane({
      binary: kubectl[0]!,
      dir,
      port,
      scheduler,
      ...(ownerPid !== undefined && { ownerPid }),
      onProcesses: (processes) => this.#save(processes),
    });
    this.#startedInMs = Math.round(performance.now() - begin);
  }

  async #save(processes: readonly ProcessIdentity[]): Promise<void> {
    this.#state = { ...this.#state, processes };
    const { dir, ownerPid } = this.#state;
    if (processes.length > 0)
      await registerInstance({
        kind: "control plane",
        dir,
        pids: processes,
        ...(ownerPid !== undefined && { ownerPid }),
      });
    await writeKubeState(this.#state);
  }
}

/** Whether all of it runs, some of it (a process died, or whoever started it did half-way), or nothing. */
export function condition({ processes }: KubeState): "running" | "broken" | "stopped" {
  const running = processes.filter(isRunning).length;
  if (running === 0) return "stopped";
  // The first one alone has not become ready yet: no control plane here is without a controller manager.
  return running === processes.length && running > 1 ? "running" : "broken";
}

/** A kubeconfig that somebody noted stays right when the port stays the same. */
async function choosePort(wanted: number | undefined, previous: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    if (await areFree([wanted])) return wanted;
    throw new KubeError("KUBE_OPTIONS", `Port ${wanted} is taken by another process`);
  }
  if (previous !== undefined && (await areFree([previous]))) return previous;
  const [port] = await freePorts(1);
  return port!;
}
