import type { Condition } from "../api/meta.ts";
import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import type { Reason } from "../api/reasons.ts";
import { DeploymentError } from "./deployment-error.ts";

// What the conditions of an object say of it. Conditions of an earlier generation say nothing.

type Deployed = FlinkCluster | FlinkJob;

/** Of a FlinkCluster that is to be made. */
const refusals: readonly string[] = ["RightMissing", "ObjectRefused"] satisfies Reason[];

/** True: it answers. Undefined: on its way. Throws `DeploymentFailed`. */
export function isReachable(cluster: FlinkCluster): true | undefined {
  if (conditionOf(cluster, "Ready")?.status === "True") return true;
  throwIfStalled(cluster);
  return undefined;
}

/** True: Flink has accepted the job. Undefined: on its way. Throws `DeploymentFailed`. */
export function isAccepted(job: FlinkJob): true | undefined {
  if (conditionOf(job, "Submitted")?.status === "True") return true;
  throwIfStalled(job);
  const ready = conditionOf(job, "Ready");
  if (ready?.status === "True") throw failed(job, ready);
  return undefined;
}

/** Throws `DeploymentFailed` when waiting alone will not help. */
export function throwIfStalled(object: Deployed): void {
  const stalled = conditionOf(object, "Stalled");
  if (stalled?.status === "True") throw failed(object, stalled);
}

/** Throws `DeploymentFailed` when the operator cannot make the job's cluster, and somebody has to do something. */
export function throwIfRefused(job: FlinkJob): void {
  const ready = conditionOf(job, "Ready");
  if (ready && refusals.includes(ready.reason)) throw failed(job, ready);
}

/** How far it is, in words. */
export function progressOf(object: Deployed | undefined): string {
  const ready = object && conditionOf(object, "Ready");
  if (ready) return `${ready.reason}: ${ready.message}`;
  return "no operator has looked at it yet (does one run, for this namespace?)";
}

export function conditionOf({ metadata, status }: Deployed, type: string): Condition | undefined {
  const found = status?.conditions?.find((condition) => condition.type === type);
  return found?.observedGeneration === metadata.generation ? found : undefined;
}

function failed(object: Deployed, { reason, message }: Condition): DeploymentError {
  const jobId = object.kind === "FlinkJob" ? (object as FlinkJob).status?.trigger?.jobId : undefined;
  return new DeploymentError("DeploymentFailed", `${titleOf(object)}: ${message}`, { reason, jobId });
}

export function titleOf({ kind, metadata }: Deployed): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`;
}
