import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { end, identify, type ProcessIdentity } from "../machine/process.ts";
import { hasCode } from "../machine/system-error.ts";
import type { LocalNode } from "../node/node.ts";
import { KubeError } from "./errors.ts";

export interface Launch {
  readonly binary: string;
  readonly dir: string;
  readonly port: number;
  readonly scheduler: boolean;
  /** In whose networks it is to run, and for which node. */
  readonly node?: LocalNode;
  readonly ownerPid?: number;
  /** Called with the first process as soon as it runs, and with all when the API server is ready. */
  readonly onProcesses: (processes: readonly ProcessIdentity[]) => Promise<void>;
}

const readyMillis = 120_000;
const pollMillis = 20;
const tailBytes = 8_000;

/** Runs `controlplane up` detached from this process, until its API server is ready. Throws KubeError. */
export async function launchControlPlane(launch: Launch): Promise<void> {
  const { dir } = launch;
  const ready = join(dir, "ready.json");
  // What one that was killed left there would be taken for this one's.
  await rm(ready, { force: true });
  const child = await spawnControlPlane(launch);
  const first = identify(child.pid!);
  try {
    if (first !== undefined) await launch.onProcesses([first]);
    const pids = await untilReady(ready, child);
    const all = pids.map(identify).filter((process) => process !== undefined);
    if (first === undefined || all.length < pids.length)
      throw new Error("A process ended right after its start");
    await launch.onProcesses(all);
  } catch (cause) {
    if (first !== undefined) await end(first, "SIGKILL", 0);
    const log = await tail(logFile(dir));
    throw new KubeError("KUBE_START", `Kubernetes did not start in ${dir}: ${message(cause)}\n${log}`, {
      cause,
    });
  }
}

export function logFile(dir: string): string {
  return join(dir, "controlplane.log");
}

async function spawnControlPlane(launch: Launch): Promise<ChildProcess> {
  const { binary, dir, port, scheduler, node, ownerPid } = launch;
  const [command, ...args] = [
    ...(node?.networkPrefix ?? []),
    binary,
    "up",
    `--dir=${dir}`,
    `--port=${port}`,
    ...(scheduler ? ["--scheduler"] : []),
    ...(node === undefined ? [] : nodeFlags(node)),
    ...(ownerPid === undefined ? [] : [`--owner-pid=${ownerPid}`]),
  ];
  const log = await open(logFile(dir), "w", 0o600);
  try {
    const child = spawn(command!, args, { detached: true, stdio: ["ignore", log.fd, log.fd] });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

function nodeFlags({ name, addresses }: LocalNode): string[] {
  const { node, pods, services } = addresses;
  return [`--node=${name}`, `--bind=${node}`, `--pod-cidr=${pods}`, `--service-cidr=${services}`];
}

/** The process numbers, the API server's first. */
async function untilReady(ready: string, child: ChildProcess): Promise<number[]> {
  const deadline = performance.now() + readyMillis;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`it ended at once (${child.exitCode ?? child.signalCode})`);
    const pids = await readPids(ready);
    if (pids !== undefined) return pids;
    if (performance.now() > deadline) throw new Error(`it is not ready after ${readyMillis / 1000} s`);
    await delay(pollMillis);
  }
}

async function readPids(ready: string): Promise<number[] | undefined> {
  try {
    const { pids } = JSON.parse(await readFile(ready, "utf8")) as { pids: Record<string, number> };
    const { "kube-apiserver": first = 0, ...others } = pids;
    return [first, ...Object.values(others)];
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function tail(file: string): Promise<string> {
  const text = await readFile(file, "utf8");
  return text.slice(-tailBytes).trimEnd();
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
