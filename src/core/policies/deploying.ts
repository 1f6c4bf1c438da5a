import type { Reason } from "../../api/reasons.ts";
import type { TriggerStatus } from "../../api/status.ts";
import type { Verdict } from "../step.ts";
import { pending } from "../triggers.ts";

/** What a managed FlinkCluster says of itself. */
export interface ClusterSays {
  name: string;
  reason?: Reason | undefined;
  message?: string | undefined;
}

/** What it says while it comes to be, and nothing is wrong. */
const ON_ITS_WAY = new Set<Reason | undefined>([
  undefined,
  "Deploying",
  "Rolling",
  "Reachable",
  "ClusterUnreachable",
  "SubmissionDisabled",
]);

/** A managed cluster of which nobody answers yet: it comes to be, or something is wrong, in its own words. */
export function untilDeployed(trigger: TriggerStatus, { name, reason, message = "" }: ClusterSays): Verdict {
  if (!ON_ITS_WAY.has(reason)) {
    const trouble = `FlinkCluster ${name}: ${message}`;
    return { rule: "clusterInTrouble", trigger: pending(trigger, reason!, trouble) };
  }
  const deploys = `FlinkCluster ${name} is being deployed.`;
  return { rule: "clusterDeploys", trigger: pending(trigger, "ClusterDeploying", deploys) };
}
