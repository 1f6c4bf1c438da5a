import { join } from "node:path";
import { isAtLeast } from "./release.ts";

/** The TCP ports of one local cluster, all on 127.0.0.1. */
export interface FlinkPorts {
  readonly rest: number;
  readonly rpc: number;
  readonly blob: number;
  readonly zooKeeper?: number;
}

/** What the configuration of one local cluster is made from. */
export interface ClusterShape {
  readonly release: string;
  readonly dir: string;
  readonly ports: FlinkPorts;
  readonly slots: number;
  /** The user's own keys; they win over everything below. */
  readonly config: Readonly<Record<string, string>>;
}

/** Short enough that a failover takes seconds, long enough for a JVM that waits for one of two busy cores. */
const zooKeeperSessionMillis = 2_000;

/** The effective Flink configuration of a cluster: flat keys, as Flink's documentation writes them. */
export function clusterConfiguration(shape: ClusterShape): Record<string, string> {
  return { ...local(shape), ...storage(shape), ...highAvailability(shape), ...shape.config };
}

function local({ ports, slots }: ClusterShape): Record<string, string> {
  return {
    "jobmanager.rpc.address": "127.0.0.1",
    "jobmanager.rpc.port": String(ports.rpc),
    "jobmanager.bind-host": "127.0.0.1",
    "rest.address": "127.0.0.1",
    "rest.bind-address": "127.0.0.1",
    "rest.port": String(ports.rest),
    "blob.server.port": String(ports.blob),
    "taskmanager.host": "127.0.0.1",
    "taskmanager.bind-host": "127.0.0.1",
    "taskmanager.numberOfTaskSlots": String(slots),
    "parallelism.default": "1",
    // In milliseconds: old releases take no unit here, new ones need none.
    // A killed process is noticed in seconds instead of the default's 20-50 s, and looked for again soon after.
    "heartbeat.interval": "2000",
    "heartbeat.timeout": "20000",
    "cluster.registration.error-delay": "500",
    "cluster.registration.refused-registration-delay": "500",
    "cluster.registration.max-timeout": "2000",
  };
}

function storage({ release, dir }: ClusterShape): Record<string, string> {
  const names = isAtLeast(release, "1.20")
    ? { checkpoints: "execution.checkpointing.dir", savepoints: "execution.checkpointing.savepoint-dir" }
    : { checkpoints: "state.checkpoints.dir", savepoints: "state.savepoints.dir" };
  return {
    "io.tmp.dirs": join(dir, "tmp"),
    // Flink's default is a random directory: uploaded JARs would not survive a restart of the JobManager.
    "web.upload.dir": join(dir, "upload"),
    [names.checkpoints]: fileUri(dir, "checkpoints"),
    [names.savepoints]: fileUri(dir, "savepoints"),
  };
}

function highAvailability({ dir, ports }: ClusterShape): Record<string, string> {
  if (ports.zooKeeper === undefined) return {};
  return {
    "high-availability.type": "zookeeper",
    "high-availability.storageDir": fileUri(dir, "ha"),
    "high-availability.cluster-id": "/local",
    "high-availability.jobmanager.port": String(ports.rpc),
    "high-availability.zookeeper.quorum": `127.0.0.1:${ports.zooKeeper}`,
    "high-availability.zookeeper.client.session-timeout": String(zooKeeperSessionMillis),
    "high-availability.zookeeper.client.connection-timeout": "2000",
    "high-availability.zookeeper.client.retry-wait": "250",
    // Without these a finished job runs again when it is submitted again under the same JobID.
    "job-result-store.delete-on-commit": "false",
    "application-result-store.delete-on-commit": "false",
  };
}

function fileUri(dir: string, name: string): string {
  return `file://${join(dir, name)}`;
}

/**
 * The configuration as a file for `--configDir`. Flink before 1.19 knows only flink-conf.yaml, which is not YAML: no
 * quotes there.
 */
export function configurationFile(
  release: string,
  configuration: Readonly<Record<string, string>>,
): { name: string; text: string } {
  const standard = isAtLeast(release, "1.19");
  const lines = Object.entries(configuration).map(([key, value]) => {
    if (!standard && /[\r\n]/.test(value))
      throw new Error(`${key}: flink-conf.yaml has no multi-line values`);
    return `${key}: ${standard ? JSON.stringify(value) : value}\n`;
  });
  return { name: standard ? "config.yaml" : "flink-conf.yaml", text: lines.join("") };
}

/** zoo.cfg of the one ZooKeeper server of a highly available local cluster. */
export function zooKeeperFile(dir: string, port: number): string {
  return [
    // Sessions expire on multiples of the tick, and no client may ask for less than two ticks.
    `tickTime=${zooKeeperSessionMillis / 10}`,
    "maxSessionTimeout=60000",
    `dataDir=${join(dir, "zookeeper")}`,
    `clientPort=${port}`,
    "clientPortAddress=127.0.0.1",
    "admin.enableServer=false",
    "",
  ].join("\n");
}

/**
 * `-D key=value` arguments of a TaskManager: everything that Flink's shell scripts compute and that a TaskManager started
 * without them needs; it ends without a word otherwise.
 */
export function taskManagerResources(slots: number): string[] {
  const mebibytes = taskManagerMebibytes(slots);
  const values = {
    "taskmanager.cpu.cores": `${slots}.0`,
    "taskmanager.memory.network.min": `${mebibytes.network}m`,
    "taskmanager.memory.network.max": `${mebibytes.network}m`,
    "taskmanager.memory.task.heap.size": `${mebibytes.taskHeap}m`,
    "taskmanager.memory.task.off-heap.size": "0m",
    "taskmanager.memory.framework.heap.size": `${mebibytes.frameworkHeap}m`,
    "taskmanager.memory.framework.off-heap.size": `${mebibytes.frameworkOffHeap}m`,
    "taskmanager.memory.managed.size": "32m",
    "taskmanager.memory.jvm-metaspace.size": "160m",
    "taskmanager.memory.jvm-overhead.min": "192m",
    "taskmanager.memory.jvm-overhead.max": "192m",
  };
  return Object.entries(values).flatMap(([key, value]) => ["-D", `${key}=${value}`]);
}

/** Memory of a TaskManager, in MiB. Network buffers grow with the slots: a full shuffle of all slots must fit. */
export function taskManagerMebibytes(slots: number) {
  return {
    taskHeap: 96 + 16 * slots,
    frameworkHeap: 64,
    network: Math.max(32, 12 * slots),
    frameworkOffHeap: 64,
  };
}
