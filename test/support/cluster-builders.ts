import { API_VERSION } from "../../src/api/group.ts";
import { type ManagedClusterInput, managedCluster } from "../../src/api/managed-cluster.ts";
import type { FlinkCluster } from "../../src/api/objects.ts";
import { type ClusterDesign, designOf } from "../../src/core/cluster/design.ts";
import { desiredCluster } from "../../src/core/cluster/desired.ts";
import type { ClusterObject, Kind } from "../../src/core/cluster/objects.ts";
import { lazyOptions } from "../../src/flink/options/option-catalogue.ts";

/** The least that a managed cluster needs, and a patch. */
export function aManaged(patch: Partial<ManagedClusterInput> = {}) {
  return managedCluster.parse({
    flinkVersion: "2.3",
    image: "flink:2.3",
    storage: { claimName: "flink" },
    ...patch,
  });
}

export const findOptions = lazyOptions();
/** As the operator's options give it. */
export const jarFetcher = { image: "operator:1", args: ["--max-jar-size=1024"] };

/** The cluster "orders" in the namespace "team-a". */
export function aDesign(patch: Partial<ManagedClusterInput> = {}, name = "orders"): ClusterDesign {
  return designOf("team-a", name, aManaged(patch), { findOptions, jarFetcher });
}

export function aManagedCluster(patch: Partial<ManagedClusterInput> = {}): FlinkCluster {
  return {
    apiVersion: API_VERSION,
    kind: "FlinkCluster",
    metadata: { name: "orders", namespace: "team-a", generation: 1 },
    spec: { managed: aManaged(patch) },
  };
}

/** Its objects. */
export const objectsOf = (patch: Partial<ManagedClusterInput> = {}) => desiredCluster(aDesign(patch)).objects;

export function objectOf(objects: readonly ClusterObject[], kind: Kind, name: string): ClusterObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name.startsWith(name));
  if (!found) throw new Error(`There is no ${kind} ${name}`);
  return found;
}

/** As the API server shows them when all pods of the Deployments are there and available. */
export function settled(objects: readonly ClusterObject[]): ClusterObject[] {
  return objects.map((object) => (object.kind === "Deployment" ? available(object) : object));
}

export function available(deployment: ClusterObject, ready?: number): ClusterObject {
  const { replicas } = deployment.spec as { replicas: number };
  const count = ready ?? replicas;
  return {
    ...deployment,
    metadata: { ...deployment.metadata, generation: 1 },
    status: {
      observedGeneration: 1,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: count,
      availableReplicas: count,
    },
  };
}
