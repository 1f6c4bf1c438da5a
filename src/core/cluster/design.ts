import type { ManagedCluster, Storage } from "../../api/managed-cluster.ts";
import type { FindOptions } from "../configuration/catalogue.ts";
import type { JarFetcher } from "./jar-fetcher.ts";
import { type ClusterNames, namesOf } from "./names.ts";

/** What a deployed cluster is made from; of a FlinkCluster, or of a FlinkJob that has one of its own. */
export interface ClusterDesign {
  namespace: string;
  names: ClusterNames;
  spec: ManagedCluster;
  /** Without it flinkConfiguration is taken unexamined. */
  findOptions?: FindOptions | undefined;
  /** Without it no JAR is fetched. */
  jarFetcher?: JarFetcher | undefined;
}

/** Where a cluster's files are mounted in its pods. */
export const STORAGE_MOUNT = "/flink/storage";
/** Where uploaded JARs are, unless they are in the storage. */
export const UPLOAD_MOUNT = "/flink/upload";

export function designOf(
  namespace: string,
  name: string,
  spec: ManagedCluster,
  { findOptions, jarFetcher }: Pick<ClusterDesign, "findOptions" | "jarFetcher"> = {},
): ClusterDesign {
  return { namespace, names: namesOf(name), spec, findOptions, jarFetcher };
}

/** The directory of this cluster, as Flink names it: it is shared with nobody but clusters of the same FlinkJob. */
export function storageDirectory({ namespace, names, spec }: ClusterDesign): string {
  const base = spec.storage.uri?.replace(/\/+$/, "") ?? `file://${STORAGE_MOUNT}`;
  return `${base}/${directoryBelow(namespace, names.clusterId, spec.storage)}`;
}

/** The same below the storage: NAMESPACE/NAME. A cluster-id has no dot, what several clusters share has one. */
export function directoryBelow(
  namespace: string,
  clusterId: string,
  { directory = clusterId }: Storage,
): string {
  return `${namespace}/${directory}`;
}

/** Whether the storage is a volume of the pods. */
export function hasVolume({ spec }: ClusterDesign): boolean {
  return spec.storage.uri === undefined;
}
