import type { Reason } from "../../api/reasons.ts";
import type { ClusterObjectName } from "../../core/cluster/changes.ts";
import { CLUSTER_LABEL, type ClusterObject, contentHash, hashOf } from "../../core/cluster/objects.ts";
import type { Pod } from "../../core/cluster/pods.ts";
import { FLINK_CONFIG_MAPS } from "../../core/cluster/teardown.ts";
import { FLINK_PODS } from "../../core/storage/cleaner-pod.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isKubeError, type KubeError } from "../../kube/errors.ts";
import { clusterKinds, pods, replicaSets } from "./kinds.ts";

/** The API server, or what it already holds, does not let the cluster be what it should. Carries what the status says. */
export class ClusterRefusal extends Error {
  override readonly name = "ClusterRefusal";
  readonly reason: Reason;
  /** Nothing but a change by somebody will help. */
  readonly stalled: boolean;

  constructor(reason: Reason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.stalled = true;
  }
}

export interface ObjectWriterOptions {
  kube: Pick<KubeClient, "get" | "list" | "apply" | "delete">;
}

/** Where one cluster's objects are. */
export interface ClusterPlace {
  namespace: string;
  clusterId: string;
}

/** Makes, changes and removes the objects of managed clusters. Throws ClusterRefusal, KubeError. */
export class ObjectWriter {
  readonly #kube: ObjectWriterOptions["kube"];
  /** What was applied last to an object, and what that made of it: applying it again could only be in vain. */
  readonly #applied = new Map<string, string>();

  constructor({ kube }: ObjectWriterOptions) {
    this.#kube = kube;
  }

  /** The object as the API server has it now; undefined where there is none. Refuses one that is somebody else's. */
  async read(wanted: ClusterObject, signal: AbortSignal): Promise<ClusterObject | undefined> {
    const { kind, metadata } = wanted;
    const { name, namespace } = metadata;
    try {
      const found = await this.#kube.get(clusterKinds[kind], { namespace, name }, { signal });
      if (isOurs(found, wanted)) return found;
    } catch (error) {
      if (isKubeError(error, "NotFound")) return undefined;
      throw refusalOf(error);
    }
    throw new ClusterRefusal("NameTaken", `The ${kind} ${name} exists and is not this cluster's.`);
  }

  /** Applies what differs; `live` is what is there. True where a request was made. */
  async apply(wanted: ClusterObject, live: ClusterObject | undefined, signal: AbortSignal): Promise<boolean> {
    const { kind, metadata } = wanted;
    const name = `${kind}/${metadata.namespace}/${metadata.name}`;
    const hash = hashOf(wanted) ?? "";
    // Somebody who changes it back with every write of ours must not keep us busy.
    if (live && this.#applied.get(name) === `${hash}@${versionOf(live)}`) return false;
    // An operator that woke up late must not make again what another has taken away.
    const { uid } = live?.metadata ?? {};
    const object = uid === undefined ? wanted : { ...wanted, metadata: { ...metadata, uid } };
    try {
      const result = await this.#kube.apply(clusterKinds[kind], object, { force: true, signal });
      this.#applied.set(name, `${hash}@${versionOf(result)}`);
      return true;
    } catch (error) {
      throw refusalOf(error);
    }
  }

  async remove(
    { namespace }: ClusterPlace,
    { kind, name }: ClusterObjectName,
    signal: AbortSignal,
  ): Promise<void> {
    this.#applied.delete(`${kind}/${namespace}/${name}`);
    // A Deployment stays until its pods are gone: what they need is taken away after that.
    const propagation = kind === "Deployment" ? "Foreground" : "Background";
    try {
      await this.#kube.delete(clusterKinds[kind], { namespace, name }, { propagation, signal });
    } catch (error) {
      if (!isKubeError(error, "NotFound")) throw refusalOf(error);
    }
  }

  /** This very pod: another may have its name by now. */
  async removePod({ metadata }: Pod, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid = "" } = metadata;
    try {
      await this.#kube.delete(pods, { namespace, name }, { preconditions: { uid }, signal });
    } catch (error) {
      if (!isKubeError(error, "NotFound", "Conflict")) throw refusalOf(error);
    }
  }

  /** Pods that no Deployment takes away any more, and first the ReplicaSets that would make others. */
  async removeOrphans(
    { namespace, clusterId }: ClusterPlace,
    orphans: readonly Pod[],
    signal: AbortSignal,
  ): Promise<void> {
    const labelSelector = `${CLUSTER_LABEL}=${clusterId}`;
    try {
      const { items } = await this.#kube.list(replicaSets, { namespace, labelSelector, signal });
      for (const { metadata } of items) {
        const { name = "", uid = "" } = metadata;
        await this.#kube.delete(replicaSets, { namespace, name }, { preconditions: { uid }, signal });
      }
    } catch (error) {
      if (!isKubeError(error, "NotFound", "Conflict")) throw refusalOf(error);
    }
    for (const pod of orphans) await this.removePod(pod, signal);
  }

  /** Whether pods of the cluster are there, by the API server's own word. */
  async hasPods({ namespace, clusterId }: ClusterPlace, signal: AbortSignal): Promise<boolean> {
    const labelSelector = FLINK_PODS(clusterId);
    return (await this.#kube.list(pods, { namespace, labelSelector, limit: 1, signal })).items.length > 0;
  }

  /** Takes away what Flink's high availability left, which nobody owns. */
  async removeFlinkConfigMaps({ namespace, clusterId }: ClusterPlace, signal: AbortSignal): Promise<void> {
    const { ConfigMap } = clusterKinds;
    const labelSelector = FLINK_CONFIG_MAPS(clusterId);
    const { items } = await this.#kube.list(ConfigMap, { namespace, labelSelector, signal });
    for (const { metadata } of items) {
      await this.remove({ namespace, clusterId }, { kind: "ConfigMap", name: metadata.name }, signal);
    }
  }
}

/** Somebody may have taken the label away, and not what we wrote beside it. */
function isOurs({ metadata }: ClusterObject, wanted: ClusterObject): boolean {
  const label = metadata.labels?.[CLUSTER_LABEL];
  return label === undefined
    ? hashOf({ metadata }) !== undefined
    : label === wanted.metadata.labels?.[CLUSTER_LABEL];
}

/** Which state of an object it is: what its own controller reports does not count, where the API server tells that apart. */
function versionOf({ metadata }: ClusterObject): string {
  const { generation, resourceVersion, labels, annotations } = metadata;
  return generation === undefined
    ? (resourceVersion ?? "")
    : `${generation}/${contentHash({ labels, annotations })}`;
}

/** A refusal that stands until somebody acts; other errors as they are. */
function refusalOf(error: unknown): unknown {
  if (!isKubeError(error, "Forbidden", "Invalid", "BadRequest", "TooLarge")) return error;
  if (error.hasCause("NamespaceTerminating")) return error;
  const lacks =
    isKubeError(error, "Forbidden") && /cannot \w+ resource|not currently held/.test(error.message);
  return new ClusterRefusal(lacks ? "RightMissing" : "ObjectRefused", ownWords(error), error);
}

/** What the API server said, without the request, which says nothing to people. */
export function ownWords({ message }: KubeError): string {
  return message.replace(/^[A-Z]+ \S+: /, "");
}
