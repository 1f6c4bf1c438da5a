import { hash } from "node:crypto";

const HASH = 8;
/** Names of FlinkJobs become label values, which have 63 characters at the most. */
const CLUSTER = 20;
const TRIGGER = 63 - CLUSTER - HASH - 2;

/**
 * The name of the FlinkJob that is the submission of this trigger ID to this FlinkCluster: the same whoever computes it, told apart
 * by a hash of both, and readable in `kubectl get fj`. Whoever finds it must still compare both: a hash may collide.
 */
export function flinkJobName(cluster: string, triggerId: string): string {
  const digits = hash("sha256", `${cluster}/${triggerId}`, "hex").slice(0, HASH);
  return `${word(cluster, CLUSTER)}-${word(triggerId, TRIGGER)}-${digits}`;
}

/** Small letters, digits and dashes alone, so that it may stand within a name. */
function word(text: string, longest: number): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, longest)
    .replace(/^-+|-+$/g, "");
}
