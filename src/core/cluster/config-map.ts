import type { ClusterDesign } from "./design.ts";
import { log4jProperties } from "./log4j.ts";
import { type ClusterObject, contentHash, labelsOf } from "./objects.ts";

export const CONFIGURATION = "configuration";

/**
 * What the pods find in Flink's conf folder. Its name carries a hash of the content: pods of an older version keep theirs,
 * and a change of the content is a change of the pod template, which rolls the pods.
 */
export function configMap(design: ClusterDesign, entries: Readonly<Record<string, string>>): ClusterObject {
  const { namespace, names, spec } = design;
  const data = {
    "config.yaml": configYaml(entries),
    "log4j-console.properties": log4jProperties(spec.logging),
  };
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: `${names.clusterId}-config-${contentHash(data)}`,
      namespace,
      labels: labelsOf(names.clusterId, CONFIGURATION),
    },
    data,
  };
}

/** Flat keys, which Flink reads since 1.19; a JSON string is a YAML string. */
function configYaml(entries: Readonly<Record<string, string>>): string {
  return Object.entries(entries)
    .map(([key, value]) => `${/^[\w.-]+$/.test(key) ? key : JSON.stringify(key)}: ${JSON.stringify(value)}\n`)
    .join("");
}
