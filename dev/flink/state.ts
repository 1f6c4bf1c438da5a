import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { registerInstance, unregisterInstance } from "../machine/instances.ts";
import { isRunning, type ProcessIdentity } from "../machine/process.ts";
import { hasCode } from "../machine/system-error.ts";
import type { FlinkPorts } from "./configuration.ts";
import type { Member } from "./jvm.ts";

export interface TaskManagerMember extends Member {
  /** The name under which Flink knows it: another one at each start. */
  readonly resourceId: string;
}

/** What `flink.json` in the directory of a local cluster says: enough to find, restart and stop its processes. */
export interface ClusterState {
  readonly release: string;
  readonly dir: string;
  readonly ha: boolean;
  readonly url: string;
  /** Of each TaskManager. */
  readonly slots: number;
  readonly ports: FlinkPorts;
  readonly jobManager?: Member;
  readonly taskManagers: readonly TaskManagerMember[];
  readonly zooKeeper?: Member;
  /** The cluster is to end when this process is gone. */
  readonly owner?: ProcessIdentity;
}

/** The state of the cluster that was started in `dir`, running or not; undefined when there never was one. */
export async function readState(dir: string): Promise<ClusterState | undefined> {
  try {
    return JSON.parse(await readFile(stateFile(dir), "utf8")) as ClusterState;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

export async function writeState(state: ClusterState): Promise<void> {
  const file = stateFile(state.dir);
  const temporary = `${file}.${randomUUID().slice(0, 8)}.tmp`;
  await writeFile(temporary, `${JSON.stringify(state, undefined, 2)}\n`);
  await rename(temporary, file);
}

export function members(state: ClusterState): Member[] {
  return [state.jobManager, ...state.taskManagers, state.zooKeeper].filter((member) => member !== undefined);
}

/** Whether the cluster is complete, partly there (a process died), or gone. */
export function condition(state: ClusterState): "running" | "broken" | "stopped" {
  const running = members(state).filter((member) => isRunning(member.process)).length;
  if (running === 0) return "stopped";
  return state.jobManager !== undefined && running === members(state).length ? "running" : "broken";
}

function stateFile(dir: string): string {
  return join(dir, "flink.json");
}

/** To be called with every new state: a cluster that has an owner is ended by the next start of anything once that is gone. */
export async function noteInstance(state: ClusterState): Promise<void> {
  const pids = members(state).map((member) => member.process);
  if (pids.length === 0) return unregisterInstance(state.dir);
  if (state.owner === undefined || !isRunning(state.owner)) return;
  await registerInstance({ kind: "Flink", dir: state.dir, pids, ownerPid: state.owner.pid });
}
