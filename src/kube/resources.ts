import { GROUP, VERSION } from "../api/group.ts";
import type { FlinkCluster, FlinkJob, FlinkSavepoint } from "../api/objects.ts";
import type { KubeObject, Resource } from "./types.ts";

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

/** A Secret (values in base64) or a ConfigMap. */
export interface DataObject extends KubeObject {
  data?: Record<string, string>;
}

/** Only ever read one by one, each with a right of its own (docs/flink-configuration.md). */
export const secrets: Resource<DataObject> = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
};

export const configMaps: Resource<DataObject> = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
};
