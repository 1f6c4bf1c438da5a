import { CONFIGURATION } from "./config-map.ts";
import { covers } from "./covers.ts";
import { type ClusterObject, COMPONENT_LABEL, deploymentOf, hashOf, type Kind } from "./objects.ts";
import { TEMPLATE_ANNOTATION } from "./workloads.ts";

/** Which object. The namespace is the cluster's. */
export interface ClusterObjectName {
  kind: Kind;
  name: string;
}

/** What is to be done to the objects of a cluster, in this order. */
export interface Changes {
  apply: readonly ClusterObject[];
  remove: readonly ClusterObjectName[];
  /** Why the TaskManagers still have their old pods; undefined where nothing is held back. */
  held?: "jobManager" | undefined;
}

/** A Deployment as its controller tells of it. */
export interface DeploymentStatus {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
}

/** What has to change for `live`, all objects that bear the cluster's label, to become `desired`. Nothing in the steady state. */
export function changesOf(desired: readonly ClusterObject[], live: readonly ClusterObject[]): Changes {
  const of = ({ kind, metadata }: ClusterObject) =>
    live.find((object) => object.kind === kind && object.metadata.name === metadata.name);
  const apply = desired.filter((object) => needsApply(object, of(object)));
  const leader = deploymentOf(desired, "jobmanager");
  const follower = deploymentOf(desired, "taskmanager");
  // Both at once would take a job's TaskManagers away while no JobManager looks after it.
  const hold =
    leader !== undefined &&
    follower !== undefined &&
    apply.includes(follower) &&
    replacesPods(follower, of(follower)) &&
    !isSettled(leader, of(leader));
  const settled =
    apply.length === 0 && [leader, follower].every((object) => !object || isSettled(object, of(object)));
  return {
    apply: hold ? apply.filter((object) => object !== follower) : apply,
    remove: live.filter((object) => isSuperfluous(object, desired, settled)).map(nameOf),
    ...(hold ? { held: "jobManager" as const } : {}),
  };
}

function needsApply(wanted: ClusterObject, live: ClusterObject | undefined): boolean {
  return !live || hashOf(live) !== hashOf(wanted) || !covers(live, wanted);
}

/** Whether applying it would replace pods that are there. */
function replacesPods(wanted: ClusterObject, live: ClusterObject | undefined): boolean {
  return live !== undefined && templateHash(live) !== templateHash(wanted);
}

/** All pods of a Deployment are those that are wanted, and available. */
export function isSettled(wanted: ClusterObject, live: ClusterObject | undefined): boolean {
  if (!live || templateHash(live) !== templateHash(wanted)) return false;
  const { replicas = 0 } = wanted.spec as { replicas?: number };
  const status = (live.status ?? {}) as DeploymentStatus;
  return (
    (status.observedGeneration ?? 0) >= (live.metadata.generation ?? 0) &&
    (status.replicas ?? 0) === replicas &&
    (status.updatedReplicas ?? 0) === replicas &&
    (status.availableReplicas ?? 0) === replicas
  );
}

export function hasSettledJobManager(
  desired: readonly ClusterObject[],
  live: readonly ClusterObject[],
): boolean {
  const wanted = deploymentOf(desired, "jobmanager");
  return wanted !== undefined && isSettled(wanted, deploymentOf(live, "jobmanager"));
}

/** Pods of an older version need their configuration until the last of them is replaced. */
function isSuperfluous(object: ClusterObject, desired: readonly ClusterObject[], settled: boolean): boolean {
  if (object.metadata.deletionTimestamp !== undefined) return false;
  const { kind, metadata } = object;
  if (desired.some((wanted) => wanted.kind === kind && wanted.metadata.name === metadata.name)) return false;
  return settled || !(kind === "ConfigMap" && metadata.labels?.[COMPONENT_LABEL] === CONFIGURATION);
}

export function nameOf({ kind, metadata }: ClusterObject): ClusterObjectName {
  return { kind, name: metadata.name };
}

function templateHash({ metadata }: ClusterObject): string | undefined {
  return metadata.annotations?.[TEMPLATE_ANNOTATION];
}
