import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessIdentity } from "../machine/process.ts";
import { hasCode } from "../machine/system-error.ts";
import type { NodeState } from "../node/node.ts";
import type { KubeKind } from "./instance.ts";

/** What `kube.json` in the directory of a cluster says: enough to find, restart and stop it. */
export interface KubeState {
  readonly kind: KubeKind;
  readonly dir: string;
  readonly kubeconfig: string;
  readonly tokenKubeconfig?: string;
  readonly server: string;
  readonly port: number;
  readonly kubectl: readonly string[];
  /** Embedded only. */
  readonly scheduler?: boolean;
  readonly ownerPid?: number;
  /** Embedded only: of the node that runs, or ran. */
  readonly node?: NodeState;
  /** Embedded only, the API server first; none when it was stopped. */
  readonly processes: readonly ProcessIdentity[];
}

/** The state of the cluster that was started in `dir`, running or not; undefined when there never was one. */
export async function readKubeState(dir: string): Promise<KubeState | undefined> {
  try {
    return JSON.parse(await readFile(stateFile(dir), "utf8")) as KubeState;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

export async function writeKubeState(state: KubeState): Promise<void> {
  const temporary = `${stateFile(state.dir)}.${randomUUID().slice(0, 8)}.tmp`;
  await writeFile(temporary, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  await rename(temporary, stateFile(state.dir));
}

function stateFile(dir: string): string {
  return join(dir, "kube.json");
}
