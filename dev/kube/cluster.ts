import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { reapDead } from "../machine/instances.ts";
import { withLock } from "../machine/lock.ts";
import { condition, EmbeddedKube } from "./embedded.ts";
import { KubeError } from "./errors.ts";
import { ForeignKube } from "./foreign.ts";
import type { KubeInstance, KubeKind, StartKubeOptions } from "./instance.ts";
import { type KubeState, readKubeState } from "./state.ts";

export type { KubeInstance, KubeKind, StartKubeOptions } from "./instance.ts";

/**
 * Starts a Kubernetes cluster in `dir`, or returns the one that already runs there. Ready when /readyz says so (2-3 s
 * once the binary is built). What an earlier cluster left in `dir` is used again: objects, port, credentials.
 * Throws PrerequisitesError, KubeError.
 */
export async function startKube(options: StartKubeOptions): Promise<KubeInstance> {
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return withDirectory(dir, () => startIn({ ...options, dir }), options.progress);
}

/** Ends the cluster in `dir`. False when none ran there. */
export async function stopKube(dir: string): Promise<boolean> {
  const absolute = resolve(dir);
  return withDirectory(absolute, async () => {
    const state = await readKubeState(absolute);
    if (state === undefined || !exists(state)) return false;
    await instanceOf(state).stop();
    return true;
  });
}

/** Ends the embedded cluster in `dir` with a signal (default SIGTERM) and starts it again, as it was. Throws KubeError. */
export async function restartKube(dir: string, signal: NodeJS.Signals = "SIGTERM"): Promise<KubeInstance> {
  const absolute = resolve(dir);
  return withDirectory(absolute, async () => {
    const state = await readKubeState(absolute);
    if (state === undefined)
      throw new KubeError("KUBE_OPTIONS", `No cluster has ever been started in ${absolute}`);
    const kube = instanceOf(state);
    await kube.restart(signal);
    return kube;
  });
}

async function startIn(options: StartKubeOptions): Promise<KubeInstance> {
  await reapDead(options.progress);
  const { dir, kind = "embedded" } = options;
  const previous = await readKubeState(dir);
  if (previous !== undefined && exists(previous)) {
    const kube = instanceOf(previous);
    if (previous.kind !== "embedded" || condition(previous) === "running") {
      refuseOther(previous, kind, options);
      for (const image of options.node?.images ?? []) await kube.node?.containers.bring(image);
      return kube;
    }
    await kube.stop();
  }
  if (kind === "kind") return ForeignKube.startKind(options);
  if (kind === "current") return ForeignKube.useCurrent(options);
  return EmbeddedKube.start(options, previous?.kind === "embedded" ? previous : undefined);
}

/** Something other than what was asked for would be a surprise later. */
function refuseOther(previous: KubeState, kind: KubeKind, options: StartKubeOptions): void {
  const { dir, scheduler, node, port } = options;
  const differences = [
    ...(previous.kind === kind ? [] : [`is of kind "${previous.kind}"`]),
    ...(scheduler && !previous.scheduler && previous.kind === "embedded" ? ["has no scheduler"] : []),
    ...(node && !previous.node && previous.kind === "embedded" ? ["has no node"] : []),
    ...(port !== undefined && port !== previous.port ? [`is on port ${previous.port}`] : []),
  ];
  if (differences.length > 0)
    throw new KubeError("KUBE_OPTIONS", `The cluster in ${dir} ${differences.join(", ")}: stop it first`);
}

/** A stopped embedded cluster keeps its state; the other kinds have one only while they are in use. */
function exists(state: KubeState): boolean {
  return state.kind !== "embedded" || condition(state) !== "stopped";
}

function instanceOf(state: KubeState): KubeInstance {
  return state.kind === "embedded" ? new EmbeddedKube(state) : new ForeignKube(state);
}

function withDirectory<T>(
  dir: string,
  body: () => Promise<T>,
  progress: StartKubeOptions["progress"] = () => {},
) {
  return withLock(join(dir, "kube.json"), body, () =>
    progress(`Another process is starting or stopping Kubernetes in ${dir}: waiting for it ...`),
  );
}
