import { hash } from "node:crypto";
import type { FlinkCluster } from "../../api/objects.ts";

/** Flink itself takes no longer cluster-id (Constants.MAXIMUM_CHARACTERS_OF_CLUSTER_ID). Characters. */
const LONGEST_ID = 45;
const HASH_DIGITS = 8;
export const REST_PORT = 8081;

/** The names of all that belongs to one deployed cluster. */
export interface ClusterNames {
  /** Flink's `kubernetes.cluster-id`, the value of the label that marks what is ours, and the beginning of every name. */
  clusterId: string;
  jobManager: string;
  taskManager: string;
  rest: string;
}

/**
 * A Service's name may hold fewer characters than a custom resource's. Where the name has to be changed or cut, a hash of the
 * whole keeps namesakes apart.
 */
export function namesOf(name: string): ClusterNames {
  const plain = name.replace(/[^a-z0-9-]/g, "-").replace(/^(?![a-z])/, "f-");
  const cut = plain.slice(0, LONGEST_ID - HASH_DIGITS - 1).replace(/-+$/, "");
  const clusterId = plain === name && name.length <= LONGEST_ID ? name : `${cut}-${digest(name)}`;
  return {
    clusterId,
    jobManager: `${clusterId}-jobmanager`,
    taskManager: `${clusterId}-taskmanager`,
    rest: `${clusterId}-rest`,
  };
}

/** Where the REST API of a deployed cluster answers. With `.svc`, no domain of the outside world can have the same name. */
export function restHost(namespace: string, name: string): string {
  return `${namesOf(name).rest}.${namespace}.svc`;
}

/** Where a FlinkCluster answers: the one place that knows. */
export function urlOf({ metadata, spec }: Pick<FlinkCluster, "metadata" | "spec">): string {
  return spec.url ?? restUrl(metadata.namespace ?? "", metadata.name);
}

/** Where a deployed cluster of this name answers, or would. */
export function restUrl(namespace: string, name: string): string {
  return `http://${restHost(namespace, name)}:${REST_PORT}`;
}

/** Eight hexadecimal digits of a text's SHA-256. */
export function digest(text: string): string {
  return hash("sha256", text, "hex").slice(0, HASH_DIGITS);
}
