import { JOB_UID_LABEL } from "../../api/group.ts";
import type { ManagedCluster, Storage } from "../../api/managed-cluster.ts";
import type { FlinkCluster, FlinkJob, FlinkSavepoint } from "../../api/objects.ts";
import { directoryBelow } from "../cluster/design.ts";
import { digest, namesOf, urlOf } from "../cluster/names.ts";
import { perJobDirectory } from "../per-job/naming.ts";

/** A directory of a storage that is to be cleaned, once nobody writes to it any more. */
export interface CleaningTarget {
  namespace: string;
  /** What the pod that cleans it bears as `flinkjob.dev/cluster`: the cluster-id, or the FlinkJob's uid. */
  label: string;
  podName: string;
  storage: Storage;
  /** NAMESPACE/NAME. */
  directory: string;
  keep: "Snapshots" | "Savepoints";
  /** Names below `checkpoints` that stay in any case. */
  needed: readonly string[];
  /** JobIDs that ended here could come again, and Flink is to know them then. */
  keepResults: boolean;
  /** A JobManager has answered: there is something to clean. Else there may be no storage at all. */
  wasUsed: boolean;
  /** What the pod has in common with a JobManager's: where it may run. */
  like: Pick<ManagedCluster, "imagePullSecrets" | "jobManager">;
}

/** What becomes of the storage of something that is deleted. */
export type StorageEnd =
  | { kind: "clean"; target: CleaningTarget }
  /** It is not to be cleaned, or not now. */
  | { kind: "stays" }
  /** Somebody may wonder: why. */
  | { kind: "left"; place: string; why: string };

/** Who may still need what is in a storage: all that the operator follows. */
export interface StorageUsers {
  jobs: readonly FlinkJob[];
  clusters: readonly FlinkCluster[];
  savepoints: readonly FlinkSavepoint[];
}

const NO_VOLUME = "the operator removes files of volumes only";
const MOST_NEEDED = 100;

/** Of a FlinkCluster that is being deleted, whose pods are gone. */
export function storageEndOf(cluster: FlinkCluster, users: StorageUsers): StorageEnd {
  const { managed } = cluster.spec;
  if (!managed) return { kind: "stays" };
  const { namespace = "", name, uid, labels } = cluster.metadata;
  const { clusterId } = namesOf(name);
  // While its FlinkJob is there its JobIDs guard against second runs, and attempts start from each other's state.
  if (users.jobs.some(({ metadata }) => metadata.uid === labels?.[JOB_UID_LABEL])) return { kind: "stays" };
  // Who writes a cluster's spec may name the directory of any FlinkJob there.
  const isOfJob = ({ metadata }: FlinkJob) =>
    metadata.namespace === namespace && perJobDirectory(metadata) === managed.storage.directory;
  if (users.jobs.some(isOfJob)) return { kind: "stays" };
  const directory = directoryBelow(namespace, clusterId, managed.storage);
  const sharers = users.clusters.filter((other) => other.metadata.uid !== uid && uses(other, directory));
  if (sharers.length > 0) return { kind: "stays" };
  const returning = users.jobs.filter((job) => ranOn(job, urlOf(cluster)));
  if (returning.length > 0) {
    const names = returning.map(({ metadata }) => metadata.name).join(", ");
    const why = `FlinkJobs that ran there are still there, and their JobIDs could come again: ${names}`;
    return { kind: "left", place: placeOf(managed.storage, directory), why };
  }
  return endOf(managed.storage, directory, users, {
    namespace,
    label: clusterId,
    podName: `${clusterId}-storage-cleaner`,
    // Who wrote its JobID into a spec can write it again.
    keepResults: managed.application !== undefined && labels?.[JOB_UID_LABEL] === undefined,
    wasUsed: cluster.status?.incarnation !== undefined,
    like: managed,
  });
}

/** Of a FlinkJob that is being deleted and whose clusters are gone: what all of its attempts left. */
export function perJobStorageEndOf({ metadata, spec, status }: FlinkJob, users: StorageUsers): StorageEnd {
  const { perJob } = spec.cluster;
  if (!perJob) return { kind: "stays" };
  const { namespace = "", name, uid = "" } = metadata;
  const { trigger, history = [] } = status ?? {};
  const others = users.jobs.filter((job) => job.metadata.uid !== uid);
  return endOf(
    perJob.storage,
    `${namespace}/${perJobDirectory(metadata)}`,
    { ...users, jobs: others },
    {
      namespace,
      label: uid,
      podName: `${name.replaceAll(".", "-").slice(0, 34)}-${digest(uid)}-storage-cleaner`,
      keepResults: false,
      wasUsed:
        trigger?.acceptedAt !== undefined ||
        (trigger?.sentTo?.incarnation ?? "") !== "" ||
        history.length > 0,
      like: perJob,
    },
  );
}

/** A directory in words. */
export function placeOf({ claimName, hostPath, uri = "" }: Storage, directory: string): string {
  if (claimName !== undefined) return `${directory} of the claim ${claimName}`;
  if (hostPath !== undefined) return `${hostPath.replace(/\/+$/u, "")}/${directory} of the node`;
  return `${uri.replace(/\/+$/u, "")}/${directory}`;
}

function endOf(
  storage: Storage,
  directory: string,
  users: StorageUsers,
  rest: Omit<CleaningTarget, "storage" | "directory" | "keep" | "needed">,
): StorageEnd {
  if (storage.keep === "Everything") return { kind: "stays" };
  if (storage.uri !== undefined) return { kind: "left", place: placeOf(storage, directory), why: NO_VOLUME };
  const needed = neededOf(directory, users);
  const keep = needed.length > MOST_NEEDED ? "Snapshots" : (storage.keep ?? "Snapshots");
  const { imagePullSecrets, jobManager } = rest.like;
  const target: CleaningTarget = {
    ...rest,
    storage,
    directory,
    keep,
    // Those stay anyway.
    needed: keep === "Snapshots" ? [] : needed,
    like: { jobManager, ...(imagePullSecrets ? { imagePullSecrets } : {}) },
  };
  return { kind: "clean", target };
}

/** Names below its `checkpoints` that somebody starts from, or that a FlinkSavepoint names. */
function neededOf(directory: string, { jobs, savepoints }: StorageUsers): string[] {
  const paths = [
    ...jobs.flatMap(({ spec, status }) => [
      spec.savepointPath,
      status?.trigger?.savepointPath,
      status?.restorePoint?.path,
    ]),
    ...savepoints.flatMap(({ spec, status }) => [spec.alreadyExists?.path, status?.path]),
  ];
  const below = `/${directory}/checkpoints/`;
  const names = paths.flatMap((path) => {
    const [, rest] = path?.split(below) ?? [];
    const [name = ""] = rest?.split("/") ?? [];
    // Where jobs have no directories of their own, they share these.
    return name.startsWith("chk-") ? [name, "shared", "taskowned"] : name === "" ? [] : [name];
  });
  return [...new Set(names)].sort();
}

function uses({ metadata, spec }: FlinkCluster, directory: string): boolean {
  const { managed } = spec;
  if (!managed) return false;
  const { clusterId } = namesOf(metadata.name);
  return directoryBelow(metadata.namespace ?? "", clusterId, managed.storage) === directory;
}

/** A trigger that ended there is guarded by what Flink remembers, too. */
function ranOn({ spec, status }: FlinkJob, url: string): boolean {
  return spec.cluster.url === url || status?.trigger?.sentTo?.url === url;
}
