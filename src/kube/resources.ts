import { GROUP, VERSION } from "../api/group.ts";
import type { FlinkCluster, FlinkJob, FlinkSavepoint } from "../api/objects.ts";
import type { Resource } from "../kube/types.ts";

export const flinkJobs: Resource<FlinkJob> = {
  group: GROUP,
  version: VERSION,
  kind: "FlinkJob",
  plural: "flinkjobs",
  namespaced: true,
};

export const flinkClusters: Resource<FlinkCluster> = {
  group: GROUP,
  version: VERSION,
  kind: "FlinkCluster",
  plural: "flinkclusters",
  namespaced: true,
};

export const flinkSavepoints: Resource<FlinkSavepoint> = {
  group: GROUP,
  version: VERSION,
  kind: "FlinkSavepoint",
  plural: "flinksavepoints",
  namespaced: true,
};
