import { type ClusterObjectName, nameOf } from "./changes.ts";
import type { ClusterObject } from "./objects.ts";
import type { Pod } from "./pods.ts";

const MOST_NAMES = 10;
/** By these Flink marks the ConfigMaps of its high availability; nobody owns them. */
export const FLINK_CONFIG_MAPS = (clusterId: string) => `app=${clusterId},type=flink-native-kubernetes`;

export interface DeletedCluster {
  /** FlinkJobs that still name it. */
  users: readonly string[];
  objects: readonly ClusterObject[];
  pods: readonly Pod[];
}

/** The next thing to do for a cluster that is being deleted. */
export type TearDown =
  | { kind: "wait"; reason: "InUse" | "TearingDown"; message: string }
  | { kind: "remove"; objects: readonly ClusterObjectName[]; message: string }
  /** Pods that stay on, since their Deployments went without them (`kubectl delete --cascade=orphan`), unless that was a moment ago. */
  | { kind: "orphans"; pods: readonly Pod[]; message: string }
  /** Pods and rights are gone, so nobody writes what Flink left any more: it goes, and then the FlinkCluster. */
  | { kind: "letGo" };

/** FlinkJobs first, then the pods, then what they needed, at last what Flink left. */
export function tearDown({ users, objects, pods }: DeletedCluster): TearDown {
  if (users.length > 0) return { kind: "wait", reason: "InUse", message: inUse(users) };
  const workloads = objects.filter(({ kind }) => kind === "Deployment");
  if (workloads.length > 0 || pods.length > 0) {
    const left =
      pods.length > 0 ? stillThere(pods.length, "pod") : stillThere(workloads.length, "Deployment");
    const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (workloads.length === 0 && staying.length > 0)
      return { kind: "orphans", pods: staying, message: left };
    return removal(workloads, left);
  }
  if (objects.length > 0) return removal(objects, stillThere(objects.length, "object"));
  return { kind: "letGo" };
}

function removal(objects: readonly ClusterObject[], message: string): TearDown {
  const living = objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (living.length === 0) return { kind: "wait", reason: "TearingDown", message };
  return { kind: "remove", objects: living.map(nameOf), message };
}

function stillThere(count: number, what: string): string {
  return count === 1 ? `1 ${what} is still there.` : `${count} ${what}s are still there.`;
}

function inUse(users: readonly string[]): string {
  const names = [...users].sort();
  const shown = names.slice(0, MOST_NAMES).join(", ");
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  return `FlinkJobs name this cluster and go first: ${shown}${more}.`;
}
