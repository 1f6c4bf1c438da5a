import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmod, mkdir, open, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Image } from "../image/image.ts";
import { KubeError } from "../kube/errors.ts";
import { makeCgroup, removeCgroup } from "../machine/cgroup.ts";
import { digest } from "../machine/digest.ts";
import { registerInstance, unregisterInstance } from "../machine/instances.ts";
import { end, identify, isRunning, type ProcessIdentity } from "../machine/process.ts";
import type { NodeAddresses } from "./addresses.ts";
import { nodeFiles } from "./configuration.ts";
import { ContainerStore } from "./container-store.ts";
import { entering, openNamespaces, seenFromOutside } from "./namespaces.ts";

export const nodeName = "local";
const graceMillis = 5_000;
const readySeconds = 60;
const run = promisify(execFile);

/** What is kept of a node: enough to find and end it. */
export interface NodeState {
  /** Absolute; its files, and what outlasts a restart. */
  readonly dir: string;
  readonly addresses: NodeAddresses;
  readonly cgroup: string;
  /** The first process of its namespaces: with it everything ends. */
  readonly init: ProcessIdentity;
  readonly parts: readonly Part[];
}

interface Part {
  readonly name: string;
  readonly process: ProcessIdentity;
}

/** A Kubernetes node of this machine: containerd, kubelet, kube-proxy and DNS in namespaces of their own. */
export class LocalNode {
  readonly name = nodeName;
  readonly containers: ContainerStore;
  #state: NodeState;
  readonly #onChange: (state: NodeState) => Promise<void>;

  /** For one that runs. */
  constructor(state: NodeState, onChange: (state: NodeState) => Promise<void>) {
    this.#state = state;
    this.#onChange = onChange;
    this.containers = new ContainerStore(seenFromOutside(state, "/run/containerd/containerd.sock"));
  }

  /** Opens its namespaces in `dir`, in which the control plane may start. With the networks of `previous`. Throws KubeError. */
  static async open(options: {
    readonly dir: string;
    readonly previous?: NodeState;
    readonly ownerPid?: number;
    readonly onChange: (state: NodeState) => Promise<void>;
  }): Promise<LocalNode> {
    const { dir, previous, ownerPid, onChange } = options;
    const owner = ownerPid === undefined ? undefined : identify(ownerPid);
    const { addresses, init } = await openNamespaces({
      state: dir,
      ...(previous !== undefined && { slot: previous.addresses.slot }),
      ...(owner !== undefined && { owner }),
    });
    const cgroup = `flinkjob-${digest(dir)}`;
    await registerInstance({
      kind: "node",
      dir,
      pids: [init],
      cgroup,
      ...(ownerPid !== undefined && { ownerPid }),
    });
    const node = new LocalNode({ dir, addresses, cgroup, init, parts: [] }, onChange);
    await makeCgroup(cgroup);
    // Any user of any pod writes there.
    await mkdir(node.shared, { recursive: true });
    await chmod(node.shared, 0o1777);
    await onChange(node.#state);
    return node;
  }

  get addresses() {
    return this.#state.addresses;
  }
  /** A directory for volumes of kind hostPath. */
  get shared() {
    return join(this.#state.dir, "shared");
  }
  /** A directory in `shared` that any user of any pod may write to. */
  async sharedDirectory(name: string): Promise<string> {
    const path = join(this.shared, name);
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
    return path;
  }
  /** Of a part ("kubelet"), and, below log/pods, of each container. */
  logFile(part: string): string {
    return join(this.#state.dir, "log", `${part}.log`);
  }

  /** What to put before a command that is to see this node's networks, and otherwise this machine. */
  get networkPrefix(): readonly string[] {
    return entering(this.#state, "network");
  }

  /** Starts what runs containers, and brings the images. */
  async startContainers(shape: { controlPlane: string; pause: Image; images: readonly Image[] }) {
    const { dir, addresses, cgroup } = this.#state;
    const { controlPlane, pause, images } = shape;
    const files = nodeFiles({
      addresses,
      nodeName,
      cgroup,
      controlPlane,
      pauseImage: pause.name,
      configuration: dir,
    });
    for (const [name, text] of Object.entries(files)) {
      const path = join(dir, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text, { mode: 0o600 });
    }
    await this.#startPart("containerd", ["containerd", "--config", join(dir, "containerd.toml")]);
    await this.containers.untilItAnswers();
    for (const image of [pause, ...images]) await this.containers.bring(image);
  }

  /** Starts the rest, once the control plane answers. `binary` is the control plane's. */
  async join(programs: { controlPlane: string; binary: string; dns: string }): Promise<void> {
    const { dir, addresses } = this.#state;
    const { controlPlane, binary, dns } = programs;
    await this.#startPart("clusterdns", [dns, "-conf", join(dir, "Corefile")]);
    await this.#startPart("kubelet", [
      ...[binary, "kubelet", `--config=${join(dir, "kubelet.json")}`],
      `--kubeconfig=${join(controlPlane, "kubelet.kubeconfig")}`,
      ...[`--hostname-override=${nodeName}`, `--node-ip=${addresses.node}`],
    ]);
    await this.#startPart("kube-proxy", [binary, "kube-proxy", `--config=${join(dir, "kube-proxy.json")}`]);
  }

  /** Of an earlier start: until somebody notices that its kubelet is gone, it would be taken for ready. */
  async forgetRegistration(kubectl: readonly string[]): Promise<void> {
    const [command = "kubectl", ...prefix] = kubectl;
    await run(command, [...prefix, "delete", "node", nodeName, "--ignore-not-found"]);
  }

  /** Until the API server knows it as ready; `kubectl` is the command with its kubeconfig. Throws KubeError. */
  async untilReady(kubectl: readonly string[]): Promise<void> {
    const [command = "kubectl", ...prefix] = kubectl;
    const object = `node/${nodeName}`;
    try {
      for (const condition of ["create", "condition=Ready"])
        await run(command, [...prefix, "wait", object, `--for=${condition}`, `--timeout=${readySeconds}s`]);
    } catch (cause) {
      const dead = this.#state.parts.find(({ process }) => !isRunning(process));
      const name = dead?.name ?? "kubelet";
      const log = (await readFile(this.logFile(name), "utf8")).trimEnd().split("\n").slice(-15).join("\n");
      const what = dead === undefined ? "is not ready" : `has lost its ${name}`;
      throw new KubeError("KUBE_START", `The node ${what}:\n${log}`, { cause });
    }
  }

  async #startPart(name: string, command: readonly string[]): Promise<void> {
    await mkdir(dirname(this.logFile(name)), { recursive: true });
    const log = await open(this.logFile(name), "w", 0o600);
    try {
      const [first = "nsenter", ...args] = [...entering(this.#state, "all"), ...command];
      const child = spawn(first, args, { cwd: "/", detached: true, stdio: ["ignore", log.fd, log.fd] });
      await spawned(child);
      child.unref();
      const process = identify(child.pid!);
      if (process === undefined) throw new KubeError("KUBE_START", `The node's ${name} ended at once`);
      this.#state = { ...this.#state, parts: [...this.#state.parts, { name, process }] };
      await this.#onChange(this.#state);
    } finally {
      await log.close();
    }
  }
}

/** Ends a node as a power cut would: what is in `dir` stays, and is good for another start. */
export async function endNode({ dir, cgroup, init, parts }: NodeState): Promise<void> {
  await end(init, "SIGTERM", graceMillis);
  // Only what started them is left.
  await Promise.all(parts.map(({ process }) => end(process, "SIGKILL", 0)));
  await removeCgroup(cgroup);
  await unregisterInstance(dir);
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
}
