import { join } from "node:path";
import type { Image } from "../image/image.ts";
import { pauseImage } from "../image/shell.ts";
import type { Progress } from "../machine/cache.ts";
import { registerInstance, unregisterInstance } from "../machine/instances.ts";
import { areFree, freePorts } from "../machine/ports.ts";
import { end, isRunning, type ProcessIdentity, send } from "../machine/process.ts";
import { endNode, LocalNode, type NodeState } from "../node/node.ts";
import { ensureNodePackages } from "../node/packages.ts";
import { builtBinary } from "./build.ts";
import { launchControlPlane } from "./control-plane.ts";
import { KubeError } from "./errors.ts";
import type { KubeInstance, StartKubeOptions } from "./instance.ts";
import { clusterDns, controlPlane } from "./program.ts";
import { type KubeState, writeKubeState } from "./state.ts";

/** It takes half a second to end; longer only on a machine that is very busy. */
const graceMillis = 15_000;

/** Of an API server that has an address of its own. */
const nodePort = 6443;

/** Kubernetes as processes of this machine: API server with etcd, controller manager, on request scheduler and node. */
export class EmbeddedKube implements KubeInstance {
  readonly kind = "embedded";
  #state: KubeState;
  #node: LocalNode | undefined;
  #startedInMs = 0;

  /** For one that runs, or ran. */
  constructor(state: KubeState) {
    this.#state = state;
    if (state.node !== undefined) this.#node = new LocalNode(state.node, (node) => this.#change({ node }));
  }

  /** In a directory where none runs; `previous` is what is known of one that did. */
  static async start(options: StartKubeOptions, previous: KubeState | undefined): Promise<EmbeddedKube> {
    const { dir, node, ownerPid, progress = () => {} } = options;
    if (node !== undefined) await ensureNodePackages(progress);
    const binary = await builtBinary(controlPlane, progress);
    const port = node === undefined ? await choosePort(options.port, previous?.port) : nodePort;
    const kube = new EmbeddedKube({
      kind: "embedded",
      dir,
      kubeconfig: join(dir, "admin.kubeconfig"),
      tokenKubeconfig: join(dir, "token.kubeconfig"),
      server: `https://127.0.0.1:${port}`,
      port,
      kubectl: [binary, "kubectl"],
      scheduler: options.scheduler === true || node !== undefined,
      ...(ownerPid !== undefined && { ownerPid }),
      processes: [],
    });
    if (node === undefined) {
      progress(`Starting Kubernetes in ${dir} (usually 3 s) ...`);
      await kube.#launch();
    } else await kube.#startWithNode(node.images, previous?.node, progress);
    return kube;
  }

  async #startWithNode(images: readonly Image[], previous: NodeState | undefined, progress: Progress) {
    const { dir, ownerPid, kubectl, kubeconfig } = this.#state;
    const dns = await builtBinary(clusterDns, progress);
    const pause = await pauseImage(progress);
    progress(`Starting Kubernetes with a node in ${dir} (usually 5 s) ...`);
    const begin = performance.now();
    const node = await LocalNode.open({
      dir: join(dir, "node"),
      ...(previous !== undefined && { previous }),
      ...(ownerPid !== undefined && { ownerPid }),
      onChange: (state) => this.#change({ node: state }),
    });
    this.#node = node;
    try {
      await this.#change({ server: `https://${node.addresses.node}:${this.port}` });
      await Promise.all([this.#launch(), node.startContainers({ controlPlane: dir, pause, images })]);
      const asAdministrator = [...kubectl, `--kubeconfig=${kubeconfig}`];
      if (previous !== undefined) await node.forgetRegistration(asAdministrator);
      await node.join({ controlPlane: dir, binary: kubectl[0]!, dns });
      await node.untilReady(asAdministrator);
    } catch (error) {
      await this.#end("SIGKILL");
      throw error;
    }
    this.#startedInMs = Math.round(performance.now() - begin);
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
  get node() {
    return this.#node;
  }
  get startedInMs() {
    return this.#startedInMs;
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  /** The node before those who would make new pods of the ones that it loses. */
  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#state.node !== undefined) await endNode(this.#state.node);
    this.#node = undefined;
    await this.kill(signal);
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
    if (this.#state.node !== undefined && this.#node === undefined)
      throw new KubeError("KUBE_OPTIONS", `The node in ${dir} was stopped: start both again`);
    const begin = performance.now();
    await launchControlPlane({
      binary: kubectl[0]!,
      dir,
      port,
      scheduler,
      ...(this.#node !== undefined && { node: this.#node }),
      ...(ownerPid !== undefined && { ownerPid }),
      onProcesses: (processes) => this.#save(processes),
    });
    this.#startedInMs = Math.round(performance.now() - begin);
  }

  async #save(processes: readonly ProcessIdentity[]): Promise<void> {
    const { dir, ownerPid } = this.#state;
    if (processes.length > 0)
      await registerInstance({
        kind: "control plane",
        dir,
        pids: processes,
        ...(ownerPid !== undefined && { ownerPid }),
      });
    await this.#change({ processes });
  }

  async #change(changed: Partial<KubeState>): Promise<void> {
    this.#state = { ...this.#state, ...changed };
    await writeKubeState(this.#state);
  }
}

/** Whether all of it runs, some of it (a process died, or whoever started it did half-way), or nothing. */
export function condition({ processes, node }: KubeState): "running" | "broken" | "stopped" {
  const ofNode = node === undefined ? [] : [node.init, ...node.parts.map(({ process }) => process)];
  const all = [...processes, ...ofNode];
  const running = all.filter(isRunning).length;
  if (running === 0) return "stopped";
  // The first one alone has not become ready yet: no control plane here is without a controller manager.
  return running === all.length && processes.length > 1 ? "running" : "broken";
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
