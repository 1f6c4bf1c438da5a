import { GROUP } from "../../api/group.ts";
import type { ObjectMeta } from "../../api/meta.ts";
import { canonical } from "../canonical.ts";
import { digest } from "./names.ts";

/** Kinds of objects that a deployed cluster is made of, in the order in which they are made. */
export const KINDS = [
  "ServiceAccount",
  "Role",
  "RoleBinding",
  "ConfigMap",
  "Service",
  "PodDisruptionBudget",
  "Ingress",
  "Deployment",
] as const;
export type Kind = (typeof KINDS)[number];

/** An object of one of the kinds, as it should be or as it is. */
export interface ClusterObject {
  apiVersion: string;
  kind: Kind;
  metadata: ObjectMeta;
  [part: string]: unknown;
}

export type Role = "jobmanager" | "taskmanager";

/** On everything of a deployed cluster: its cluster-id. Never the label `app`, by which Flink marks its own ConfigMaps. */
export const CLUSTER_LABEL = `${GROUP}/cluster`;
export const COMPONENT_LABEL = "app.kubernetes.io/component";
export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";
export const MANAGED_BY = "flinkjob-operator";
/** What the object was when it was last applied. */
export const HASH_ANNOTATION = `${GROUP}/hash`;

export function labelsOf(clusterId: string, component: string): Record<string, string> {
  return {
    "app.kubernetes.io/name": "flink",
    "app.kubernetes.io/instance": clusterId,
    [COMPONENT_LABEL]: component,
    [MANAGED_BY_LABEL]: MANAGED_BY,
    [CLUSTER_LABEL]: clusterId,
  };
}

/** Which pods are those of one role. */
export function selectorOf(clusterId: string, role: Role): Record<string, string> {
  return { [CLUSTER_LABEL]: clusterId, [COMPONENT_LABEL]: role };
}

export function deploymentOf<T extends ClusterObject>(objects: readonly T[], role: Role): T | undefined {
  return objects.find(
    ({ kind, metadata }) => kind === "Deployment" && metadata.labels?.[COMPONENT_LABEL] === role,
  );
}

/** The object with the hash of all that it says. */
export function hashed(object: ClusterObject): ClusterObject {
  const annotations = { ...object.metadata.annotations, [HASH_ANNOTATION]: contentHash(object) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

export function hashOf({ metadata }: Pick<ClusterObject, "metadata">): string | undefined {
  return metadata.annotations?.[HASH_ANNOTATION];
}

/** The same for the same content, whatever the order of members. */
export function contentHash(value: unknown): string {
  return digest(canonical(value));
}
