import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Progress } from "../machine/cache.ts";
import { reapDead } from "../machine/instances.ts";
import { withLock } from "../machine/lock.ts";
import { areFree, freePorts } from "../machine/ports.ts";
import { identify } from "../machine/process.ts";
import { removeAbandonedRecordings } from "./archive.ts";
import { clusterConfiguration, configurationFile, type FlinkPorts, zooKeeperFile } from "./configuration.ts";
import { ensureFlinkHome } from "./home.ts";
import { type FlinkInstance, LocalFlink } from "./instance.ts";
import { defaultVersion } from "./release.ts";
import { type ClusterState, condition, readState } from "./state.ts";

export type { FlinkInstance } from "./instance.ts";

export interface StartFlinkOptions {
  /** Everything of this cluster is in it: configuration, logs, JARs, checkpoints, HA data, process numbers. */
  readonly dir: string;
  /** "2.3" (default), "1.20", or a full release. */
  readonly version?: string;
  /** With ZooKeeper, and with the results of finished jobs kept, so that no JobID ever runs twice. */
  readonly ha?: boolean;
  /** Of each TaskManager; default 4. */
  readonly slots?: number;
  /** Default 1. */
  readonly taskManagers?: number;
  /** Flink configuration keys that win over ours. */
  readonly config?: Readonly<Record<string, string>>;
  /** Once this process is gone, the next startFlink() of anybody ends the cluster; without one it goes on until stopFlink(). */
  readonly ownerPid?: number;
  readonly progress?: Progress;
}

const subdirectories = ["conf", "logs", "tmp", "upload", "checkpoints", "savepoints", "ha", "zookeeper"];

/**
 * Starts a real Flink session cluster in `dir`, or returns the one that already runs there. Ready when REST answers and
 * all slots are registered (2-3 s). What an earlier cluster left in `dir` is used again: with HA its jobs come back.
 * Throws FlinkStartError, ToolError.
 */
export async function startFlink(options: StartFlinkOptions): Promise<FlinkInstance> {
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true });
  return withLock(
    join(dir, "flink.lock"),
    () => startIn(dir, options),
    () => options.progress?.(`Another process is starting or stopping Flink in ${dir}: waiting for it ...`),
  );
}

/** Ends the cluster in `dir`. False when none ran there. */
export async function stopFlink(dir: string): Promise<boolean> {
  const absolute = resolve(dir);
  const state = await readState(absolute);
  if (state === undefined || condition(state) === "stopped") return false;
  await withLock(join(absolute, "flink.lock"), async () => (await LocalFlink.of(state)).stop());
  return true;
}

async function startIn(dir: string, options: StartFlinkOptions): Promise<LocalFlink> {
  await reapDead(options.progress ?? (() => {}));
  const previous = await readState(dir);
  if (previous !== undefined && condition(previous) === "running") return LocalFlink.of(previous);
  if (previous !== undefined && condition(previous) === "broken")
    await (await LocalFlink.of(previous)).stop();

  const { ha = false, slots = 4, taskManagers = 1, progress = () => {} } = options;
  const owner = options.ownerPid === undefined ? undefined : identify(options.ownerPid);
  if (options.ownerPid !== undefined && owner === undefined)
    throw new Error(`No process ${options.ownerPid} to be the owner`);
  const home = await ensureFlinkHome(options.version ?? defaultVersion, progress);
  await removeAbandonedRecordings(home);
  const ports = await choosePorts(ha, previous?.ports);
  const config = clusterConfiguration({
    release: home.release,
    dir,
    ports,
    slots,
    config: options.config ?? {},
  });
  await writeConfiguration(home.release, dir, config, ports);
  const empty: ClusterState = {
    release: home.release,
    dir,
    ha,
    url: `http://127.0.0.1:${config["rest.port"]}`,
    slots: Number(config["taskmanager.numberOfTaskSlots"]),
    ports,
    taskManagers: [],
    ...(owner !== undefined && { owner }),
  };
  progress(`Starting Flink ${home.release}${ha ? " with ZooKeeper" : ""} (usually 2-5 s) ...`);
  return LocalFlink.start(home, empty, taskManagers);
}

/** The ones of the last time, if they are still free: a URL that somebody noted stays right. */
async function choosePorts(ha: boolean, previous: FlinkPorts | undefined): Promise<FlinkPorts> {
  if (previous !== undefined && (previous.zooKeeper !== undefined) === ha) {
    if (await areFree(Object.values(previous))) return previous;
  }
  const [rest, rpc, blob, zooKeeper] = await freePorts(4);
  return { rest: rest!, rpc: rpc!, blob: blob!, ...(ha && { zooKeeper: zooKeeper! }) };
}

async function writeConfiguration(
  release: string,
  dir: string,
  config: Record<string, string>,
  ports: FlinkPorts,
) {
  for (const name of subdirectories) await mkdir(join(dir, name), { recursive: true });
  const conf = join(dir, "conf");
  const file = configurationFile(release, config);
  await writeFile(join(conf, file.name), file.text);
  await copyFile(join(import.meta.dirname, "log4j.properties"), join(conf, "log4j.properties"));
  if (ports.zooKeeper !== undefined)
    await writeFile(join(conf, "zoo.cfg"), zooKeeperFile(dir, ports.zooKeeper));
}
