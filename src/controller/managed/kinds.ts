import type { ClusterObject, Kind } from "../../core/cluster/objects.ts";
import type { Pod } from "../../core/cluster/pods.ts";
import type { KubeObject, Resource } from "../../kube/types.ts";

function kind(name: Kind, group: string, plural: string): Resource<ClusterObject> {
  return { group, version: "v1", kind: name, plural, namespaced: true };
}

/** What a managed cluster is made of, at the API server. */
export const clusterKinds: Readonly<Record<Kind, Resource<ClusterObject>>> = {
  ServiceAccount: kind("ServiceAccount", "", "serviceaccounts"),
  Role: kind("Role", "rbac.authorization.k8s.io", "roles"),
  RoleBinding: kind("RoleBinding", "rbac.authorization.k8s.io", "rolebindings"),
  ConfigMap: kind("ConfigMap", "", "configmaps"),
  Service: kind("Service", "", "services"),
  PodDisruptionBudget: kind("PodDisruptionBudget", "policy", "poddisruptionbudgets"),
  Ingress: kind("Ingress", "networking.k8s.io", "ingresses"),
  Deployment: kind("Deployment", "apps", "deployments"),
};

export const pods: Resource<Pod & KubeObject> = {
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  namespaced: true,
};

/** What a Deployment makes its pods by. */
export const replicaSets: Resource<KubeObject> = {
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  namespaced: true,
};
