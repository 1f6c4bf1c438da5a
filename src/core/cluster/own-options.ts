import { isAtLeast } from "../configuration/flink-version.ts";
import { applicationOptions, applicationOwner, usualApplicationOptions } from "./application.ts";
import { type ClusterDesign, hasVolume, storageDirectory, UPLOAD_MOUNT } from "./design.ts";
import { processBytes } from "./memory.ts";
import { REST_PORT } from "./names.ts";
import { nativeOptions, nativeOwner } from "./native.ts";

export const RPC_PORT = 6123;
export const BLOB_PORT = 6124;
export const TASK_MANAGER_PORT = 6122;

/** Who sets an option that flinkConfiguration cannot: a field of the spec, or the operator by itself. */
export type Owner = "operator" | `spec.managed.${string}`;

/** Options that decide whether the cluster is found, keeps what it knows, and is one cluster. Keys ending in `.` stand for all below. */
const OWNERS: Readonly<Record<string, Owner>> = {
  "kubernetes.cluster-id": "operator",
  "kubernetes.namespace": "operator",
  "high-availability.type": "operator",
  "high-availability": "operator",
  "high-availability.cluster-id": "operator",
  "high-availability.storageDir": "spec.managed.storage",
  "high-availability.jobmanager.port": "operator",
  "job-result-store.": "operator",
  "application-result-store.": "operator",
  "jobmanager.rpc.address": "operator",
  "jobmanager.rpc.port": "operator",
  "jobmanager.rpc.bind-port": "operator",
  "jobmanager.bind-host": "operator",
  "jobmanager.memory.process.size": "spec.managed.jobManager.resources",
  "taskmanager.host": "operator",
  "taskmanager.bind-host": "operator",
  "taskmanager.rpc.port": "operator",
  "taskmanager.rpc.bind-port": "operator",
  "taskmanager.memory.process.size": "spec.managed.taskManager.resources",
  "taskmanager.numberOfTaskSlots": "spec.managed.taskManager.slots",
  "blob.server.port": "operator",
  "rest.address": "operator",
  "rest.port": "operator",
  "rest.bind-address": "operator",
  "rest.bind-port": "operator",
  "rest.path": "operator",
  "rest.url-prefix": "operator",
  // The operator, the probes and the Service speak plain HTTP.
  "security.ssl.enabled": "operator",
  "security.ssl.rest.enabled": "operator",
  "web.upload.dir": "operator",
};

/** Who sets this option of a cluster, by its own key; undefined: the user may. */
export function ownerOf(key: string, design: ClusterDesign): Owner | undefined {
  if (Object.hasOwn(OWNERS, key)) return OWNERS[key];
  const owner = applicationOwner(key, design.spec.application);
  if (owner !== undefined) return owner;
  const native = nativeOwner(key, design);
  if (native !== undefined) return native;
  const family = Object.keys(OWNERS).find((prefix) => prefix.endsWith(".") && key.startsWith(prefix));
  return family === undefined ? undefined : OWNERS[family];
}

/** What the operator sets. The address of a JobManager is given to its process alone: each has its own. */
export function ownOptions(design: ClusterDesign): Record<string, string> {
  const { namespace, names, spec } = design;
  const directory = storageDirectory(design);
  return {
    "kubernetes.cluster-id": names.clusterId,
    "kubernetes.namespace": namespace,
    "high-availability.type": "kubernetes",
    "high-availability.storageDir": haDirectory(design),
    "high-availability.jobmanager.port": String(RPC_PORT),
    // With these, a JobID that ended is refused for ever: protection is Durable.
    "job-result-store.delete-on-commit": "false",
    ...(isAtLeast(spec.flinkVersion, "2.3") ? { "application-result-store.delete-on-commit": "false" } : {}),
    "jobmanager.rpc.port": String(RPC_PORT),
    "jobmanager.bind-host": "0.0.0.0",
    "jobmanager.memory.process.size": `${processBytes(spec.jobManager.resources, "jobmanager")}b`,
    "taskmanager.bind-host": "0.0.0.0",
    "taskmanager.rpc.port": String(TASK_MANAGER_PORT),
    "taskmanager.memory.process.size": `${processBytes(spec.taskManager.resources, "taskmanager")}b`,
    "taskmanager.numberOfTaskSlots": String(spec.taskManager.slots),
    "blob.server.port": String(BLOB_PORT),
    "rest.bind-address": "0.0.0.0",
    "rest.port": String(REST_PORT),
    // In the storage they outlive the pod, and standby JobManagers have them too.
    "web.upload.dir": hasVolume(design)
      ? `${directory.replace("file://", "")}/upload${ownPart(design)}`
      : UPLOAD_MOUNT,
    ...applicationOptions(design),
    ...nativeOptions(design),
  };
}

/** What the operator sets unless the user does. */
export function standardOptions(design: ClusterDesign): Record<string, string> {
  const directory = storageDirectory(design);
  return {
    // Flink's own 15 s would make a failover take more than 20 s; with these it takes 4 to 6 s.
    "high-availability.kubernetes.leader-election.lease-duration": "4 s",
    "high-availability.kubernetes.leader-election.renew-deadline": "3 s",
    "high-availability.kubernetes.leader-election.retry-period": "1 s",
    "execution.checkpointing.dir": `${directory}/checkpoints`,
    "execution.checkpointing.savepoint-dir": `${directory}/savepoints`,
    ...usualApplicationOptions(design),
  };
}

/**
 * From 2.3 on Flink remembers by one fixed ID that an application has ended: a namesake for another job must not find that.
 * Nor is a session cluster to stumble over what an earlier one of the same FlinkJob left half written.
 */
function haDirectory(design: ClusterDesign): string {
  const { application } = design.spec;
  return `${storageDirectory(design)}/ha${application ? `/${application.jobId}` : ownPart(design)}`;
}

/** What several clusters may not share where they share a directory. */
function ownPart({ names, spec }: ClusterDesign): string {
  return spec.storage.directory === undefined ? "" : `/${names.clusterId}`;
}
