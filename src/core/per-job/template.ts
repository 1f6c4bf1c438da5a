import type { FlinkClusterStatus } from "../../api/flinkcluster.ts";
import type { FlinkCluster } from "../../api/objects.ts";
import { designOf } from "../cluster/design.ts";
import { desiredCluster } from "../cluster/desired.ts";
import { urlOf } from "../cluster/names.ts";
import { clusterConditions } from "../cluster-status.ts";
import type { FindOptions } from "../configuration/catalogue.ts";

/** A FlinkCluster that others are made of (spec.perJob): it has no pods and no address. */
export function isTemplate({ spec }: Pick<FlinkCluster, "spec">): boolean {
  return spec.perJob !== undefined;
}

/** Where all of them answer that do. */
export function urlsOf(clusters: readonly FlinkCluster[]): string[] {
  return [...new Set(clusters.filter((cluster) => !isTemplate(cluster)).map(urlOf))];
}

/** What a template says of itself: what is wrong with each cluster that is made of it is said once, here. Pure. */
export function templateStatus(
  cluster: FlinkCluster,
  findOptions: FindOptions | undefined,
  now: number,
): FlinkClusterStatus | undefined {
  const { metadata, spec } = cluster;
  if (spec.managed === undefined) return undefined;
  const { refusal, configuration } = desiredCluster(
    designOf(metadata.namespace ?? "", metadata.name, spec.managed, { findOptions }),
  );
  const message =
    refusal?.message.replace(/ The pods stay as they are\.$/u, "") ??
    "Each plan that is sent to it gets a cluster of its own.";
  return {
    observedGeneration: metadata.generation ?? 0,
    ...(configuration ? { configuration } : {}),
    conditions: clusterConditions(cluster, now, refusal?.reason ?? "PerJobTemplate", message, {
      ready: refusal ? "False" : "True",
      reconciling: "False",
      stalled: refusal ? "True" : "False",
    }),
  };
}
